"""Where the log is looked at for causes: once a source for all wrong tags, not at all where none is wrong, and in time."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from jobs.barrier import Barrier
from jobs.parity_evidence import Explainer
from jobs.parity_sides import HBaseSide
from stores.settings import Settings
from tagging.parity import Stored, compare
from tests.parity_sides import profiles_of, tag

EVENTS = "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) GROUP BY user_id"
TAGS = {"one": tag("one", 1, "integer", EVENTS), "two": tag("two", 1, "integer", EVENTS), "city": tag("city")}
ENDS = {"events": {0: 1}, "cdc.shop.users": {0: 1}, "clock": {0: 1}}


class Message:
    def __init__(self, topic: str) -> None:
        self.topic = topic

    def key(self):
        return b"ann"

    def value(self):
        return orjson.dumps({"minute": 7} if self.topic == "clock" else {"user_id": "ann", "value": 1})

    def partition(self):
        return 0

    def offset(self):
        return 3

    def timestamp(self):
        return 1, 5


def explain(batch: dict[str, int], most_seconds: float = 60):
    read: Counter[str] = Counter()

    def reading(topic, ends=None, last=None):
        read[topic] += 1
        return [Message(topic)]

    held = {name: {"ann": Stored(1, 5, 3)} for name in TAGS}
    store = HBaseSide(profiles_of(TAGS, held))
    parities = {name: compare(name, "hbase", {"ann": batch[name]}, held[name], 100) for name in batch}
    explainer = Explainer(Settings(), Barrier(ENDS, 100), reading, lambda: True, most_seconds)
    explainer.explain([(TAGS[name], parity, store) for name, parity in parities.items()])
    return read, parities


def test_each_source_is_read_once_and_only_the_topics_of_tags_that_are_wrong():
    read, parities = explain({"one": 2, "two": 3, "city": 1})
    assert read == {"events": 1, "clock": 1, "tag.one.v1": 1, "tag.two.v1": 1}
    finding = parities["two"].findings[0]
    assert finding.cause == "version_skew" and finding.evidence["tick_ms"] == 7 * 60_000
    assert finding.evidence["emitted"] == [{"value": 1, "offset": 3, "at_ms": 5}]


def test_nothing_is_read_where_nothing_is_wrong():
    read, _ = explain({"one": 1, "city": 1})
    assert read == {}


def test_a_log_that_takes_too_long_to_read_is_given_up():
    with pytest.raises(TimeoutError, match="more than -1 s"):
        explain({"one": 2}, most_seconds=-1)
