"""Dead letters as rows of ClickHouse: which message, why, and its bytes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.sink import DeadLetter


def columns(letters: Sequence[DeadLetter]) -> Mapping[str, list[Any]]:
    """The columns of `dead_letters`. A message written again replaces itself: it has one place in the log."""
    seen_at = int(time.time() * 1000)
    return {
        "topic": [letter.record.topic for letter in letters],
        "partition": [letter.record.partition for letter in letters],
        "offset": [letter.record.offset for letter in letters],
        "reason": [str(letter.reason) for letter in letters],
        "detail": [letter.detail for letter in letters],
        "payload": [letter.record.value or b"" for letter in letters],
        "logged_at": [letter.record.timestamp_ms for letter in letters],
        "seen_at": [seen_at] * len(letters),
    }
