"""The HTTP interface: one blueprint a noun over the stores, and the dashboard's files."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, Response
from flask_openapi3 import Info, OpenAPI

from api import (
    behaviour,
    crowd_hooks,
    crowd_lookalikes,
    crowd_overlap,
    crowd_past,
    crowd_portrait,
    crowd_snapshots,
    crowd_watches,
    crowds,
    dead_letters,
    erased,
    erasures,
    errors,
    events,
    feature_parity,
    health,
    jobs,
    ledger,
    lineage,
    live_profile,
    merges,
    model_learning,
    models,
    observed,
    overview,
    own_paths,
    pages,
    parity,
    past,
    path_rules,
    people,
    predictions,
    queries,
    sources,
    spend_predictions,
    tag_previews,
    tag_versions,
    tags,
    users,
    why,
    wire,
)
from api.access.declared import public
from api.access.wiring import Door
from api.documented import document
from api.learned import LearnedModels
from api.ports import Stores
from api.serving import Serving
from api.times import Clock, now_ms
from prediction import lifetime, pipeline
from stores.settings import Settings, load

VERSION = "0.1.0"
_ABOUT = Info(
    title="Tagstream",
    version=VERSION,
    description="Users' tags, computed live. Times are ISO 8601 UTC; lists are paged by `next` and `cursor`.",
)


def create_app(
    settings: Settings | None = None,
    stores: Stores | None = None,
    clock: Clock = now_ms,
    built_dashboard: Path = pages.BUILT,
    wait: Callable[[float], object] | None = None,
) -> Flask:
    """The application. Without `settings` they are loaded; without `stores` the real ones are used, connected at need.
    `wait` lets so many seconds pass between two looks at a profile that is followed live.

    Raises what `stores.settings.load` raises, and OpenToTheWorld for open access at an address that others reach.
    """
    settings = settings or load()
    if stores is None:
        from api.live.wiring import live_stores

        stores = live_stores(settings)
    app = OpenAPI(
        "api",
        info=_ABOUT,
        doc_ui=False,
        validation_error_model=errors.Error,
        validation_error_callback=errors.refuse,
        static_folder=None,
    )
    app.request_class = errors.JsonRequest
    app.url_rule_class = path_rules.PathRule
    app.config["MAX_CONTENT_LENGTH"] = settings.api.max_body_bytes
    app.url_map.merge_slashes = False
    meters = observed.Meters()
    observed.register(app, meters)
    errors.register(app)
    wire.register(app)
    door = Door(settings, stores.access, clock)
    door.register(app)
    erased.register(app, stores.erasures)
    stores = erased.hiding(people.of_people(stores))
    own_paths.register(app)
    for routes in erasures.blueprints(users.blueprint(stores, clock), stores, clock):
        app.register_api(routes)
    tag_routes = tags.blueprint(stores.registry, stores.statistics, stores.users)
    for routes in (*tag_versions.blueprints(tag_routes, stores, clock), tag_previews.blueprint(stores, clock)):
        app.register_api(routes)
    app.register_api(events.blueprint(stores.events, stores.erasures, settings.api, clock, meters))
    app.register_api(health.blueprint(stores.checks))
    app.register_api(overview.blueprint(stores))
    app.register_api(crowds.blueprint(stores))
    app.register_api(crowd_portrait.blueprint(stores))
    app.register_api(crowd_overlap.blueprint(stores))
    app.register_api(crowd_lookalikes.blueprint(stores, clock))
    app.register_api(crowd_snapshots.blueprint(stores, clock))
    app.register_api(crowd_past.blueprint(stores, clock))
    app.register_api(crowd_watches.blueprint(stores, clock))
    app.register_api(crowd_hooks.blueprint(stores, clock, settings.webhooks.allow_private))
    app.register_api(why.blueprint(stores, clock))
    app.register_api(past.blueprint(stores))
    app.register_api(merges.blueprint(stores, clock))
    app.register_api(live_profile.blueprint(stores, clock, wait))
    app.register_api(behaviour.blueprint(stores, clock))
    app.register_api(lineage.blueprint(stores))
    app.register_api(sources.blueprint())
    app.register_api(lineage.tag_blueprint(stores))
    app.register_api(parity.blueprint(stores.parity, stores.registry, clock))
    app.register_api(ledger.blueprint(stores.ledger, stores.registry, clock))
    app.register_api(queries.blueprint(stores.analysis))
    app.register_api(jobs.blueprint(stores))
    app.register_api(dead_letters.blueprint(stores.operations, clock))
    app.register_api(models.blueprint(stores, clock))
    app.register_api(model_learning.blueprint(stores))
    app.register_api(feature_parity.blueprint(stores))
    serving = Serving(stores.predicting.models, clock, pipeline.from_bytes)
    learned = LearnedModels(stores.predicting.snapshots, clock)
    asked = predictions.blueprint(stores, serving, learned, clock)
    spending = Serving(stores.predicting.models, clock, lifetime.from_bytes)
    app.register_api(spend_predictions.added(asked, stores, spending, clock))
    app.register_blueprint(pages.blueprint(built_dashboard))

    drawing_up = Lock()

    @functools.cache
    def described() -> dict[str, Any]:
        return door.describe(document(app), app)

    @app.route("/api/v1/openapi.json")
    @public
    def openapi() -> Response:
        with drawing_up:
            return app.json.response(described())

    return app
