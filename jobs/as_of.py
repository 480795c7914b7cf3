"""A batch run as of a moment of the past: the same text of every tag over what had happened by then, as if it were now.

Events count by when they occurred, so that a log which was filled with a past has one; row changes count by when they were
logged, since what a row was before nobody knows. A row of a window is judged as if it had been logged at that moment: what had
left the window by then is left out, by the same rule that leaves out what had expired when it was logged.
"""

from __future__ import annotations

from tagging.sources import EVENTS
from tagging.windows import MINUTE_MS


def words(source: str, as_of_ms: int | None) -> dict[str, str]:
    """What the moment, None for now, makes of a source's text. Raises ValueError for one that is no whole minute."""
    if as_of_ms is None:
        return {"known": "", "judged_at": "`logged_at`", "clock": "clock"}
    if as_of_ms % MINUTE_MS:
        raise ValueError(f"as of {as_of_ms}: ticks are whole minutes, got {as_of_ms % MINUTE_MS} ms more than one")
    column, moment = ("`occurred_at`", str(as_of_ms)) if source == EVENTS.name else ("`logged_at`", _time(as_of_ms))
    return {
        "known": f"\n    AND {column} <= {moment}",
        "judged_at": _time(as_of_ms),
        "clock": "clock_log",
        "as_of_minute": str(as_of_ms // MINUTE_MS),
    }


def _time(at_ms: int) -> str:
    return f"TO_TIMESTAMP_LTZ({at_ms}, 3)"
