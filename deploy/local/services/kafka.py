"""Kafka: one node that is broker and controller."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.config import settings_of
from deploy.local.java import java, properties
from deploy.local.layout import HOST, Layout
from deploy.local.parts import class_path
from deploy.local.service import Service

_LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")


def _config(layout: Layout) -> str:
    return str(layout.data("kafka") / "server.properties")


def _prepare(layout: Layout) -> None:
    data = layout.data("kafka")
    broker, controller = layout.port("kafka"), layout.port("kafka-controller")
    values = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{broker}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data / "log"),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "log.retention.ms": "-1",
        # A stack that was left alone for a week goes on where it ended.
        "offsets.retention.minutes": str(365 * 24 * 60),
        "log.cleaner.dedupe.buffer.size": "33554432",
        # A group may ask to hear soon of a member that was killed.
        "group.min.session.timeout.ms": "3000",
    }
    (data / "server.properties").write_text(properties(values))
    if not (data / "log" / "meta.properties").is_file():
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = java(
            class_path("kafka"), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", _config(layout),
            heap_mb=256, layout=layout, service="kafka", options=_LOGGING,
        )  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"formatting Kafka's storage failed: {(done.stdout + done.stderr)[-800:]}")


def _command(layout: Layout) -> list[str]:
    return java(
        class_path("kafka"),
        "kafka.Kafka",
        _config(layout),
        heap_mb=512,
        layout=layout,
        service="kafka",
        options=_LOGGING,
    )


def _healthy(layout: Layout) -> str | None:
    client = AdminClient({"bootstrap.servers": f"{HOST}:{layout.port('kafka')}", "log_level": 0})
    try:
        client.list_topics(timeout=2)
    except KafkaException as error:
        return str(error)
    return None


def _finish(layout: Layout) -> None:
    from stores.kafka import create_topics

    create_topics(settings_of(layout))


KAFKA = Service(
    name="kafka",
    command=_command,
    healthy=_healthy,
    prepare=_prepare,
    finish=_finish,
    ports=("kafka", "kafka-controller"),
)
