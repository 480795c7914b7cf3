"""`python -m jobs.models`: train models, put versions into use, score users. Scheduled by DolphinScheduler, or by hand."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jobs import live_tags
from jobs.crowds import PresentRules
from jobs.models import (
    definitions,
    features,
    importing,
    lookalikes,
    parity_command,
    refusals,
    scoring,
    spending,
    training,
)
from jobs.models.command import Json, Name, clear_errors, opened_registry
from jobs.models.told import measures
from jobs.process import wall_ms
from jobs.tables import show
from prediction import lifetime as lifetimes
from prediction import pipeline as pipelines
from prediction.definition import ModelDefinition, parse_model
from prediction.lookalike import lines_of
from prediction.lookalike_tag import score_tag
from prediction.promotion import require_better_than_chance, require_live
from stores import logs, user_numbers
from stores.clickhouse import ClickHouseClient, connect
from stores.features import FeatureStore
from stores.kafka import Producer
from stores.lookalikes import LookalikePeople
from stores.models.registry import Model, ModelRegistry, ModelVersion
from stores.purchases import PurchaseStore
from stores.registry.store import TagRegistry
from stores.settings import Settings, load
from tagging.access import strictest
from tagging.names import source_topic

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.command("parity")(parity_command.parity)


def _definition(name: str, registry: ModelRegistry) -> tuple[ModelDefinition, str]:
    file = Path(name)
    if file.suffix == ".toml":
        text = file.read_text(encoding="utf-8")
        return parse_model(text, file.stem), text
    held = registry.model(name)
    text = definitions.builtin().get(name) or (held.definition if held else None)
    if text is None:
        known = sorted({*definitions.builtin(), *(model.name for model in registry.models())})
        raise LookupError(f"there is no model {name}; there are {', '.join(known)}")
    return parse_model(text, name), text


def _newest_tick_ms(store: FeatureStore | PurchaseStore) -> int:
    found = store.newest_tick_ms()
    if found is None:
        raise LookupError("the log has no tick yet; start the clock (`python -m jobs.clock`) and the sink of rows")
    return found


@app.command("train")
def _train(
    name: Annotated[str, typer.Argument(help="The model's name, or the file of one that is new: my/NAME.toml.")],
    live: Annotated[bool, typer.Option("--live", help="Put it into use when it is better than chance.")] = False,
    moments: Annotated[
        int, typer.Option(min=0, max=52, help="Learn from so many moments; 0: as its definition says.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Train the next version from the log's history, and say how well it does on people it has not seen."""
    settings = load()
    with clear_errors(), opened_registry(settings) as registry:
        definition, text = _definition(name, registry)
        if moments:
            definition = definition.with_moments(moments)
        with refusals.noted(registry, definition, text, getpass.getuser(), wall_ms):
            _made(_steps(definition, text, registry, settings), registry, live, as_json)


@app.command("import")
def _import(
    file: Annotated[Path, typer.Argument(help="NAME.onnx; beside it its definition, NAME.toml.")],
    live: Annotated[bool, typer.Option("--live", help="Put it into use when it is better than chance.")] = False,
    as_json: Json = False,
) -> None:
    """Enter a model that was made elsewhere: check the file, measure it on held-out people, keep it as the next version."""
    settings = load()
    with clear_errors():
        submitted = importing.read(file)
        with opened_registry(settings) as registry:
            store, carried = FeatureStore(_client(settings)), live_tags.read_live(settings)
            importer = importing.Importer(registry, _trainer(registry, store, settings))
            steps = importer.add(submitted, carried, _newest_tick_ms(store), getpass.getuser(), wall_ms())
            _made(steps, registry, live, as_json)


def _made(steps: Iterator[str | ModelVersion], registry: ModelRegistry, live: bool, as_json: bool) -> None:
    made: ModelVersion | None = None
    for step in steps:
        if isinstance(step, ModelVersion):
            made = step
        else:
            typer.echo(step, err=True)
    assert made is not None
    if live:
        require_better_than_chance(made.model, made.version, made.metrics)
        registry.set_live(made.model, made.version, getpass.getuser(), wall_ms())
    _say_version(made, live, as_json)


def _client(settings: Settings) -> ClickHouseClient:
    client = connect(settings)
    client.apply_schema()
    return client


def _trainer(registry: ModelRegistry, store: FeatureStore, settings: Settings) -> training.Trainer:
    users = user_numbers.total(settings)
    return training.Trainer(registry, store, lambda sample: features.recomputing(sample, settings), users)


def _steps(
    definition: ModelDefinition, text: str, registry: ModelRegistry, settings: Settings
) -> Iterator[str | ModelVersion]:
    """A training by the kind of the model: from the log's past, or from who is in a crowd now."""
    client = _client(settings)
    who, now_ms = getpass.getuser(), wall_ms()
    if definition.kind == "lookalike":
        with _rules(settings) as rules:
            people, live = LookalikePeople(client), lambda: live_tags.read_live(settings)
            lookalike = lookalikes.LookalikeTrainer(registry, people, rules.of, live)
            yield from lookalike.train(definition, text, who, now_ms)
        return
    if definition.kind == "spend":
        purchases = PurchaseStore(client)
        spender = spending.SpendTrainer(registry, purchases, user_numbers.total(settings))
        yield from spender.train(definition, text, _newest_tick_ms(purchases), who, now_ms)
        return
    tags, store = features.resolve(definition, live_tags.read_live(settings)), FeatureStore(client)
    trainer = _trainer(registry, store, settings)
    yield from trainer.train(definition, text, tags, _newest_tick_ms(store), who, now_ms)


@contextmanager
def _rules(settings: Settings) -> Iterator[PresentRules]:
    tags = TagRegistry(settings)
    try:
        yield PresentRules(settings, tags)
    finally:
        tags.close()


def _say_version(made: ModelVersion, live: bool, as_json: bool) -> None:
    if as_json:
        fields = {"model": made.model, "version": made.version, "sha256": made.sha256, "live": live}
        typer.echo(json.dumps({**fields, "metrics": made.metrics, "lineage": made.lineage}))
        return
    typer.echo(
        f"{made.model} version {made.version}{' is live' if live else ', in the shadow'}: {measures(made.metrics)}"
    )
    if "signs" in made.metrics:
        typer.echo("\n".join(lines_of(made.metrics)))


@app.command("list")
def _list(as_json: Json = False) -> None:
    """All models: versions, which is live, how good it is."""
    with clear_errors(), opened_registry(load()) as registry:
        held = {model.name: model for model in registry.models()}
        found = [held.get(name) or Model(name, text) for name, text in {**definitions.builtin(), **held}.items()]
    if as_json:
        rows = [{"name": model.name, "live": model.live_version, "versions": len(model.versions)} for model in found]
        typer.echo(json.dumps({"models": rows}))
        return
    table = Table()
    for column in ("model", "versions", "live", "how good"):
        table.add_column(column, overflow="fold")
    for model in found:
        live = model.live
        table.add_row(
            model.name,
            str(len(model.versions)),
            str(model.live_version or "none"),
            measures(live.metrics) if live else "",
        )
    show(table)


@app.command("live")
def _live(
    name: Name, version: Annotated[int, typer.Argument(help="0 takes the model out of use.")], as_json: Json = False
) -> None:
    """Put a version into use, or go back to an earlier one. One no better than chance, or with wrong features, is refused."""
    with clear_errors(), opened_registry(load()) as registry:
        model = registry.model(name)
        chosen = next((each for each in model.versions if each.version == version), None) if model else None
        if chosen:
            require_better_than_chance(name, version, chosen.metrics)
        registry.set_live(name, version or None, getpass.getuser(), wall_ms())
    typer.echo(
        json.dumps({"model": name, "live": version or None}) if as_json else f"{name}: live is {version or 'none'}"
    )


@app.command("score")
def _score(
    name: Name,
    every: Annotated[int, typer.Option(min=0, help="Again each so many minutes; 0: once.")] = 0,
    as_json: Json = False,
) -> None:
    """Score all users by the live version into the log, where tags read them."""
    settings = load()
    while True:
        with clear_errors(), opened_registry(settings) as registry:
            model = registry.model(name)
            if model is None or model.live is None:
                raise LookupError(f"model {name} has no live version; `python -m jobs.models train {name} --live`")
            done = 0
            for done in _scored(model, model.live, registry, settings):
                typer.echo(f"{done:,} users scored", err=True)
        said = f"{name} version {model.live.version}: {done:,} users scored"
        typer.echo(json.dumps({"model": name, "version": model.live.version, "users": done}) if as_json else said)
        if not every:
            return
        time.sleep(every * 60)


def _scored(model: Model, live: ModelVersion, registry: ModelRegistry, settings: Settings) -> Iterator[int]:
    """Score everybody by the live version; yields how many were so far."""
    topic, file = source_topic("scores", settings.mysql.shop_database), registry.file(live.sha256)
    producer, client, now_ms = Producer(settings), connect(settings), wall_ms()
    orders = parse_model(model.definition, model.name).orders
    if orders is not None:
        purchases = PurchaseStore(client)
        spender = spending.SpendScorer(purchases, producer, topic, settings.cdc_format)
        lifetime = lifetimes.from_bytes(file)
        yield from spender.score(lifetime, orders, live.version, _newest_tick_ms(purchases), now_ms)
        return
    chosen = pipelines.from_bytes(file)
    require_live(chosen, {name: tag.definition.version for name, tag in live_tags.read_live(settings).by_name.items()})
    scorer = scoring.Scorer(FeatureStore(client), producer, topic, settings.cdc_format)
    yield from scorer.score(chosen, live.version, user_numbers.total(settings), now_ms)


@app.command("tag")
def _tag(name: Name) -> None:
    """Print the tag of a lookalike model's scores, as a file for sql/tags: a crowd is a rule over it."""
    settings = load()
    with clear_errors(), opened_registry(settings) as registry:
        definition, _ = _definition(name, registry)
        if definition.kind != "lookalike":
            raise LookupError(
                f"model {name} is of kind {definition.kind}: its tag says more than its score; write one by hand"
            )
        live = live_tags.read_live(settings).by_name
        with _rules(settings) as rules:
            read = {*definition.features, *rules.of(str(definition.label.crowd)).versions} & live.keys()
        typer.echo(score_tag(definition, strictest(live[tag].definition.sensitivity for tag in read)), nl=False)


if __name__ == "__main__":
    logs.configure()
    sys.exit(app())
