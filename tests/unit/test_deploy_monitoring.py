"""Prometheus rules and the Grafana dashboard: expressions that parse, over metrics and labels that a process really has."""

import json
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import promql_parser
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import jobs.bitmaps
import jobs.erasing.worker  # noqa: F401 - registers the metrics
import stores.metrics  # noqa: F401 - registers the metrics
from api.observed import Meters
from jobs.builtin import JOB_NAME
from tests.deployed import DEPLOY, compose, read_yaml

RULES = read_yaml(DEPLOY / "prometheus" / "rules.yaml")
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "tagstream.json").read_text(encoding="utf-8"))
_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]
EXPRESSIONS = [rule["expr"] for rule in _RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]
FLINK_CLASSES = (
    "org/apache/flink/runtime/metrics/MetricNames.class",
    "org/apache/flink/runtime/checkpoint/DefaultCheckpointStatsTracker.class",
)
SCRAPED = {"job", "instance", "le"}
FLINK_LABELS = {"job_name", "job_id", "host"}


def collectors() -> list[MetricWrapperBase]:
    found = [*REGISTRY._collector_to_names, *Meters().registry._collector_to_names]
    return [each for each in found if isinstance(each, MetricWrapperBase) and each._name.startswith("tagstream")]


@cache
def labels() -> dict[str, set[str]]:
    """Every series name that a process of ours serves, with its labels as Prometheus keeps them."""
    found = {}
    for collector in collectors():
        names = {"exported_job" if name == "job" else name for name in collector._labelnames}
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(collector._type, [""])
        found |= {collector._name + suffix: names for suffix in suffixes}
    return found


@cache
def flink_names() -> set[str]:
    """Names that Flink gives metrics, as its own classes hold them."""
    home = Path(find_spec("pyflink").submodule_search_locations[0])
    [jar] = (home / "lib").glob("flink-dist-*.jar")
    with zipfile.ZipFile(jar) as archive:
        text = b"\n".join(archive.read(name) for name in FLINK_CLASSES)
    return {name.decode() for name in re.findall(rb"(?:num|last)[A-Za-z]+", text)}


def existing() -> set[str]:
    flink = {prefix + name for name in flink_names() for prefix in ("flink_jobmanager_", "flink_jobmanager_job_")}
    return {"up", *(rule["record"] for rule in _RULES if "record" in rule), *labels(), *flink}


def selectors(node: object) -> Iterator[promql_parser.VectorSelector]:
    """The series that an expression reads."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, part, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or []:
        yield from selectors(child)


def read_by(expression: str) -> set[str]:
    return {str(selector.name) for selector in selectors(promql_parser.parse(expression))}


def unknown(expression: str) -> set[str]:
    read = read_by(expression)
    assert read, f"{expression} reads nothing"
    return read - existing()


def labels_that_no_series_has(expression: str) -> set[str]:
    """Labels that an expression groups by or matches, and that none of its series has."""
    named = {name for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for name in re.split(r",\s*", group)}
    named |= set(re.findall(r"[{,]\s*([a-z_]+)\s*(?:=~|!~|!=|=)", expression))
    held = set(SCRAPED)
    for name in read_by(expression):
        held |= FLINK_LABELS if name.startswith("flink_") else labels().get(name, {"exported_job", "route"})
    return named - held


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_reads_only_metrics_and_labels_that_exist(expression):
    assert unknown(expression) == set()
    assert labels_that_no_series_has(expression) == set()


def test_no_name_of_a_metric_escapes_the_walk_over_an_expression():
    for expression in EXPRESSIONS:
        named = set(re.findall(r"(?:tagstream|flink)[_:][A-Za-z_:0-9]+", re.sub(r'"[^"]*"', "", expression)))
        assert named <= read_by(expression)


def test_a_metric_that_no_process_has_is_found():
    assert unknown("sum(rate(tagstream_message_total[5m])) / tagstream_store_up") == {"tagstream_message_total"}
    assert unknown("flink_jobmanager_job_numRestart > 1") == {"flink_jobmanager_job_numRestart"}


def test_a_label_that_no_series_has_is_found():
    assert labels_that_no_series_has("sum by (shop) (tagstream_store_up)") == {"shop"}
    assert labels_that_no_series_has('tagstream_store_up{stores="mysql", exported_job="x"}') == {"stores"}


def test_an_expression_that_is_no_promql_is_refused():
    with pytest.raises(ValueError):
        promql_parser.parse("sum by (rate(tagstream_messages_total[5m])")


def test_every_alert_says_what_to_do():
    alerts = [rule for rule in _RULES if "alert" in rule]
    assert len(alerts) == len({rule["alert"] for rule in alerts}) > 10
    for rule in alerts:
        assert rule["annotations"]["summary"] and rule["annotations"]["action"], rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_what_an_alert_shows_of_a_series_is_one_of_its_labels():
    for rule in _RULES:
        shown = set(re.findall(r"\$labels\.([a-z_]+)", str(rule.get("annotations"))))
        grouped = re.findall(r"by \(([^)]*)\)", rule["expr"])
        held = set(grouped[0].split(", ")) if grouped else {*SCRAPED, "exported_job"}
        for name in read_by(rule["expr"]):
            held |= FLINK_LABELS if name.startswith("flink_") else labels().get(name, set()) if not grouped else set()
        assert shown <= held, rule.get("alert")


def test_the_job_that_is_watched_is_the_built_in_tags():
    watched = {name for rule in _RULES for name in re.findall(r'job_name="([^"]+)"', rule["expr"])}
    assert watched == {JOB_NAME}


def test_every_process_is_scraped():
    services = compose()["services"]
    jobs_of = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    scraped = [target for job in jobs_of for static in job["static_configs"] for target in static["targets"]]
    assert {target.partition(":")[0] for target in scraped} <= services.keys()
    served = {
        f"{name}:9400"
        for name, service in services.items()
        if "9400/metrics" in str(service.get("healthcheck")) and "profiles" not in service
    }
    assert len(served) == 13
    assert served | {"api:5000", "jobmanager:9249", "taskmanager:9249"} == set(scraped)


def test_panels_do_not_overlap():
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
