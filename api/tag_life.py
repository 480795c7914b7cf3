"""What a person does with a tag's versions: one transition each, written with who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.access.actor import require_sight
from api.actor import actor
from api.errors import ApiError, Problem
from api.ports import Registry, Stores
from api.preconditions import fingerprint, idempotency_key
from api.tag_texts import TextIn, accepted, of_this_name, same_text
from api.times import Clock
from stores.registry.requests import Asked, AskedTwice
from stores.registry.store import Conflict, Entry
from tagging import lifecycle
from tagging.access import strictest
from tagging.definition import TagDefinition
from tagging.dependencies import check_build, check_retire
from tagging.drafting import SameText, drafted, live_before
from tagging.lifecycle import Refused, Tag
from tagging.sight import sight

ATTEMPTS = 5
"""How often a transition is decided anew when somebody else has written the tag meanwhile."""
Transition = Callable[[Tag], tuple[Tag, int]]


class TagLife:
    """Changes of tags in the registry."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._registry: Registry = stores.registry
        self._versions = stores.publishing.versions
        self._policy = stores.publishing.policy
        self._clock = clock

    def find(self, name: str) -> Tag:
        """A tag of the registry. Raises ApiError."""
        found = self.listed(name)
        if found.revision == 0:
            message = f"The built-in tag {name} is not in the registry yet: the controller registers it when it starts"
            raise ApiError(409, "tag_not_registered", message)
        return found

    def listed(self, name: str) -> Tag:
        """A tag of the registry, or a built-in one that is not in it yet: without versions. Raises ApiError."""
        found = self._versions.tag(name)
        if found is not None:
            return found
        for tag in self._registry.tags():
            if tag.name == name:
                return Tag(name, tag.owner, tag.dimension)
        raise ApiError(404, "tag_not_found", f"There is no tag {name}; GET /api/v1/tags lists those that are live")

    def create(self, given: TextIn) -> tuple[Tag, int]:
        """A new tag with a draft. Raises ApiError."""
        definition = accepted(given, self._versions)
        name = definition.name

        def first(known: Tag | None) -> tuple[Tag, int]:
            if known is not None or any(tag.name == name for tag in self._registry.tags()):
                message = f"There is a tag {name} already; POST /api/v1/tags/{name}/versions adds a version"
                raise ApiError(409, "tag_exists", message)
            return drafted(None, definition, actor(), self._clock())

        return self._draft(name, fingerprint("create", definition.name, given.written()), first)

    def add(self, name: str, given: TextIn, revision: int) -> tuple[Tag, int]:
        """The next draft of a tag, as it was at a revision. Raises ApiError."""
        definition = of_this_name(accepted(given, self._versions), name)

        def following(known: Tag | None) -> tuple[Tag, int]:
            tag = known or self.find(name)
            if tag.revision != revision:
                raise _changed(tag)
            self._require_sight_to_show(tag, definition)
            return drafted(tag, definition, actor(), self._clock())

        return self._draft(name, fingerprint("add", name, given.written()), following)

    def _require_sight_to_show(self, tag: Tag, draft: TagDefinition) -> None:
        """Raises ApiError where a draft is for more people than the tag is, and who asks is none of those that the tag is for."""
        held = sight(self._versions.tags(), self._registry.tags())
        now = [found for version in tag.versions[-1:] if (found := held.definition(tag.name, version.version))]
        require_sight(found for found in now if strictest((found.sensitivity, draft.sensitivity)) != draft.sensitivity)

    def approve(self, name: str, version: int) -> Tag:
        """Let a draft be built."""
        return self._change(name, "approve", lambda tag: (lifecycle.approve(tag, version, actor()), version))

    def build(self, name: str, version: int) -> Tag:
        """Ask for a version to be built, proven and switched to."""

        def built(tag: Tag) -> tuple[Tag, int]:
            under_way = lifecycle.build(tag, version, self._clock(), self._policy)
            check_build(self._versions.tags(), name, version)
            return under_way, version

        return self._change(name, "build", built)

    def roll_back(self, name: str) -> Tag:
        """Show readers the version that was live before."""

        def back(tag: Tag) -> tuple[Tag, int]:
            before = live_before(tag)
            if before is None:
                message = f"Tag {name} has no version to roll back to: none was live before, or it is cleaned"
                raise ApiError(409, "nothing_to_roll_back_to", message)
            return lifecycle.roll_back(tag, before.version, self._clock(), self._policy), before.version

        return self._change(name, "rollback", back)

    def retire(self, name: str) -> Tag:
        """Hide a tag from readers."""

        def away(tag: Tag) -> tuple[Tag, int]:
            if tag.live is None:
                raise ApiError(409, "not_live", f"Tag {name} has no live version to retire")
            check_retire(self._versions.tags(), name)
            return lifecycle.retire(tag, tag.live.version, self._clock()), tag.live.version

        return self._change(name, "retire", away)

    def _draft(self, name: str, asks: str, draft: Callable[[Tag | None], tuple[Tag, int]]) -> tuple[Tag, int]:
        """Write a draft once, however often a request with the same key comes."""
        who, key = actor(), idempotency_key()
        if key and (earlier := self._made(who, key, asks)):
            return earlier
        for _ in range(ATTEMPTS):
            try:
                with refusals(name):
                    tag, version = draft(self._versions.tag(name))
                at_ms = self._clock()
                asked = Asked(who, key, asks, name, version, at_ms) if key else None
                return self._versions.save(tag, [Entry(name, version, who, "draft", at_ms)], asked), version
            except AskedTwice:
                # Its twin came between.
                if key and (earlier := self._made(who, key, asks)):
                    return earlier
            except Conflict:
                # What is there now says itself whether the draft still fits.
                continue
        raise _busy(name)

    def _made(self, who: str, key: str, asks: str) -> tuple[Tag, int] | None:
        earlier = self._versions.asked(who, key)
        if earlier is None:
            return None
        if earlier.fingerprint != asks:
            message = "This Idempotency-Key was used for another request; use a new one"
            raise ApiError(409, "idempotency_key_used", message)
        return self.find(earlier.tag), earlier.version

    def _change(self, name: str, what: str, transition: Transition) -> Tag:
        for _ in range(ATTEMPTS):
            with refusals(name):
                tag, version = transition(self.find(name))
                try:
                    return self._versions.save(tag, [Entry(name, version, actor(), what, self._clock())])
                except Conflict:
                    # The transition itself says whether it still may be done.
                    continue
        raise _busy(name)


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """What stands against a change of this tag, as an answer."""
    try:
        yield
    except Refused as error:
        problem = Problem(path="", message=f"{error.what} {error.where}", got=error.got, allowed=error.allowed)
        raise ApiError(409, "not_allowed", str(error), [problem]) from error
    except SameText as error:
        raise same_text(error) from error
    except LookupError as error:
        raise ApiError(404, "version_not_found", str(error)) from error


def _changed(tag: Tag) -> ApiError:
    message = f"Tag {tag.name} was changed since it was read: it is at revision {tag.revision}; read it again"
    return ApiError(412, "tag_changed", message, headers={"ETag": f'"{tag.revision}"'})


def _busy(name: str) -> ApiError:
    return ApiError(409, "tag_busy", f"Tag {name} was written by others {ATTEMPTS} times in a row; try again")
