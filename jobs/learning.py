"""`python -m jobs.learning`: models that learn from the stream: which, how they do, and what to do with one that was stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Protocol

import typer

from jobs.learner import Snapshots
from jobs.models import definitions
from prediction import online_file
from prediction.definition import ModelProblem, parse_model
from prediction.examples import LabelRule
from prediction.guarding import Health
from prediction.online import released
from stores.flink import FlinkError
from stores.kafka_client import KafkaUnavailable
from stores.models.files import DamagedFile
from stores.models.registry import Model, ModelRegistry
from stores.models.snapshots import ModelSnapshots, NewSnapshot, Overtaken, SnapshotState
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import load

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(help="The model's name; `list` names those that learn.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
TRIES = 3


class Registry(Protocol):
    """Where models are defined; `stores.models.registry.ModelRegistry` is the real one."""

    def models(self) -> list[Model]: ...


@dataclass(frozen=True, slots=True)
class LearningModels:
    """The labels of the models that learn from the stream, and what is wrong with the definitions nobody can read."""

    rules: Mapping[str, LabelRule]
    unreadable: Mapping[str, str]


def learning_models(registry: Registry, builtin: Mapping[str, str]) -> LearningModels:
    """The models that learn from the stream: the built-in ones before any was trained, too.

    A row of the registry that cannot be read keeps its own model from learning, and no other; a built-in file that
    cannot be read raises ModelProblem.
    """
    found = {name: parse_model(text, name).label_rule for name, text in builtin.items()}
    unreadable = {}
    for model in registry.models():
        if model.name not in builtin:
            try:
                found[model.name] = parse_model(model.definition, model.name).label_rule
            except ModelProblem as problem:
                unreadable[model.name] = str(problem)
    return LearningModels({name: rule for name, rule in found.items() if rule is not None}, unreadable)


def release(snapshots: Snapshots, model: str, at_ms: int) -> int:
    """Let a model that was stopped learn again, from what it knew before; the number of the snapshot that says so.

    The learner finds it with its next snapshot. Raises LookupError for a model that does not learn, or was not stopped.
    """
    for _ in range(TRIES):
        held = {snapshot.model: (snapshot, content) for snapshot, content in snapshots.newest()}
        if model not in held:
            raise LookupError(
                f"model {model} has learned nothing; those that have: {', '.join(sorted(held)) or 'none'}"
            )
        newest, content = held[model]
        state = online_file.from_bytes(content)
        if state.guard.health is not Health.FROZEN:
            raise LookupError(f"model {model} is {state.guard.health}: nobody has stopped it")
        state = released(state)
        new = NewSnapshot(
            model, newest.number + 1, online_file.to_bytes(state), newest.offsets, state.examples, SnapshotState.HELD
        )
        try:
            snapshots.save([new], at_ms)
            return new.number
        except Overtaken:
            # The learner has just noted how far it is.
            continue
    raise Overtaken(f"model {model}: the learner wrote a snapshot each time; try again")


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (LookupError, ValueError, Overtaken, DamagedFile) as error:
        typer.echo(f"cause: {error}", err=True)
        raise typer.Exit(1) from None
    except (MySQLUnavailable, KafkaUnavailable, FlinkError) as error:
        typer.echo(f"cause: {error}\nfix: `make status` says what is up; then again", err=True)
        raise typer.Exit(2) from None


@app.command("submit")
def _submit(as_json: Json = False) -> None:
    """Start the job that makes examples of the models with an [online] part, or leave it running where they are the same."""
    # A JVM is started for nothing else here.
    from jobs import examples_run

    settings = load()
    with _clear_errors():
        migrate(settings)
        registry = ModelRegistry(settings)
        learning = learning_models(registry, definitions.builtin())
        registry.close()
        rules = learning.rules
        for name, problem in learning.unreadable.items():
            typer.echo(f"left out: {name}: {problem}", err=True)
        if not rules:
            message = "no model has an [online] part: nothing to learn from"
            nothing = {"models": [], "unreadable": learning.unreadable, "done": message}
            typer.echo(json.dumps(nothing) if as_json else message)
            return
        job_id, done = examples_run.ensure_running(rules, settings)
    said = {"models": sorted(rules), "unreadable": learning.unreadable, "id": job_id, "done": done}
    typer.echo(json.dumps(said) if as_json else f"{', '.join(sorted(rules))}: {job_id} {done}")


@app.command("list")
def _list(as_json: Json = False) -> None:
    """Models that learn: their newest snapshot, whether they are served, and why not."""
    with _clear_errors():
        snapshots = ModelSnapshots(load())
        rows = []
        for snapshot, content in snapshots.newest():
            state, good = online_file.from_bytes(content), snapshots.good(snapshot.model)
            rows.append(
                {
                    "model": snapshot.model,
                    "health": state.guard.health.value,
                    "reason": state.guard.reason,
                    "examples": state.examples,
                    "snapshot": snapshot.number,
                    "served_snapshot": good.number if good else None,
                }
            )
        snapshots.close()
    if as_json:
        typer.echo(json.dumps({"models": rows}))
    for row in [] if as_json else rows:
        served = f"snapshot {row['served_snapshot']} is served" if row["served_snapshot"] else "not served"
        line = f"{row['model']}: {row['health']}, {row['examples']} examples, {served}"
        typer.echo(f"{line} ({row['reason']})" if row["reason"] else line)


@app.command("release")
def _release(name: Name, as_json: Json = False) -> None:
    """Let a model learn again that was stopped because of what it had learned."""
    with _clear_errors():
        snapshots = ModelSnapshots(load())
        number = release(snapshots, name, int(time.time() * 1000))
        snapshots.close()
    said = {"model": name, "snapshot": number}
    typer.echo(
        json.dumps(said) if as_json else f"{name}: learns again from snapshot {number}; served once it does well"
    )


if __name__ == "__main__":
    app()
