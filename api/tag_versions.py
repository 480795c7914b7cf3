"""Tags' versions over HTTP: drafts, builds, approvals, rollbacks, and what is said of them."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint

from api.access.declared import requires
from api.documented import documented, noun
from api.ports import Stores
from api.preconditions import require_json, revision_read
from api.tag_life import TagLife
from api.tag_texts import TextIn
from api.tag_validation import validation
from api.tag_version_models import (
    DiffQuery,
    Impact,
    OpenQuery,
    OpenVersions,
    Progress,
    Validation,
    Version,
    VersionDiff,
    VersionList,
    VersionPath,
    VersionQuery,
)
from api.tag_watch import TagWatch
from api.tags import TagPath
from api.times import Clock
from api.wire import reply
from tagging.access import Role
from tagging.lifecycle import Tag

_NEWEST = VersionQuery()


def _tagged(model: VersionList | Version, tag: Tag, status: int = 200) -> Response:
    response = reply(model, status)
    response.headers["ETag"] = f'"{tag.revision}"'
    if status == 201:
        response.headers["Location"] = f"/api/v1/tags/{tag.name}/versions"
    return response


def texts(routes: APIBlueprint, life: TagLife, watch: TagWatch, stores: Stores) -> None:
    """Add the routes that take a text, and those of the same paths: the library documents a path by one blueprint alone."""
    routes.before_request(require_json)

    @routes.post("", responses=documented({201: Version}, 400, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def create_tag(body: TextIn) -> Response:
        """Register a new tag with a first draft; readers do not see it. Takes an Idempotency-Key"""
        tag, version = life.create(body)
        return _tagged(watch.version(tag, version), tag, 201)

    @routes.post("/validate", responses=documented({200: Validation}, 400, 413, 415, 503))
    @requires(Role.EDITOR, audited=False)
    def validate_tag(body: TextIn) -> Response:
        """Every problem of a text with its line and column, and the text that a form writes. Nothing is registered"""
        return reply(validation(body, stores))

    @routes.post("/<name>/versions", responses=documented({201: Version}, 400, 404, 409, 412, 413, 415, 428, 503))
    @requires(Role.EDITOR)
    def create_version(path: TagPath, body: TextIn) -> Response:
        """Add a draft to a tag; If-Match names the revision that was read. Takes an Idempotency-Key"""
        tag, version = life.add(path.name, body, revision_read("tag"))
        return _tagged(watch.version(tag, version), tag, 201)

    @routes.get("/<name>/versions", responses=documented({200: VersionList}, 404, 503))
    @requires(Role.VIEWER)
    def list_versions(path: TagPath, query: VersionQuery) -> Response:
        """A tag's versions with their texts and who did what, the newest first"""
        listed = watch.list(path.name, query)
        response = reply(listed)
        if listed.revision:
            response.headers["ETag"] = f'"{listed.revision}"'
        return response


def acting(life: TagLife, watch: TagWatch) -> APIBlueprint:
    """The routes that take no body: transitions and reads."""
    routes = noun("tags")
    routes.name = "tag_versions"

    def done(tag: Tag) -> Response:
        return _tagged(watch.page(tag, _NEWEST), tag)

    @routes.get("/<name>/versions/diff", responses=documented({200: VersionDiff}, 404, 409, 503))
    @requires(Role.VIEWER)
    def diff_versions(path: TagPath, query: DiffQuery) -> Response:
        """What differs between two versions, line by line"""
        return reply(watch.diff(path.name, query))

    @routes.get("/<name>/versions/<int:version>/progress", responses=documented({200: Progress}, 404, 409, 503))
    @requires(Role.VIEWER)
    def read_progress(path: VersionPath) -> Response:
        """How far a version is on its way to its readers"""
        return reply(watch.progress(path.name, path.version))

    @routes.get("/<name>/impact", responses=documented({200: Impact}, 404, 503))
    @requires(Role.VIEWER)
    def read_impact(path: TagPath) -> Response:
        """What depends on a tag"""
        return reply(watch.impact(path.name))

    @routes.post("/<name>/versions/<int:version>/approve", responses=documented({200: VersionList}, 404, 409, 503))
    @requires(Role.APPROVER)
    def approve_version(path: VersionPath) -> Response:
        """Let a draft be built; nobody approves what they wrote"""
        return done(life.approve(path.name, path.version))

    @routes.post("/<name>/versions/<int:version>/build", responses=documented({200: VersionList}, 404, 409, 503))
    @requires(Role.EDITOR)
    def build_version(path: VersionPath) -> Response:
        """Have a version built beside the live one, proven, and switched to"""
        return done(life.build(path.name, path.version))

    @routes.post("/<name>/rollback", responses=documented({200: VersionList}, 404, 409, 503))
    @requires(Role.EDITOR)
    def roll_back_tag(path: TagPath) -> Response:
        """Show readers the version that was live before, at once"""
        return done(life.roll_back(path.name))

    @routes.post("/<name>/retire", responses=documented({200: VersionList}, 404, 409, 503))
    @requires(Role.APPROVER)
    def retire_tag(path: TagPath) -> Response:
        """Hide a tag from readers; a rollback shows it again while it is kept"""
        return done(life.retire(path.name))

    return routes


def overall(watch: TagWatch) -> APIBlueprint:
    """The route over all tags."""
    routes = noun("tag-versions")

    @routes.get("", responses=documented({200: OpenVersions}, 503))
    @requires(Role.VIEWER)
    def list_open_versions(query: OpenQuery) -> Response:
        """Versions over all tags that are not live: drafts, and those that are built, ready or failed"""
        return reply(watch.open(query))

    return routes


def blueprints(tags: APIBlueprint, stores: Stores, clock: Clock) -> list[APIBlueprint]:
    """The routes of tags' versions, beside those of `tags`, which get some more."""
    life = TagLife(stores, clock)
    watch = TagWatch(stores, life, clock)
    texts(tags, life, watch, stores)
    return [tags, acting(life, watch), overall(watch)]
