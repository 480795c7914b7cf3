"""A Kafka log in memory: topics, consumer groups, members that come and go. Passes the contract of the real reader."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from itertools import count

from stores.kafka_reader import Place, Record

PARTITIONS = 4


class MemoryLog:
    """Topics and what groups have committed in them. Time is a counter of milliseconds."""

    def __init__(self) -> None:
        self.topics: dict[str, list[list[Record]]] = {}
        self.committed: dict[str, dict[Place, int]] = {}
        self.members: dict[str, list[MemoryReader]] = {}
        self._now_ms = count(1_780_000_000_000)

    def create(self, topic: str, partitions: int = PARTITIONS) -> None:
        """A new topic; its groups share it out among their members."""
        self.topics[topic] = [[] for _ in range(partitions)]
        for group in self.members:
            self.share_out(group)

    def send(self, topic: str, key: bytes, value: bytes | None) -> Record:
        """One message, in the partition of its key."""
        partition = zlib.crc32(key) % len(self.topics[topic])
        held = self.topics[topic][partition]
        record = Record(topic, partition, len(held), key, value, next(self._now_ms))
        held.append(record)
        return record

    def reader(self, group: str, topics: Sequence[str]) -> MemoryReader:
        """A new member of a group."""
        member = MemoryReader(self, group, topics)
        self.members.setdefault(group, []).append(member)
        self.share_out(group)
        return member

    def leave(self, member: MemoryReader) -> None:
        """The member is gone, by itself or killed; the others take over what it had."""
        if member in self.members[member.group]:
            self.members[member.group].remove(member)
            member.owned = {}
            self.share_out(member.group)

    def share_out(self, group: str) -> None:
        """Give every partition to one member. A member reads a partition that is new to it from where the group committed."""
        members = self.members[group]
        shares: dict[MemoryReader, set[Place]] = {member: set() for member in members}
        places = [(topic, part) for topic in sorted(self.topics) for part in range(len(self.topics[topic]))]
        for number, place in enumerate(places):
            wanting = [member for member in members if member.wants(place[0])]
            if wanting:
                shares[wanting[number % len(wanting)]].add(place)
        done = self.committed.setdefault(group, {})
        for member, share in shares.items():
            member.owned = {place: member.owned.get(place, done.get(place, 0)) for place in share}


class MemoryReader:
    """A member of a group, with the interface of KafkaReader."""

    def __init__(self, log: MemoryLog, group: str, topics: Sequence[str]) -> None:
        self.log = log
        self.group = group
        self.owned: dict[Place, int] = {}
        self.waited_seconds = 0.0
        self._patterns = [re.compile(topic if topic.startswith("^") else re.escape(topic)) for topic in topics]

    def wants(self, topic: str) -> bool:
        """Whether the member subscribed to this topic."""
        return any(pattern.fullmatch(topic) for pattern in self._patterns)

    def read(self, most: int, linger_seconds: float, idle_seconds: float = 1.0) -> list[Record]:
        found: list[Record] = []
        for place, offset in self.owned.items():
            part = self.log.topics[place[0]][place[1]][offset : offset + most - len(found)]
            self.owned[place] = offset + len(part)
            found += part
        return found

    def wait(self, seconds: float) -> None:
        self.waited_seconds += seconds

    def commit(self, places: Mapping[Place, int]) -> bool:
        done = self.log.committed[self.group]
        done.update({place: offset for place, offset in places.items() if place in self.owned})
        return True

    def lags(self) -> dict[Place, int]:
        return {place: len(self.log.topics[place[0]][place[1]]) - offset for place, offset in self.owned.items()}

    def close(self) -> None:
        self.log.leave(self)


class MemoryPlacedReader(MemoryReader):
    """A reader with the interface of PlacedReader: it begins where it is told to."""

    def __init__(self, log: MemoryLog, group: str, topic: str) -> None:
        super().__init__(log, group, [topic])
        self._topic = topic
        log.committed.setdefault(group, {})
        log.members.setdefault(group, [])

    def begin_at(self, offsets: Mapping[int, int]) -> None:
        self.owned = {(self._topic, part): offsets.get(part, 0) for part in range(len(self.log.topics[self._topic]))}
