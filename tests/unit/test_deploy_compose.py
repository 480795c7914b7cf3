"""The compose file: valid, in step with the local stack, and without a secret."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from deploy.local.layout import Layout
from deploy.local.ports import USUAL_PORTS
from deploy.local.services import ALL
from deploy.local.services.apps import APPS
from deploy.prepare import connector_settings
from stores.settings import Settings

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "deploy" / "compose"
SCHEMA = json.loads((ROOT / "tests" / "data" / "compose" / "compose_spec.json").read_text(encoding="utf-8"))
STEPS = {"prepare", "submit"}
"""They run to their end: no health to ask for."""


def compose() -> dict:
    return YAML(typ="safe").load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))


def pom_versions() -> dict[str, str]:
    text = (ROOT / "deploy" / "local" / "pom.xml").read_text(encoding="utf-8")
    return dict(re.findall(r"<([a-z.]+)\.version>([^<]+)<", text))


def python_version(name: str) -> str:
    found = re.search(rf"^{name}==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def setting_names(model: type[BaseModel] = Settings, prefix: str = "TAGSTREAM_") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        found |= setting_names(field.annotation, f"{prefix}{name.upper()}__") if nested else {prefix + name.upper()}
    return found


def unknown_settings(document: dict) -> set[str]:
    used = {name for service in document["services"].values() for name in service.get("environment", {})}
    return {name for name in used if name.startswith("TAGSTREAM_")} - setting_names()


def apps_that_differ(document: dict) -> set[str]:
    """Names of app processes that have no service, or one that runs another module."""
    wanted = {app.name: ["python", *app.command(Layout("any"))[1:]] for app in APPS}
    return {name for name, command in wanted.items() if document["services"].get(name, {}).get("command") != command}


def versions_that_differ(document: dict) -> set[str]:
    pom, services = pom_versions(), document["services"]
    wanted = {
        "kafka": f"apache/kafka:{pom['kafka']}",
        "connect": f"quay.io/debezium/connect:{pom['debezium']}",
        "clickhouse": "clickhouse/clickhouse-server:" + python_version("chdb-core").rpartition(".")[0],
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted |= {app.name: f"tagstream:{project['version']}" for app in APPS}
    wanted |= {"hbase": f"tagstream-hbase:{project['version']}", "jobmanager": f"tagstream-flink:{project['version']}"}
    differ = {name for name, image in wanted.items() if services[name]["image"] != image}
    jar = services["api"]["environment"]["TAGSTREAM_FLINK__CONNECTOR_JAR"]
    return differ if jar.endswith(f"-{pom['flink.kafka']}.jar") else differ | {"connector"}


def test_the_compose_file_is_valid():
    jsonschema.validate({key: value for key, value in compose().items() if key != "name"}, SCHEMA)


def test_a_key_that_compose_does_not_know_is_found():
    document = compose()
    document.pop("name")
    document["services"]["api"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.validate(document, SCHEMA)


def test_every_variable_is_a_setting():
    assert unknown_settings(compose()) == set()


def test_a_variable_that_is_no_setting_is_found():
    document = compose()
    document["services"]["api"]["environment"]["TAGSTREAM_KAFKA__SERVERS"] = "kafka:9092"
    assert unknown_settings(document) == {"TAGSTREAM_KAFKA__SERVERS"}


def test_every_process_of_the_local_stack_has_its_service():
    assert apps_that_differ(compose()) == set()
    assert {*ALL} - {*compose()["services"]} == {"mariadb", "thrift"}, "MySQL is in one's place, hbase runs the other"


def test_a_process_that_is_missing_or_runs_another_module_is_found():
    document = compose()
    del document["services"]["clock"]
    document["services"]["api"]["command"] = ["python", "-m", "jobs.clock"]
    assert apps_that_differ(document) == {"clock", "api"}


def test_versions_are_those_of_the_local_stack():
    assert versions_that_differ(compose()) == set()
    dockerfile = (COMPOSE / "Dockerfile").read_text(encoding="utf-8")
    assert f"FROM flink:{python_version('apache-flink')}-java17 AS flink" in dockerfile


@pytest.mark.parametrize("service", ["kafka", "connect", "clickhouse", "api"])
def test_a_version_that_drifts_is_found(service):
    document = compose()
    document["services"][service]["image"] += "9"
    assert versions_that_differ(document) == {service}


def test_every_service_has_a_health_check_and_a_limit_of_memory():
    for name, service in compose()["services"].items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert name in STEPS or service["healthcheck"]["test"], name


def test_a_service_starts_after_what_it_waits_for():
    services = compose()["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in STEPS else "service_healthy"
            assert how["condition"] == wanted, f"{name} after {other}"
    stores = {"mysql", "kafka", "connect", "hbase", "clickhouse"}
    assert services["prepare"]["depends_on"].keys() == stores
    assert all("prepare" in services[app.name]["depends_on"] for app in APPS)


def test_no_password_is_in_the_file():
    for name, service in compose()["services"].items():
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key:
                assert re.fullmatch(r"\$\{[A-Z_]+:\?see example\.env\}", value), f"{name}: {key}"


def test_each_password_is_asked_for_in_the_example():
    text = (COMPOSE / "compose.yaml").read_text(encoding="utf-8")
    example = (COMPOSE / "example.env").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE))


def test_only_loopback_is_published():
    for name, service in compose()["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_flink_state_is_where_the_jobs_look_for_it():
    services = compose()["services"]
    assert services["submit"]["environment"]["TAGSTREAM_FLINK__STATE_DIR"] == "file:///state"
    for name in ("submit", "jobmanager", "taskmanager"):
        assert services[name]["volumes"] == ["flink-state:/state"]


def test_hbase_is_configured_as_in_the_local_stack(tmp_path, monkeypatch):
    monkeypatch.setattr(Layout, "data", lambda _self, _name: tmp_path)
    monkeypatch.setattr(Layout, "port", lambda _self, name: USUAL_PORTS[name])
    prepare = ALL["hbase"].prepare
    assert prepare is not None
    prepare(Layout("any"))
    local = (tmp_path / "hbase-site.xml").read_text(encoding="utf-8").replace(str(tmp_path), "/data")
    deployed = (COMPOSE / "hbase" / "hbase-site.xml").read_text(encoding="utf-8")
    properties = [[(p[0].text, p[1].text) for p in ET.fromstring(text)] for text in (local, deployed)]
    assert properties[0] == properties[1]


def test_the_connector_is_that_of_the_local_stack_but_for_the_server():
    differing = json.loads((COMPOSE / "connector.json").read_text(encoding="utf-8"))
    made = connector_settings(differing, Settings())
    assert made["connector.class"] == "io.debezium.connector.mysql.MySqlConnector"
    assert made["table.include.list"] == "shop.users,shop.products,shop.orders"
    assert made["database.password"] == "${env:CDC_PASSWORD}"
    assert made["topic.creation.default.replication.factor"] == "1"
