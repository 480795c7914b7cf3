"""A tag's topic read between two cuts and written to."""

from __future__ import annotations

import time

import pytest

from stores.tag_topics import TagTopics
from tests.kafka_topics import new_topic

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(stack):
    return stack.settings


@pytest.fixture
def topic(settings):
    with new_topic(settings, "corrected", 3) as name:
        yield name


def test_what_is_written_stands_where_it_is_said_to(settings, topic):
    topics = TagTopics(settings)
    places = topics.write(topic, {f"u{number}".encode(): b"1" if number % 2 else None for number in range(30)})
    read = {
        message.key(): ((message.partition(), message.offset()), message.value())
        for message in topics.read(topic, dict.fromkeys(range(3), 0), topics.end([topic])[topic])
    }
    assert {key: place for key, (place, _) in read.items()} == places
    assert {value for _, value in read.values()} == {b"1", None}
    assert len({partition for partition, _ in places.values()}) == 3


def test_between_two_cuts_lies_what_was_written_between_them(settings, topic):
    topics = TagTopics(settings)
    topics.write(topic, {b"u1": b"before"})
    begin, begin_ms = topics.end([topic])[topic], int(time.time() * 1000) + 1
    while time.time() * 1000 <= begin_ms:
        pass
    topics.write(topic, {b"u1": b"between"})
    end = topics.end([topic])[topic]
    topics.write(topic, {b"u1": b"after"})
    assert [message.value() for message in topics.read(topic, begin, end)] == [b"between"]
    assert topics.at([topic], begin_ms) == {topic: begin}
    assert list(topics.read(topic, end, end)) == []
