"""Kafka's topics, and where groups stand in them."""

from __future__ import annotations

import uuid

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from stores import kafka
from stores.identity_log import IdentityLog
from stores.kafka_client import admin
from stores.kafka_reader import KafkaReader
from stores.kafka_results import read_messages
from tagging.identity import Identity, read_identity
from tagging.names import IDENTITIES_TOPIC
from tests.kafka_topics import new_topic

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(stack):
    return stack.settings


@pytest.fixture
def topic(settings):
    """A topic with four partitions and nothing in it."""
    with new_topic(settings, "topics", 4) as name:
        yield name


def config(settings, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    client = admin(settings)
    found = client.describe_configs([resource])[resource].result(30)
    return {name: entry.value for name, entry in found.items()}


def test_source_topics_are_created_once_and_kept_forever_in_the_logs_own_time(settings):
    kafka.create_topics(settings)
    assert kafka.create_topics(settings) == []
    for topic in kafka.source_topics(settings):
        found = config(settings, topic.name)
        assert (found["message.timestamp.type"], found["retention.ms"]) == ("LogAppendTime", "-1")
        assert len(kafka.end_offsets(settings, [topic.name])[topic.name]) == settings.kafka.partitions


def test_a_tags_topic_is_compacted_and_keeps_its_tombstones_for_weeks(settings):
    tag = f"t{uuid.uuid4().hex[:12]}"
    assert kafka.ensure_tag_topics(settings, [(tag, 1), (tag, 2)]) == [f"tag.{tag}.v1", f"tag.{tag}.v2"]
    assert kafka.ensure_tag_topics(settings, [(tag, 1)]) == []
    found = config(settings, f"tag.{tag}.v1")
    assert (found["cleanup.policy"], found["message.timestamp.type"]) == ("compact", "LogAppendTime")
    assert int(found["delete.retention.ms"]) >= 14 * 86_400_000


def test_identities_are_kept_whole_in_one_partition_in_the_logs_own_time(settings):
    log = IdentityLog(settings)
    log.open()
    user_id = uuid.uuid4().hex
    told = [Identity(user_id, canonical, "m", change, 5) for change, canonical in ((1, "b"), (2, user_id))]
    log.tell(told)
    log.tell(told[1:])
    held = [read_identity(message.value()) for message in read_messages(settings, IDENTITIES_TOPIC)]
    assert [each for each in held if each.user_id == user_id] == [*told, told[1]]
    found = config(settings, IDENTITIES_TOPIC)
    kept = (found["cleanup.policy"], found["retention.ms"], found["message.timestamp.type"])
    assert kept == ("delete", "-1", "LogAppendTime")
    assert list(kafka.end_offsets(settings, [IDENTITIES_TOPIC])[IDENTITIES_TOPIC]) == [0]


def test_no_topics_are_created_for_no_tags(settings):
    assert kafka.ensure_tag_topics(settings, []) == []


def test_the_end_moves_with_what_is_written_and_a_key_has_one_partition(settings, topic):
    assert kafka.end_offsets(settings, [topic]) == {topic: {0: 0, 1: 0, 2: 0, 3: 0}}
    producer = kafka.Producer(settings)
    for number in range(10):
        producer.send(topic, str(number).encode(), "one key")
    producer.flush()
    assert sorted(kafka.end_offsets(settings, [topic])[topic].values()) == [0, 0, 0, 10]
    assert kafka.begin_offsets(settings, [topic]) == {topic: {0: 0, 1: 0, 2: 0, 3: 0}}


def test_a_key_goes_where_java_sends_it(settings, topic):
    # Java's DefaultPartitioner over four partitions: (murmur2(b"21") & 0x7fffffff) % 4, with murmur2(b"21") = -973932308.
    producer = kafka.Producer(settings)
    producer.send(topic, b"v", b"21")
    producer.flush()
    ends = kafka.end_offsets(settings, [topic])[topic]
    assert ends[(-973932308 & 0x7FFFFFFF) % 4] == 1


def test_a_group_that_never_committed_stands_nowhere_and_lags_behind_everything(settings, topic):
    producer = kafka.Producer(settings)
    producer.send(topic, b"v")
    producer.flush()
    group = uuid.uuid4().hex
    assert kafka.committed(settings, group, [topic]) == {}
    assert kafka.lag(settings, group, [topic]) == {topic: 1}
    assert kafka.lag(settings, group) == {}


def test_what_a_group_committed_is_seen_and_is_no_lag(settings, topic):
    producer = kafka.Producer(settings)
    for number in range(5):
        producer.send(topic, str(number).encode(), "k")
    producer.flush()
    group = uuid.uuid4().hex
    reader = KafkaReader(settings, group, [topic])
    try:
        records = []
        while len(records) < 5:
            records += reader.read(10, 0.1)
        partition = records[0].partition
        assert reader.commit({(topic, partition): 3})
    finally:
        reader.close()
    assert kafka.committed(settings, group, [topic]) == {topic: {partition: 3}}
    assert kafka.lag(settings, group) == {topic: 2}


def test_a_topic_that_does_not_exist_is_named_with_the_fix(settings):
    with pytest.raises(ValueError, match=r"has no topic no-such-topic; stores\.kafka\.create_topics"):
        kafka.end_offsets(settings, ["no-such-topic"])


def test_examples_have_one_partition_since_their_order_is_part_of_what_is_learned(settings):
    kafka.create_topics(settings)
    assert len(kafka.end_offsets(settings, ["examples"])["examples"]) == 1
    assert len(kafka.end_offsets(settings, ["predictions"])["predictions"]) == settings.kafka.partitions
    assert config(settings, "examples")["cleanup.policy"] == "delete"
