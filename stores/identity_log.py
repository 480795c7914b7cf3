"""The topic of identities: which person each id belongs to, as every source with users is read with it."""

from __future__ import annotations

from collections.abc import Iterable

from stores.kafka import ensure_identities_topic
from stores.kafka_client import Producer
from stores.settings import Settings
from tagging.identity import Identity, identity_message
from tagging.names import IDENTITIES_TOPIC


class IdentityLog:
    """Written by the one process that leads. Every method raises KafkaUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Producer | None = None

    def open(self) -> None:
        """Make the topic where it is missing."""
        ensure_identities_topic(self._settings)

    def tell(self, identities: Iterable[Identity]) -> None:
        """Write them: they are in the log when this returns. The same again changes nothing for readers."""
        if self._producer is None:
            self._producer = Producer(self._settings)
        for each in identities:
            self._producer.send(IDENTITIES_TOPIC, identity_message(each), each.user_id)
        self._producer.flush()
