"""The tag that a request is about: its live version, or the one that it names, if its values are for whoever asks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.access.actor import require_sight
from api.errors import ApiError
from api.ports import Registry
from tagging.definition import TagDefinition

MOST_VERSION = 2**31 - 1


class OfVersion(BaseModel):
    """Which version."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=MOST_VERSION, description="Of the tag; without one the live version")


def asked_tag(registry: Registry, name: str, version: int | None) -> TagDefinition:
    """The definition. Raises ApiError where there is none, or its values are not for whoever asks."""
    live = next((tag for tag in registry.tags() if tag.name == name), None)
    is_live = version is None or (live is not None and live.version == version)
    found = live if is_live or version is None else registry.version(name, version)
    if found is None and version is not None:
        raise ApiError(404, "version_not_found", f"Tag {name} has no version {version}")
    if found is None:
        raise ApiError(404, "tag_not_found", f"There is no live tag {name}; /api/v1/tags lists them")
    require_sight([found])
    return found
