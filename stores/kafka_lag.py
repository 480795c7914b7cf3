"""How far consumer groups are behind the log, asked again and again over connections that stay open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from stores.kafka_client import admin, create_consumer, unavailable
from stores.settings import Settings

Places = dict[tuple[str, int], int]
"""(topic, partition) -> offset."""


class GroupLags:
    """The lag of some groups. Connects when first asked; not for several threads at once."""

    def __init__(self, settings: Settings, groups: Iterable[str], answer_seconds: float = 5) -> None:
        self._settings = settings
        self._groups = tuple(groups)
        self._answer_seconds = answer_seconds

    @cached_property
    def _client(self) -> AdminClient:
        return admin(self._settings)

    @cached_property
    def _consumers(self) -> Mapping[str, Consumer]:
        # One that never joins its group, to ask for the group's offsets: the AdminClient's way of asking can end the process.
        return {group: create_consumer(self._settings, group) for group in self._groups}

    def read(self) -> dict[str, int]:
        """Messages that each group has not committed, in the topics that it has committed in. Without groups that never did.

        Raises KafkaUnavailable.
        """
        try:
            topics = self._client.list_topics(timeout=self._answer_seconds).topics
            places = [
                TopicPartition(name, number)
                for name in sorted(topics)
                if not name.startswith("__")
                for number in topics[name].partitions
            ]
            committed = {group: self._committed(group, places) for group in self._groups}
            read_topics = {topic for done in committed.values() for topic, _ in done}
            wanted = [place for place in places if place.topic in read_topics]
            ends, begins = self._offsets(wanted, OffsetSpec.latest()), self._offsets(wanted, OffsetSpec.earliest())
        except KafkaException as error:
            raise unavailable(self._settings, "reading the lag of consumer groups", error) from error
        return {group: _behind(done, begins, ends) for group, done in committed.items() if done}

    def _committed(self, group: str, places: list[TopicPartition]) -> Places:
        if not places:
            return {}
        found = self._consumers[group].committed(places, timeout=self._answer_seconds)
        return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}

    def _offsets(self, places: list[TopicPartition], at: OffsetSpec) -> Places:
        if not places:
            return {}
        asked = self._client.list_offsets(dict.fromkeys(places, at), request_timeout=self._answer_seconds)
        return {(place.topic, place.partition): future.result().offset for place, future in asked.items()}


def _behind(done: Places, begins: Places, ends: Places) -> int:
    topics = {topic for topic, _ in done}
    return sum(
        max(0, end - max(done.get(place, 0), begins[place])) for place, end in ends.items() if place[0] in topics
    )
