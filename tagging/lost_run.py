"""What a run of a job said after the checkpoint that the next run went on from, and the next run did not say again.

A restarted job says what changes against its checkpoint. A value that came and went between the checkpoint and the failure was
said by the run that was lost; the new run may take both changes in one step and say nothing. The lost run's value would be the
log's last word for ever: a row whose order was placed and cancelled in that time would still count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from tagging.log_message import LogMessage


class Said(NamedTuple):
    """A key's last word and where it stands in its partition. `value`: the message's, None for a tombstone."""

    offset: int
    value: bytes | None


def unrepeated(messages: Iterable[LogMessage], again_from_ms: int) -> dict[bytes, Said]:
    """By key, what was said last before `again_from_ms` (epoch ms, the log's clock) and not spoken of since.

    `messages`: all of the topic from the checkpoint on, each partition's in order.
    """
    found: dict[bytes, Said] = {}
    for message in messages:
        key = message.key()
        if key is None:
            continue
        if message.timestamp()[1] >= again_from_ms:
            found.pop(key, None)
        else:
            found[key] = Said(message.offset(), message.value())
    return found


def said_again(messages: Iterable[LogMessage]) -> set[bytes]:
    """The keys that these messages speak of."""
    return {key for message in messages if (key := message.key()) is not None}


def user_of(key: bytes) -> str:
    """The user whose value has this key: it is the id, as it stands."""
    return key.decode("utf-8")


def value_of(message: bytes | None) -> Any:
    """The value that a message gives its user; None for a tombstone."""
    return None if message is None else orjson.loads(message)["value"]


def message_of(key: bytes, value: Any) -> bytes | None:
    """The message that gives the key's user this value; a tombstone for None."""
    return None if value is None else orjson.dumps({"user_id": user_of(key), "value": value})


def outdone(messages: Iterable[LogMessage], ours: Mapping[bytes, tuple[int, int]]) -> dict[bytes, Said]:
    """Keys whose correction came after a newer word of the job, with that word: it has to be said again.

    `messages`: all since the last look, our corrections among them; `ours`: where those stand, key -> (partition, offset).
    """
    found: dict[bytes, Said] = {}
    for message in messages:
        key = message.key()
        if key in ours and (message.partition(), message.offset()) != ours[key]:
            found[key] = Said(message.offset(), message.value())
    return {key: said for key, said in found.items() if said.offset < ours[key][1]}
