"""A rule that stands by itself: without other crowds' names, and with the tag versions that it was read with.

It is what a snapshot keeps: it goes on saying the same when a crowd, or a tag's live version, becomes another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import TypeAdapter

from tagging.behaviour import Point
from tagging.crowds import All, Any_, Behaved, HasTag, HasValue, InRange, Not, Rule, as_json, conditions, tags_in

_POINTS: TypeAdapter[Any] = TypeAdapter(Point)


@dataclass(frozen=True)
class BoundRule:
    """An expanded rule and the version of each tag that it asks for."""

    rule: Rule
    versions: Mapping[str, int]

    @property
    def behaves(self) -> bool:
        """Whether any condition is on behaviour."""
        return any(isinstance(found, Behaved) for found in conditions(self.rule))

    def text(self) -> str:
        """As `read` takes it; equal for equal rules."""
        return orjson.dumps(
            {"rule": as_json(self.rule), "versions": dict(self.versions)}, option=orjson.OPT_SORT_KEYS
        ).decode()


def bind(expanded: Rule, versions: Mapping[str, int]) -> BoundRule:
    """An expanded rule with those of the versions that it asks for."""
    return BoundRule(expanded, {tag: versions[tag] for tag in sorted(tags_in(expanded))})


def read(text: str) -> BoundRule:
    """What `BoundRule.text` wrote."""
    written = orjson.loads(text)
    return BoundRule(_rule(written["rule"]), written["versions"])


def _rule(written: Mapping[str, Any]) -> Rule:
    # Checked when the crowd was saved. Its own limits don't fit here: an expanded rule may be larger than one that is written.
    match written:
        case {"all": parts}:
            return All(tuple(_rule(part) for part in parts))
        case {"any": parts}:
            return Any_(tuple(_rule(part) for part in parts))
        case {"not": part}:
            return Not(_rule(part))
        case {"behaviour": point}:
            return Behaved(_POINTS.validate_python(point))
        case {"tag": tag, "in": values}:
            return HasValue(tag, tuple(values))
        case {"tag": tag, "present": True}:
            return HasTag(tag)
        case {"tag": tag, **bounds}:
            return InRange(tag, **bounds)
    raise ValueError(f"not a rule that stands by itself: {sorted(written)}")
