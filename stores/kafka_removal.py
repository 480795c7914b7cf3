"""Topics that nobody needs any more."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from stores.kafka_client import ANSWER_SECONDS, admin, unavailable
from stores.settings import Settings


def has_topic(settings: Settings, name: str) -> bool:
    """Whether the log has this topic. Raises KafkaUnavailable."""
    try:
        return name in admin(settings).list_topics(timeout=ANSWER_SECONDS).topics
    except KafkaException as error:
        raise unavailable(settings, f"looking for topic {name}", error) from error


def delete_topic(settings: Settings, name: str) -> bool:
    """Delete a topic with all that is in it; whether it was there. Raises KafkaUnavailable."""
    client = admin(settings)
    try:
        client.delete_topics([name], operation_timeout=ANSWER_SECONDS)[name].result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return False
        raise unavailable(settings, f"deleting topic {name}", error) from error
    return True
