"""How long topics keep what is in them, as the log itself says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType

from stores.kafka_client import ANSWER_SECONDS, admin, unavailable
from stores.settings import Settings


def retentions(settings: Settings, topics: Iterable[str]) -> Mapping[str, int | None]:
    """topic -> milliseconds; None: for ever. Topics that do not exist are left out. Raises KafkaUnavailable."""
    client = admin(settings)
    try:
        known = client.list_topics(timeout=ANSWER_SECONDS).topics
        wanted = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics if topic in known]
        found: dict[str, int | None] = {}
        for resource, future in client.describe_configs(wanted).items() if wanted else ():
            kept_ms = int(future.result(ANSWER_SECONDS)["retention.ms"].value)
            found[resource.name] = kept_ms if kept_ms >= 0 else None
        return found
    except KafkaException as error:
        raise unavailable(settings, "asking how long topics keep what is in them", error) from error
