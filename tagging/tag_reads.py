"""Tags over tags: which version of which other tag a tag reads. The header says it, so that a text means one thing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

VALUE_TYPES: Mapping[str, str] = MappingProxyType(
    {"string": "STRING", "integer": "BIGINT", "decimal": "DECIMAL(18, 4)", "boolean": "BOOLEAN"}
)
"""A tag's type -> the Flink type of its values."""

DECIMAL_STEP = Decimal("0.0001")
MOST_READS = 8
READS_FORM = "write -- reads: lifecycle v1 string, spend_tier_30d v2 string"
_READ = re.compile(rf"([a-z][a-z0-9_]{{0,62}}) v([1-9][0-9]{{0,5}}) ({'|'.join(VALUE_TYPES)})")
_SOURCE = re.compile(r"([a-z][a-z0-9_]{0,62})__v([1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class TagRead:
    """One version of another tag, as a source with the columns user_id and value."""

    tag: str
    version: int
    value_type: str

    def __str__(self) -> str:
        return f"{self.tag} v{self.version} {self.value_type}"

    @property
    def source(self) -> str:
        """The name of its view."""
        return f"{self.tag}__v{self.version}"

    @property
    def columns(self) -> Mapping[str, str]:
        """Column -> Flink type."""
        return {"user_id": "STRING", "value": VALUE_TYPES[self.value_type]}


def value_of_text(text: str, value_type: str) -> Any:
    """A tag's value from its JSON, as a tag that reads it has it: a decimal with all of its digits. None is no value."""
    found = json.loads(text, parse_float=Decimal)
    return Decimal(found).quantize(DECIMAL_STEP) if value_type == "decimal" and found is not None else found


def parse_reads(text: str) -> tuple[TagRead, ...]:
    """The header's `reads`, in order of name. Raises ValueError for text that is no such list, and for a tag named twice."""
    found = []
    for part in text.split(","):
        match = _READ.fullmatch(" ".join(part.split()))
        if not match:
            raise ValueError(f"{part.strip()[:80]!r} is not a tag, its version and its type")
        found.append(TagRead(match[1], int(match[2]), match[3]))
    names = [read.tag for read in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{twice[0]} is read twice; a tag reads one version of another")
    if len(found) > MOST_READS:
        raise ValueError(f"{len(found)} tags are read, at most {MOST_READS} are allowed")
    return tuple(sorted(found))


def parse_tag_source(source: str) -> tuple[str, int] | None:
    """(tag, version) of a tag's source name; None for a source of the catalogue."""
    found = _SOURCE.fullmatch(source)
    return (found[1], int(found[2])) if found else None
