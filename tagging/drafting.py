"""A text as a tag's next version, and which version a person means who names none."""

from __future__ import annotations

from tagging.definition import TagDefinition
from tagging.lifecycle import Status, Tag, TagVersion
from tagging.synchronise import Change, applied, differences, wanted


class SameText(ValueError):
    """The tag's newest version has this text already."""

    def __init__(self, tag: str, version: int) -> None:
        self.version = version
        super().__init__(f"tag {tag} has this text already, as version {version}")


def drafted(known: Tag | None, definition: TagDefinition, who: str, at_ms: int) -> tuple[Tag, int]:
    """The tag with the definition as its newest draft, and the draft's number. Raises SameText and Refused."""
    [difference] = differences({definition.name: definition}, [known] if known else [], {})
    newest = wanted(known) if known else None
    if newest and difference.change is Change.SAME:
        raise SameText(definition.name, newest.version)
    return applied(difference, definition, known, "", who, at_ms)


def live_before(tag: Tag) -> TagVersion | None:
    """The version that was live last, says something else, and can be live again.

    A move into a shared job makes a version of the same text, which nobody means who wants to go back.
    """
    now = tag.live.text if tag.live else None
    kept = [v for v in tag.versions if v.status is Status.RETIRED and not v.cleaned and v.text != now]
    return max(kept, key=lambda version: version.changed_at_ms, default=None)
