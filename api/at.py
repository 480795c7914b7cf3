"""A time in the past, as requests name it: `at`, ISO 8601 with a zone; without it, now."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.documented import Iso
from api.errors import invalid
from api.times import Clock, iso, parse_iso


class At(BaseModel):
    """When."""

    model_config = ConfigDict(extra="forbid")

    at: Iso | None = Field(None, max_length=40, description="A time, such as 2026-01-31T09:30:00Z; now when left out")

    def ms(self, clock: Clock) -> int:
        """The time in epoch milliseconds. Raises ApiError for what is no time, and for one that has yet to come."""
        now_ms = clock()
        if self.at is None:
            return now_ms
        try:
            at_ms = parse_iso(self.at)
        except ValueError:
            raise invalid(
                "at", "is no time", got=self.at, allowed="ISO 8601 with a zone, 2026-01-31T09:30:00Z"
            ) from None
        if not 0 <= at_ms <= now_ms:
            raise invalid("at", "lies outside of time", got=self.at, allowed=f"from 1970 to now, {iso(now_ms)}")
        return at_ms
