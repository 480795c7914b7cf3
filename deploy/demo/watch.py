"""What the demo sees over the API: the tags with their counts, and one user whose tags change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

ANSWER_SECONDS = 10


class ApiProblem(Exception):
    """The API did not answer, or answered with an error; the text says where and what."""


class ApiReader:
    """Reads the API."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The JSON of one GET below /api/v1. Raises ApiProblem."""
        url = f"{self.base_url}/api/v1/{path}"
        try:
            answer = self._session.get(url, params=parameters, timeout=ANSWER_SECONDS)
        except requests.RequestException as problem:
            raise ApiProblem(f"GET {url}: {type(problem).__name__}") from problem
        if not answer.ok:
            raise ApiProblem(f"GET {url}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def tags(self) -> list[TagCount]:
        """Every tag with its count."""
        items = self.get("tags")["items"]
        return [TagCount(item["name"], item["dimension"], item["users"], item["last_changed_at"]) for item in items]

    def profile(self, user_id: str) -> Profile:
        """One user's tags."""
        found = self.get(f"users/{quote(user_id, safe='')}")
        return Profile(user_id, {tag["tag"]: (tag["value"], tag["since"]) for tag in found["tags"]})

    def profiles(self, prefix: str, limit: int) -> list[Profile]:
        """The tags of the first users whose ids begin with `prefix`."""
        return [self.profile(item["user_id"]) for item in self.get("users", search=prefix, limit=limit)["items"]]


@dataclass(frozen=True)
class TagCount:
    """A tag, how many users have a value of it, and when one last changed (ISO 8601, or None)."""

    name: str
    dimension: str
    users: int
    last_changed_at: str | None


@dataclass(frozen=True)
class Profile:
    """A user's tags: name -> (value, since when in ISO 8601)."""

    user_id: str
    tags: Mapping[str, tuple[Any, str]]

    @property
    def changed_at(self) -> str:
        """When the newest of the tags changed; empty without tags."""
        return max((since for _, since in self.tags.values()), default="")


def changed_tags(before: Iterable[TagCount], after: Iterable[TagCount]) -> list[str]:
    """The names of tags whose values changed between two looks."""
    known = {tag.name: tag for tag in before}
    return [tag.name for tag in after if known.get(tag.name) != tag and tag.last_changed_at]


@dataclass
class Followed:
    """One user over time, and what changed in their tags: the newest first, as (tag, before, after)."""

    profile: Profile | None = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    quiet_looks: int = 0

    def look(self, profile: Profile) -> None:
        """Take in the user's tags as they are now."""
        if self.profile is None or self.profile.user_id != profile.user_id:
            self.profile, self.changes, self.quiet_looks = profile, [], 0
            return
        before, after = self.profile.tags, profile.tags
        fresh = [
            (tag, before.get(tag, (None, ""))[0], after.get(tag, (None, ""))[0])
            for tag in sorted({*before, *after})
            if before.get(tag, (None, ""))[0] != after.get(tag, (None, ""))[0]
        ]
        self.quiet_looks = 0 if fresh else self.quiet_looks + 1
        self.changes = (fresh + self.changes)[:8]
        self.profile = profile


def liveliest(profiles: Iterable[Profile]) -> Profile | None:
    """The user whose tags changed last, or None when nobody has a tag."""
    return max((p for p in profiles if p.tags), key=lambda p: (p.changed_at, len(p.tags)), default=None)
