"""What the routes of crowds share: rules read with the live tags and the saved crowds, and refusals in the one shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, Field

from api.access.actor import require_sight
from api.errors import ApiError, Problem, refusal
from api.ports import Stores
from tagging.crowd_normal import expand, fingerprint
from tagging.crowd_parsing import CrowdProblem, CrowdProblems, parse
from tagging.crowd_rules import Rules
from tagging.crowd_sentence import sentence
from tagging.crowds import Rule, tags_in
from tagging.definition import TagDefinition
from tagging.saved_crowds import MAX_CROWDS, CrowdChanged, CrowdExists, CrowdMissing, SavedCrowd, TooManyCrowds


class Sentence(BaseModel):
    """A rule in words."""

    en: str
    zh: str


def refused(problems: list[CrowdProblem]) -> ApiError:
    """A rule's problems as an answer."""
    return refusal(
        [Problem(path=found.path, message=found.message, got=found.got, allowed=found.allowed) for found in problems]
    )


def not_found(name: str) -> ApiError:
    """There is no such crowd."""
    return ApiError(404, "crowd_not_found", f"There is no crowd {name}; GET /api/v1/crowds lists them")


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """What stands against a change of this crowd, as an answer."""
    try:
        yield
    except CrowdProblems as error:
        raise refused(error.problems) from error
    except CrowdExists as error:
        raise ApiError(409, "crowd_exists", f"There is a crowd {name} already; change it, or choose a name") from error
    except CrowdMissing as error:
        raise not_found(name) from error
    except CrowdChanged as error:
        message = f"The crowd {name} was changed since it was read: it is at revision {error.revision}; read it again"
        raise ApiError(412, "crowd_changed", message, headers={"ETag": f'"{error.revision}"'}) from error
    except TooManyCrowds as error:
        raise ApiError(409, "too_many_crowds", f"There are {MAX_CROWDS} crowds; remove one first") from error


class Book:
    """The live tags, and the saved crowds, as they are at one moment."""

    def __init__(self, tags: Iterable[TagDefinition], crowds: Mapping[str, SavedCrowd]) -> None:
        self.tags = {tag.name: tag for tag in tags}
        self.crowds = crowds

    @classmethod
    def open(cls, stores: Stores) -> Book:
        """Read both. Raises Unavailable."""
        return cls(stores.registry.tags(), stores.crowds.all())

    @property
    def versions(self) -> dict[str, int]:
        """Each tag's live version."""
        return {name: tag.version for name, tag in self.tags.items()}

    @property
    def _types(self) -> dict[str, str]:
        return {name: tag.value_type for name, tag in self.tags.items()}

    def read(self, written: Any, path: str = "rule") -> Rule:
        """A rule from JSON. Raises CrowdProblems."""
        return parse(written, self._types, self.crowds.keys(), path)

    def expanded(self, rule: Rule, within: tuple[str, ...] = (), path: str = "rule") -> Rule:
        """A rule with the crowds that it names in place of their names. Raises CrowdProblems."""
        return expand(rule, Rules(self._types, self.crowds), within, path)

    def seen(self, expanded: Rule) -> Rule:
        """The same rule. Raises ApiError where its users would tell values that are not for whoever asks."""
        require_sight(self.tags[name] for name in sorted(tags_in(expanded)) if name in self.tags)
        return expanded

    def find(self, name: str) -> SavedCrowd:
        """A crowd by name. Raises ApiError."""
        if name not in self.crowds:
            raise not_found(name)
        return self.crowds[name]

    def rule_of(self, name: str) -> Rule:
        """A saved crowd's rule, expanded. Raises ApiError, for a rule whose tag is gone as well."""
        saved = self.find(name)
        with refusals(name):
            return self.seen(self.expanded(self.read(saved.rule, f"crowds.{name}.rule"), (name,)))

    def sentence(self, rule: Rule) -> Sentence:
        """A rule in words."""
        titles = {name: tag.title for name, tag in self.tags.items()}
        return Sentence(en=sentence(rule, titles, "en"), zh=sentence(rule, titles, "zh"))

    def fingerprint(self, rule: Rule) -> str:
        """See `tagging.crowd_normal`."""
        return fingerprint(rule)


class Counted(BaseModel):
    """Which state of the bitmaps an answer was counted in."""

    generation: int = Field(description="Answers of one generation agree with each other; 0 before the first")
