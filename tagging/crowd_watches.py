"""A crowd that is watched: who is told of, how often, and how far the telling has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_WATCHES = 100
MOST_DAYS = 30
"""Of a rest or a cap: deltas are kept longer."""
HOUR_MS = 3_600_000
NO_LIMIT = 2**32 - 1
NEVER_MS = 2**52
"""Later than any change."""


class Change(StrEnum):
    """What a user did."""

    ENTER = "enter"
    LEAVE = "leave"


@dataclass(frozen=True)
class Policy:
    """Who may enter again. Who leaves is always told of, since whoever was told that it entered must know.

    `never_again`: nobody enters twice. `rest_seconds`: for so long after a user left it does not enter. A user enters at most
    `most_enters` times within `within_hours`. Who is held back enters when its rest is over, if it is in the crowd then.
    """

    never_again: bool = False
    rest_seconds: int = 0
    most_enters: int | None = None
    within_hours: int = 24

    def left_since_ms(self, at_ms: int) -> int:
        """Who left after this rests."""
        return at_ms - self.rest_seconds * 1000 if self.rest_seconds else NEVER_MS

    def entered_since_ms(self, at_ms: int) -> int:
        """Who entered `most_enters` times after this rests."""
        return NEVER_MS if self.most_enters is None else at_ms - self.within_hours * HOUR_MS

    @property
    def by_time(self) -> bool:
        """Whether somebody may enter because time has passed, with nothing new in the crowd."""
        return bool(self.rest_seconds) or self.most_enters is not None


@dataclass(frozen=True)
class Planned:
    """How far a watch's telling has come: its newest batch, agreed on, and whether it lies in the topic.

    `attempt` names the batch's rows. `sequence` is the last one planned, `first_sequence` the first of the batch. `rule` is
    the bound rule of the batch and `rule_version` counts its changes. `told`: the tag versions that this rule and all before it
    asked for, whose values the watch's deltas tell. The totals are of all batches up to this one.
    """

    batch: int = 0
    attempt: str = ""
    generation: int = 0
    first_sequence: int = 1
    sequence: int = 0
    published: bool = True
    rule: str = ""
    rule_version: int = 0
    enters: int = 0
    leaves: int = 0
    enters_total: int = 0
    leaves_total: int = 0
    at_ms: int = 0
    told: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Watch:
    """A crowd that is watched. `id` is another one whenever the crowd is watched anew.

    `dry_run`: batches are planned and counted, and never published. `tells_present`: those who are in the crowd when the watch
    begins enter; else they are taken to be known. `problem`: why nothing can be planned now.
    """

    id: str
    crowd: str
    who: str
    created_at_ms: int
    policy: Policy = Policy()
    dry_run: bool = False
    tells_present: bool = False
    planned: Planned = Planned()
    problem: str = ""


def delta_id(watch: str, sequence: int) -> str:
    """What a consumer knows a repeated delta by: the same for the same delta, whenever and however often it is sent."""
    return f"{watch}-{sequence}"


class WatchMissing(Exception):
    """The crowd is not watched."""


class TooManyWatches(Exception):
    """As many crowds are watched as may be."""
