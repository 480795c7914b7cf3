"""Prometheus rules and the Grafana dashboard: expressions that parse, over metrics that a process really has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
from prometheus_client import REGISTRY
from ruamel.yaml import YAML

import stores.metrics  # noqa: F401 - registers the metrics
from api.observed import Meters

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
RULES = YAML(typ="safe").load((DEPLOY / "prometheus" / "rules.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "tagstream.json").read_text(encoding="utf-8"))
_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]
EXPRESSIONS = [rule["expr"] for rule in _RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def existing() -> set[str]:
    """Every series name that a process of ours serves, and those that the rules record."""
    found = {"up", *(rule["record"] for rule in _RULES if "record" in rule)}
    for registry in (REGISTRY, Meters().registry):
        for family in registry.collect():
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
            found |= {family.name + suffix for suffix in suffixes}
    return found


def selectors(node: object) -> Iterator[str]:
    """Names of the series that an expression reads."""
    name = getattr(node, "name", None)
    if isinstance(node, promql_parser.VectorSelector):
        yield str(name)
        return
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, part, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or []:
        yield from selectors(child)


def unknown(expression: str) -> set[str]:
    read = set(selectors(promql_parser.parse(expression)))
    assert read, f"{expression} reads nothing"
    return read - existing()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_reads_only_metrics_that_exist(expression):
    assert unknown(expression) == set()


def test_no_name_of_a_metric_escapes_the_walk_over_an_expression():
    for expression in EXPRESSIONS:
        named = set(re.findall(r"tagstream[_:][a-z_:0-9]+", re.sub(r'"[^"]*"', "", expression)))
        assert named <= set(selectors(promql_parser.parse(expression)))


def test_a_metric_that_no_process_has_is_found():
    assert unknown("sum(rate(tagstream_message_total[5m])) / tagstream_store_up") == {"tagstream_message_total"}


def test_an_expression_that_is_no_promql_is_refused():
    with pytest.raises(ValueError):
        promql_parser.parse("sum by (rate(tagstream_messages_total[5m])")


def test_every_alert_says_what_to_do():
    for rule in _RULES:
        if "alert" in rule:
            assert rule["annotations"]["summary"] and rule["annotations"]["action"], rule["alert"]
            assert rule["labels"]["severity"] in ("warning", "critical")


def test_every_process_is_scraped():
    services = YAML(typ="safe").load((DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    scraped = [t for job in YAML(typ="safe").load(text)["scrape_configs"] for s in job["static_configs"] for t in s["targets"]]
    assert {target.partition(":")[0] for target in scraped} <= services.keys()
    for name, service in services.items():
        if "9400/metrics" in str(service.get("healthcheck")) and "profiles" not in service:
            assert f"{name}:9400" in scraped
    assert "api:5000" in scraped


def test_panels_do_not_overlap():
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
