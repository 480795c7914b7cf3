"""A topic of one test alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import NewTopic

from stores.kafka_client import admin
from stores.settings import Settings


@contextmanager
def new_topic(settings: Settings, prefix: str, partitions: int) -> Iterator[str]:
    """Its name; it is deleted at the end."""
    name = f"{prefix}-{uuid.uuid4().hex}"
    client = admin(settings)
    client.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
    yield name
    client.delete_topics([name])[name].result(30)
