"""How far groups that read the log from its beginning have come, up to where it ended at some time."""

from __future__ import annotations

from collections.abc import Mapping

from stores import kafka
from stores.settings import Settings


def passed(settings: Settings, groups: Mapping[str, str], cut_at_ms: int) -> tuple[int, int]:
    """(messages up to the cut, how many of them the groups have committed). `groups`: group -> the topic that it reads.

    What was deleted from the log counts as passed. Raises ValueError for a topic that does not exist, KafkaUnavailable.
    """
    topics = sorted(set(groups.values()))
    begins, cuts = kafka.begin_offsets(settings, topics), kafka.offsets_at(settings, topics, cut_at_ms)
    messages = done = 0
    for group, topic in groups.items():
        places = kafka.committed(settings, group, [topic]).get(topic, {})
        for partition, cut in cuts[topic].items():
            begin = begins[topic][partition]
            messages += max(0, cut - begin)
            done += max(0, min(cut, places.get(partition, begin)) - begin)
    return messages, done
