"""The log: the topics that Tagstream needs, where they end, where groups stand in them, and who writes and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from tenacity import retry, retry_if_exception, retry_if_exception_type, stop_after_delay, wait_fixed

from stores.kafka_client import ANSWER_SECONDS, KafkaUnavailable, Producer, admin, create_consumer, unavailable
from stores.settings import Settings
from tagging.names import (
    CLOCK_TOPIC,
    CROWD_DELTAS_TOPIC,
    ERASURES_TOPIC,
    EVENTS_TOPIC,
    EXAMPLES_TOPIC,
    IDENTITIES_TOPIC,
    PREDICTIONS_TOPIC,
    REGISTRY_TOPIC,
    SIGNALS_TOPIC,
    cdc_topic,
    tag_topic,
)
from tagging.sources import SCORES, tables

NEW_TOPIC_SECONDS = 3

__all__ = [
    "ANSWER_SECONDS",
    "KafkaUnavailable",
    "Offsets",
    "Producer",
    "Topic",
    "begin_offsets",
    "committed",
    "create_consumer",
    "create_topics",
    "end_offsets",
    "ensure_tag_topics",
    "lag",
    "source_topics",
]

Offsets = dict[str, dict[int, int]]
"""topic -> partition -> offset."""

_DAY_MS = 24 * 60 * 60 * 1000

# The log is what every value is computed from, again and again: it is kept for as long as nobody decides otherwise.
# Times are the broker's, so that "too far ahead" and "how late" do not depend on a writer's clock.
_LOG_CONFIG = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "cleanup.policy": "delete"}
# The truth is in MySQL: a message says that there is something to read, and nobody reads an old one.
_REGISTRY_CONFIG = {"cleanup.policy": "delete", "retention.ms": str(_DAY_MS)}
_DELTAS_CONFIG = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
    "retention.ms": str(30 * _DAY_MS),
}
# Made of the log, and made again from it when a model begins to learn. A learner that was away longer begins with what is left.
_EXAMPLES_CONFIG = {**_LOG_CONFIG, "retention.ms": str(90 * _DAY_MS)}
_TAG_CONFIG = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "compact",
    # The active segment is never compacted: small ones, or a tag that changes rarely is never folded at all.
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(_DAY_MS),
    "min.cleanable.dirty.ratio": "0.3",
    # A sink that was down must still meet the tombstones: they outlive any outage shorter than this.
    "delete.retention.ms": str(30 * _DAY_MS),
}


# Never forgotten: a user that came back by a replay in ten years would be back.
_ERASURES_CONFIG = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "compact",
}


@dataclass(frozen=True)
class Topic:
    """A topic as Tagstream creates it. `partitions`: as many as are configured where None."""

    name: str
    config: Mapping[str, str]
    partitions: int | None = None


ERASURES = Topic(ERASURES_TOPIC, _ERASURES_CONFIG, partitions=1)
# Whole, as the log is: a value as of a moment rests on who was one person then, which compaction would forget.
IDENTITIES = Topic(IDENTITIES_TOPIC, _LOG_CONFIG, partitions=1)


def source_topics(settings: Settings) -> tuple[Topic, ...]:
    """The topics that sources and the clock are written to."""
    shop = settings.mysql.shop_database
    names = [*(source.name for source in tables()), SCORES.name]
    names = (EVENTS_TOPIC, CLOCK_TOPIC, *(cdc_topic(name, shop) for name in names))
    forgets = (EVENTS_TOPIC, cdc_topic(SCORES.name, shop))
    return tuple(Topic(name, _answers_config(settings) if name in forgets else _LOG_CONFIG) for name in names)


def _answers_config(settings: Settings) -> Mapping[str, str]:
    """Of what users did and what was said of them: kept as long as was decided."""
    days = settings.kafka.events_retention_days
    return _LOG_CONFIG if days is None else {**_LOG_CONFIG, "retention.ms": str(days * _DAY_MS)}


def create_topics(settings: Settings) -> list[str]:
    """Create the topics of sources, clock, identities, registry, predictions, examples, deltas and erasures where missing.

    Those that were created.
    A topic that exists is left as it is. Raises KafkaUnavailable.
    """
    more = (
        Topic(REGISTRY_TOPIC, _REGISTRY_CONFIG),
        Topic(SIGNALS_TOPIC, _REGISTRY_CONFIG, partitions=1),
        Topic(PREDICTIONS_TOPIC, _answers_config(settings)),
        Topic(CROWD_DELTAS_TOPIC, _DELTAS_CONFIG),
        Topic(EXAMPLES_TOPIC, _EXAMPLES_CONFIG, partitions=1),
        ERASURES,
        IDENTITIES,
    )
    return _create(settings, (*source_topics(settings), *more))


def ensure_tag_topics(settings: Settings, tags: Iterable[tuple[str, int]]) -> list[str]:
    """Create the topics of these (tag, version) where they are missing: compacted to each user's newest."""
    return _create(settings, [Topic(tag_topic(tag, version), _TAG_CONFIG) for tag, version in tags])


def ensure_erasures_topic(settings: Settings) -> list[str]:
    """Create the topic of erasures where it is missing. Raises KafkaUnavailable."""
    return _create(settings, [ERASURES])


def ensure_identities_topic(settings: Settings) -> list[str]:
    """Create the topic of identities where it is missing. Raises KafkaUnavailable."""
    return _create(settings, [IDENTITIES])


def _create(settings: Settings, topics: Iterable[Topic]) -> list[str]:
    kafka = settings.kafka
    wanted = [
        NewTopic(topic.name, topic.partitions or kafka.partitions, kafka.replication, config=dict(topic.config))
        for topic in topics
    ]
    if not wanted:
        return []
    created = []
    # Its answers come only while the client is held.
    client = admin(settings)
    for name, future in client.create_topics(wanted, operation_timeout=ANSWER_SECONDS).items():
        try:
            future.result(ANSWER_SECONDS)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise unavailable(settings, f"creating topic {name}", error) from error
    return created


@retry(
    # A broker answers of a topic that was just made as of one that does not exist.
    retry=retry_if_exception_type(ValueError),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(NEW_TOPIC_SECONDS),
    reraise=True,
)
def _places(
    client: AdminClient | confluent_kafka.Consumer, topics: list[str] | None, settings: Settings
) -> list[TopicPartition]:
    cluster = client.list_topics(timeout=ANSWER_SECONDS)
    names = sorted(set(topics) if topics is not None else (name for name in cluster.topics if name[:2] != "__"))
    missing = [name for name in names if name not in cluster.topics]
    if missing:
        raise ValueError(
            f"kafka at {settings.kafka.bootstrap_servers} has no topic {', '.join(missing)}; "
            "stores.kafka.create_topics makes the sources' topics, ensure_tag_topics a tag's"
        )
    return [TopicPartition(name, number) for name in names for number in sorted(cluster.topics[name].partitions)]


def end_offsets(settings: Settings, topics: Iterable[str]) -> Offsets:
    """Where each partition of these topics ends: the offset that the next message will get.

    Raises ValueError for a topic that does not exist, KafkaUnavailable.
    """
    return _listed(settings, topics, OffsetSpec.latest())


def begin_offsets(settings: Settings, topics: Iterable[str]) -> Offsets:
    """The first offset that each partition of these topics still holds. Raises as `end_offsets`."""
    return _listed(settings, topics, OffsetSpec.earliest())


def offsets_at(settings: Settings, topics: Iterable[str], at_ms: int) -> Offsets:
    """Where each partition of these topics ended at a time, epoch ms by the log's clock. Raises as `end_offsets`."""
    names = list(topics)
    found, ends = _listed(settings, names, OffsetSpec.for_timestamp(at_ms)), end_offsets(settings, names)
    # A partition without a message since then has no offset for the time.
    return {
        topic: {partition: offset if offset >= 0 else ends[topic][partition] for partition, offset in places.items()}
        for topic, places in found.items()
    }


def _listed(settings: Settings, topics: Iterable[str], at: OffsetSpec) -> Offsets:
    client, names = admin(settings), list(topics)
    try:
        return _ask_offsets(client, _places(client, names, settings), at)
    except KafkaException as error:
        raise unavailable(settings, "reading the offsets of topics", error) from error


_PASSING = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
)

# A topic has no leader, and a group no coordinator, in their first moments.
_while_settling = retry(
    retry=retry_if_exception(lambda error: isinstance(error, KafkaException) and error.args[0].code() in _PASSING),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(ANSWER_SECONDS),
    reraise=True,
)


@_while_settling
def _ask_offsets(client: AdminClient, wanted: list[TopicPartition], at: OffsetSpec) -> Offsets:
    found: Offsets = {}
    if wanted:
        asked = client.list_offsets(dict.fromkeys(wanted, at), request_timeout=ANSWER_SECONDS)
        for place, future in asked.items():
            found.setdefault(place.topic, {})[place.partition] = future.result(ANSWER_SECONDS).offset
    return found


def committed(settings: Settings, group: str, topics: Iterable[str] | None = None) -> Offsets:
    """What a group has committed: the next offset it will read, by topic and partition. Only partitions with a commit.

    `topics`: all that exist when None. Raises ValueError for a topic that does not exist, KafkaUnavailable.
    """
    # Not the AdminClient: its list_consumer_group_offsets ends the process (librdkafka #5040) when the group's
    # coordinator is moving, as it is in a cluster's first seconds. This consumer never joins the group.
    consumer = create_consumer(settings, group)
    try:
        places = _places(consumer, None if topics is None else list(topics), settings)
        found: Offsets = {}
        for place in _ask_committed(consumer, places) if places else ():
            if place.offset >= 0:
                found.setdefault(place.topic, {})[place.partition] = place.offset
        return found
    except KafkaException as error:
        raise unavailable(settings, f"reading the offsets of group {group}", error) from error
    finally:
        consumer.close()


@_while_settling
def _ask_committed(consumer: confluent_kafka.Consumer, places: list[TopicPartition]) -> list[TopicPartition]:
    return consumer.committed(places, timeout=ANSWER_SECONDS)


def lag(settings: Settings, group: str, topics: Iterable[str] | None = None) -> dict[str, int]:
    """Messages in the log that a group has not committed yet, by topic.

    `topics`: those the group should read, counted from their beginning where nothing is committed; without it, the
    topics that it has committed in. Raises ValueError for a topic that does not exist, KafkaUnavailable.
    """
    done = committed(settings, group, topics)
    names = set(done if topics is None else topics)
    ends, begins = end_offsets(settings, names), begin_offsets(settings, names)
    return {
        name: sum(
            max(0, end - max(done.get(name, {}).get(partition, 0), begins[name][partition]))
            for partition, end in ends[name].items()
        )
        for name in names
    }
