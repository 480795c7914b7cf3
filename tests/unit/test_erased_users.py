"""Who follows the topic of erasures asks for its end with nothing under way on the connection, and reads only what is new."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from stores import erased_users
from stores.erased_users import ErasedUsers
from stores.settings import Erasure, Settings
from tagging.erasure import Subjects, erasure_message


class Message:
    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes:
        return self._value

    def error(self) -> None:
        return None


class Broker:
    """The topic, and a consumer of it: a fetch of what does not come would keep the next question waiting."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.fetches_from: int | None = None
        self.read: list[int] = []

    def get_watermark_offsets(self, place, timeout):
        assert self.fetches_from is None
        return 0, len(self.log)

    def assign(self, places):
        (place,) = places
        self.fetches_from = place.offset

    def unassign(self):
        self.fetches_from = None

    def consume(self, most, timeout):
        found = [Message(offset, self.log[offset]) for offset in range(self.fetches_from, len(self.log))]
        self.fetches_from = len(self.log)
        self.read += [message.offset() for message in found]
        return found


@pytest.fixture
def broker(monkeypatch):
    found = Broker()
    monkeypatch.setattr(erased_users, "create_consumer", lambda settings, group: found)
    return found


def test_an_erasure_counts_from_the_next_question_on_and_is_read_once(broker):
    secret = "s" * 32
    subjects, erased = Subjects(secret), ErasedUsers(Settings(erasure=Erasure(secret=SecretStr(secret))))
    for number, user_id in enumerate(("ann", "ben")):
        assert user_id not in erased.among(["ann", "ben", "cem"])
        broker.log.append(erasure_message(subjects.of(user_id), number, subjects.fingerprint()))
        assert user_id in erased.among(["ann", "ben", "cem"])
    assert erased.among(["ann", "ben", "cem"]) == {"ann", "ben"}
    assert broker.read == [0, 1]
