"""Erased users are not shown from the moment that somebody asks for it: the one place that hides them from readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Flask, request

from api.erasure_ports import Erasures
from api.errors import ApiError
from api.ports import CrowdUsers, Member, NumberedUser, Profiles, ProfileValue, Stores, TagStatistics, UserList

T = TypeVar("T")
After = TypeVar("After", int, str)


@dataclass(frozen=True)
class _Hiding:
    """A store's other methods as they are."""

    store: Any
    erasures: Erasures

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _page(
        self,
        fetch: Callable[[After, int], Sequence[T]],
        user_of: Callable[[T], str],
        place_of: Callable[[T], After],
        after: After,
        limit: int,
    ) -> list[T]:
        """A page as long as it would be if there were no erased users: short only where there are no more."""
        found: list[T] = []
        while (wanted := limit - len(found)) > 0:
            page = fetch(after, wanted)
            hidden = self.erasures.among(map(user_of, page))
            found += [item for item in page if user_of(item) not in hidden]
            if len(page) < wanted:
                break
            after = place_of(page[-1])
        return found


class _Profiles(_Hiding):
    def read(self, user_id: str) -> Sequence[ProfileValue]:
        """See `api.ports.Profiles`."""
        return () if self.erasures.among([user_id]) else self.store.read(user_id)

    def read_many(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[ProfileValue]]:
        """See `api.ports.Profiles`."""
        erased = self.erasures.among(user_ids)
        shown = self.store.read_many([user_id for user_id in user_ids if user_id not in erased])
        return {user_id: shown.get(user_id, ()) for user_id in user_ids}


class _Users(_Hiding):
    def search(self, prefix: str, after: str, limit: int) -> Sequence[NumberedUser]:
        """See `api.ports.UserList`."""

        def fetch(after: str, limit: int) -> Sequence[NumberedUser]:
            return self.store.search(prefix, after, limit)

        return self._page(fetch, lambda user: user.user_id, lambda user: user.user_id, after, limit)


class _Statistics(_Hiding):
    def members(self, tag: str, version: int, value: Any | None, after: int, limit: int) -> Sequence[Member]:
        """See `api.ports.TagStatistics`."""

        def fetch(after: int, limit: int) -> Sequence[Member]:
            return self.store.members(tag, version, value, after, limit)

        return self._page(fetch, lambda user: user.user_id, lambda user: user.user_no, after, limit)


class _CrowdUsers(_Hiding):
    def members(self, rule: Any, versions: Any, generation: int, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """See `api.ports.CrowdUsers`."""

        def fetch(after: int, limit: int) -> Sequence[tuple[int, str]]:
            return self.store.members(rule, versions, generation, after, limit)

        return self._page(fetch, lambda user: user[1], lambda user: user[0], after, limit)


def hiding(stores: Stores) -> Stores:
    """The same stores, in which nobody finds an erased user by name or in a list."""
    erasures = stores.erasures
    profiles: Profiles = _Profiles(stores.profiles, erasures)
    users: UserList = _Users(stores.users, erasures)
    statistics: TagStatistics = _Statistics(stores.statistics, erasures)
    crowd_users: CrowdUsers = _CrowdUsers(stores.crowd_users, erasures)
    return replace(stores, profiles=profiles, users=users, statistics=statistics, crowd_users=crowd_users)


def register(app: Flask, erasures: Erasures) -> None:
    """Let nobody read a path that names an erased user. After the door: it tells nothing to who may not come in."""

    @app.before_request
    def refuse() -> None:
        user_id = (request.view_args or {}).get("user_id")
        if user_id is not None and request.method in ("GET", "HEAD") and erasures.among([user_id]):
            raise ApiError(404, "user_erased", "This user was erased, or is being erased")
