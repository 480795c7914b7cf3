"""What the routes of crowds take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from api.crowd_book import Counted, Sentence
from api.cursor import Cursor
from api.documented import Iso

MAX_PAGE = 500

NAME = r"^[a-z][a-z0-9_]{0,62}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
RESERVED_NAMES = frozenset({"estimate"})
"""The API has paths of its own in these places, so that such a crowd could not be read there."""


def _free(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError("is a path of the API; choose another name")
    return name


NewName = Annotated[
    Name,
    AfterValidator(_free),
    WithJsonSchema({"type": "string", "pattern": NAME, "not": {"enum": sorted(RESERVED_NAMES)}}),
]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
RuleJson = Annotated[
    dict[str, Any],
    Field(
        description=(
            'A tree: {"all": [...]}, {"any": [...]}, {"not": ...}, {"crowd": "name"}, {"tag": "t", "in": [...]}, '
            '{"tag": "t", "present": true}, or {"tag": "t", "at_least"|"above": 1, "at_most"|"below": 9}'
        )
    ),
]


class CrowdPath(BaseModel):
    """Which crowd."""

    name: Name


class RuleIn(BaseModel):
    """A rule that is not saved."""

    model_config = ConfigDict(extra="forbid")

    rule: RuleJson


class CrowdChange(RuleIn):
    """What a saved crowd becomes."""

    title: Title


class CrowdIn(CrowdChange):
    """A new crowd."""

    name: NewName


class PageQuery(BaseModel):
    """Which members."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class Estimate(Counted):
    """What a rule takes now."""

    users: int
    users_total: int
    sentence: Sentence
    fingerprint: str = Field(description="The same for rules that say the same")
    built_at: Iso = Field(description="The users' values are those of this time")


class CrowdSummary(BaseModel):
    """A saved crowd."""

    name: str
    title: str
    revision: int = Field(description="Also the ETag; changes name it in If-Match")
    sentence: Sentence | None = Field(description="null where the rule no longer fits the tags and crowds there are")
    problem: str | None = Field(description="Why it does not")
    fingerprint: str
    owner: str = Field(description="Who saved it first; empty for one that was saved before crowds had owners")
    changeable: bool = Field(description="Whoever asks may change and remove it: the owner, approvers and admins may")
    updated_at: Iso


class CrowdList(BaseModel):
    """All saved crowds in order of name."""

    items: list[CrowdSummary]


class CrowdDetail(CrowdSummary):
    """A saved crowd with its rule."""

    rule: RuleJson
    created_at: Iso
    used_by: list[str] = Field(description="Crowds whose rules name this one")


class CrowdMember(BaseModel):
    """A user of a crowd."""

    user_id: str
    user_no: int


class CrowdMembers(Counted):
    """A page of a crowd's users in order of their numbers."""

    items: list[CrowdMember]
    users: int = Field(description="All of them")
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")
