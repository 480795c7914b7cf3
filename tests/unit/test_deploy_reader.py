"""The user of other tools: what it may read is what is documented, the same wherever it is made."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from stores.clickhouse import statements
from stores.settings import ClickHouse
from tagging.queries.views import VIEWS

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
USER = "tagstream_reader"
READS = {f"GRANT SELECT ON {ClickHouse().database}.{view}" for view in VIEWS}


@pytest.fixture(scope="module")
def xml() -> ElementTree.Element:
    return ElementTree.parse(DEPLOY / "clickhouse" / "reader.xml").getroot()


@pytest.fixture(scope="module")
def sql() -> list[str]:
    return statements((DEPLOY / "clickhouse" / "reader.sql").read_text())


def test_it_may_read_the_documented_views_and_nothing_else(xml, sql):
    assert {query.text for query in xml.iterfind(f"users/{USER}/grants/query")} == READS
    granted = {line.removesuffix(f" TO {USER}") for line in sql if line.startswith("GRANT")}
    assert granted == READS


def test_both_ways_to_make_it_set_the_same_limits(xml, sql):
    profile = xml.find(f"profiles/{USER}")
    in_xml = {}
    for setting in profile:
        if setting.tag == "constraints":
            continue
        bounds = profile.find(f"constraints/{setting.tag}")
        if bounds is None:
            said = ""
        elif bounds.find("const") is not None:
            said = " CONST"
        else:
            said = f" MIN {bounds.findtext('min')} MAX {bounds.findtext('max')}"
        in_xml[setting.tag] = setting.text + said
    (made,) = [text for text in sql if text.startswith("CREATE SETTINGS PROFILE")]
    pairs = (line.strip().split(" = ", 1) for line in made.partition("SETTINGS\n")[2].split(","))
    assert {name: value.replace("'", "") for name, value in pairs} == in_xml
    assert all(int(low) >= 1 for low in re.findall(r"MIN (\d+)", made)), "0 is no limit"


def test_its_password_is_asked_for_and_not_written_down(xml):
    password = xml.find(f"users/{USER}/password")
    assert (password.text, password.get("from_env")) == (None, "CLICKHOUSE_READER_PASSWORD")
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]
    for name in ("clickhouse", "grafana"):
        assert (
            compose[name]["environment"]["CLICKHOUSE_READER_PASSWORD"]
            == "${CLICKHOUSE_READER_PASSWORD:?see example.env}"
        )
    assert "../clickhouse/reader.xml:/etc/clickhouse-server/users.d/reader.xml:ro" in compose["clickhouse"]["volumes"]


def test_grafana_reads_as_this_user(xml):
    file = DEPLOY / "grafana" / "provisioning" / "datasources" / "clickhouse.yaml"
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    assert source["jsonData"]["username"] == xml.find("users")[0].tag
    assert source["jsonData"]["defaultDatabase"] == ClickHouse().database
    assert source["secureJsonData"] == {"password": "$CLICKHOUSE_READER_PASSWORD"}
