"""A topic read from end to end, up to given ends, or its newest messages alone."""

from __future__ import annotations

import confluent_kafka
import pytest

from stores.kafka_client import client_options
from stores.kafka_results import read_messages
from tests.kafka_topics import new_topic

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(stack):
    return stack.settings


@pytest.fixture
def topic(settings):
    """Twenty messages in each of two partitions, and an empty third one."""
    with new_topic(settings, "read", 3) as name:
        producer = confluent_kafka.Producer(client_options(settings.kafka))
        for number in range(20):
            for partition in (0, 1):
                producer.produce(name, str(number).encode(), partition=partition)
        assert producer.flush(30) == 0
        yield name


def offsets(messages) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for message in messages:
        assert message.value() == str(message.offset()).encode()
        found.setdefault(message.partition(), []).append(message.offset())
    return found


def test_every_message_is_read_once_in_order_of_its_partition(settings, topic):
    assert offsets(read_messages(settings, topic)) == {0: list(range(20)), 1: list(range(20))}


def test_what_lies_behind_the_given_ends_is_not_read(settings, topic):
    assert offsets(read_messages(settings, topic, {0: 3, 1: 20, 2: 0})) == {0: [0, 1, 2], 1: list(range(20))}
    assert offsets(read_messages(settings, topic, {0: 0, 1: 0, 2: 0})) == {}


def test_the_newest_before_the_ends_alone_are_read(settings, topic):
    assert offsets(read_messages(settings, topic, {0: 10, 1: 2, 2: 0}, last=3)) == {0: [7, 8, 9], 1: [0, 1]}
