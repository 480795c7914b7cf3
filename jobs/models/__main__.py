"""`python -m jobs.models`: train models, put versions into use, score users. Scheduled by DolphinScheduler, or by hand."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from jobs import live_tags
from jobs.models import definitions, features, scoring, training
from prediction import pipeline as pipelines
from prediction.definition import ModelDefinition, parse_model
from prediction.promotion import require_better_than_chance, require_live
from stores import logs, user_numbers
from stores.clickhouse import ClickHouseUnavailable, connect
from stores.features import FeatureStore
from stores.flink import FlinkError
from stores.kafka import KafkaUnavailable, Producer
from stores.models.files import DamagedFile
from stores.models.registry import Model, ModelRegistry, ModelVersion
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import Settings, load
from tagging.names import source_topic

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(help="The model's name; `list` names them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
REFUSED = (ValueError, LookupError, DamagedFile)
AWAY = (MySQLUnavailable, ClickHouseUnavailable, KafkaUnavailable, FlinkError, TimeoutError)


@contextmanager
def _registry(settings: Settings) -> Iterator[ModelRegistry]:
    migrate(settings)
    registry = ModelRegistry(settings)
    try:
        yield registry
    finally:
        registry.close()


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        typer.echo(f"cause: {error}", err=True)
        raise typer.Exit(1) from None
    except AWAY as error:
        typer.echo(f"cause: {error}\nfix: `make status` says what is up; then again", err=True)
        raise typer.Exit(2) from None


def _definition(name: str, registry: ModelRegistry) -> tuple[ModelDefinition, str]:
    held = registry.model(name)
    text = definitions.builtin().get(name) or (held.definition if held else None)
    if text is None:
        known = sorted({*definitions.builtin(), *(model.name for model in registry.models())})
        raise LookupError(f"there is no model {name}; there are {', '.join(known)}")
    return parse_model(text, name), text


def _newest_tick_ms(store: FeatureStore) -> int:
    found = store.newest_tick_ms()
    if found is None:
        raise LookupError("the log has no tick yet; start the clock (`python -m jobs.clock`) and the sink of rows")
    return found


@app.command("train")
def _train(
    name: Name,
    live: Annotated[bool, typer.Option("--live", help="Put it into use when it is better than chance.")] = False,
    moments: Annotated[
        int, typer.Option(min=0, max=52, help="Learn from so many moments; 0: as its definition says.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Train the next version from the log's history, and say how well it does on people it has not seen."""
    settings = load()
    with _clear_errors(), _registry(settings) as registry:
        definition, text = _definition(name, registry)
        if moments:
            definition = definition.with_moments(moments)
        tags = features.resolve(definition, live_tags.read_live(settings))
        client = connect(settings)
        client.apply_schema()
        store = FeatureStore(client)
        trainer = training.Trainer(
            registry, store, lambda sample: features.recomputing(sample, settings), user_numbers.total(settings)
        )
        made: ModelVersion | None = None
        for step in trainer.train(definition, text, tags, _newest_tick_ms(store), getpass.getuser(), _now_ms()):
            if isinstance(step, ModelVersion):
                made = step
            else:
                typer.echo(step, err=True)
        assert made is not None
        if live:
            require_better_than_chance(name, made.version, made.metrics)
            registry.set_live(name, made.version, getpass.getuser(), _now_ms())
        _say_version(made, live, as_json)


def _say_version(made: ModelVersion, live: bool, as_json: bool) -> None:
    if as_json:
        fields = {"model": made.model, "version": made.version, "sha256": made.sha256, "live": live}
        typer.echo(json.dumps({**fields, "metrics": made.metrics, "lineage": made.lineage}))
        return
    typer.echo(
        f"{made.model} version {made.version}{' is live' if live else ', in the shadow'}: {measures(made.metrics)}"
    )


def measures(found: Mapping[str, object]) -> str:
    """The few numbers that tell how good a version is, on people it has not seen."""
    if "auc" in found and found["auc"] is not None:
        return (
            f"AUC {found['auc']:.3f} ± {found['auc_error']:.3f}, log-loss {found['log_loss']:.4f} "
            f"(chance {found['log_loss_of_chance']:.4f}), calibration error {found['calibration_error']:.3f}, "
            f"{found['rows']} rows"
        )
    return (
        f"accuracy {found['accuracy']:.3f} (chance {found['accuracy_of_chance']:.3f}), log-loss {found['log_loss']:.4f} "
        f"(chance {found['log_loss_of_chance']:.4f}), {found['rows']} rows"
    )


@app.command("list")
def _list(as_json: Json = False) -> None:
    """All models: versions, which is live, how good it is."""
    with _clear_errors(), _registry(load()) as registry:
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
    Console().print(table)


@app.command("live")
def _live(
    name: Name, version: Annotated[int, typer.Argument(help="0 takes the model out of use.")], as_json: Json = False
) -> None:
    """Put a version into use, or go back to an earlier one. One that is no better than chance is refused."""
    with _clear_errors(), _registry(load()) as registry:
        model = registry.model(name)
        chosen = next((each for each in model.versions if each.version == version), None) if model else None
        if chosen:
            require_better_than_chance(name, version, chosen.metrics)
        registry.set_live(name, version or None, getpass.getuser(), _now_ms())
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
        with _clear_errors(), _registry(settings) as registry:
            model = registry.model(name)
            if model is None or model.live is None:
                raise LookupError(f"model {name} has no live version; `python -m jobs.models train {name} --live`")
            chosen = pipelines.from_bytes(registry.file(model.live.sha256))
            live = {name: tag.definition.version for name, tag in live_tags.read_live(settings).by_name.items()}
            require_live(chosen, live)
            topic = source_topic("scores", settings.mysql.shop_database)
            scorer = scoring.Scorer(FeatureStore(connect(settings)), Producer(settings), topic, settings.cdc_format)
            done = 0
            for done in scorer.score(chosen, model.live.version, user_numbers.total(settings), _now_ms()):
                typer.echo(f"{done:,} users scored", err=True)
        said = f"{name} version {model.live.version}: {done:,} users scored"
        typer.echo(json.dumps({"model": name, "version": model.live.version, "users": done}) if as_json else said)
        if not every:
            return
        time.sleep(every * 60)


def _now_ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    logs.configure()
    sys.exit(app())
