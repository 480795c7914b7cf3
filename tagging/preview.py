"""What a draft would change, from the values that it and the live version give the same users at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

TOP_VALUES = 50
BINS = 20
EXAMPLES = 10
NUMERIC = ("integer", "decimal")


def compared(draft: Mapping[str, Any], live: Mapping[str, Any], value_type: str) -> dict[str, Any]:
    """Both as user_id -> value, users without one left out. Bounded: the most frequent values, bins, a few users by name."""
    gained, lost = sorted(draft.keys() - live.keys()), sorted(live.keys() - draft.keys())
    counts, live_counts = Counter(draft.values()), Counter(live.values())
    # True and 1 are one key in Python, but a tag's values are all of one type.
    ranked = sorted(counts.keys() | live_counts.keys(), key=lambda value: (-counts[value], -live_counts[value], value))
    return {
        "users": len(draft),
        "live_users": len(live),
        "gained": len(gained),
        "lost": len(lost),
        "changed": sum(1 for user, value in draft.items() if user in live and live[user] != value),
        "gained_examples": gained[:EXAMPLES],
        "lost_examples": lost[:EXAMPLES],
        "values": [
            {"value": value, "users": counts[value], "live_users": live_counts[value]} for value in ranked[:TOP_VALUES]
        ],
        "values_left_out": max(0, len(ranked) - TOP_VALUES),
        "bins": _bins([*draft.values()], [*live.values()]) if value_type in NUMERIC else None,
    }


def _bins(draft: Sequence[float], live: Sequence[float]) -> list[dict[str, Any]]:
    numbers = [*draft, *live]
    if not numbers:
        return []
    low, high = float(min(numbers)), float(max(numbers))
    bins = BINS if low < high else 1
    width = (high - low) / bins

    def places(values: Sequence[float]) -> Counter[int]:
        return Counter(min(int((value - low) / width), bins - 1) if width else 0 for value in values)

    counts, live_counts = places(draft), places(live)
    return [
        {
            "low": low + width * place,
            "high": high if place == bins - 1 else low + width * (place + 1),
            "users": counts[place],
            "live_users": live_counts[place],
        }
        for place in range(bins)
    ]
