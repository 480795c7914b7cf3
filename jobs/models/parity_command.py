"""`python -m jobs.models parity NAME`: whether a model was asked with the values that were known then."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.table import Table

from jobs.models.command import Json, Name, clear_errors, opened_registry
from jobs.models.report_schedule import STORED_MS
from jobs.models.vector_report import VectorReport, plain, report
from jobs.tables import show
from prediction import pipeline as pipelines
from stores.clickhouse import connect
from stores.served_vectors import ServedVectors
from stores.settings import load
from tagging.parity import Outcome

HOUR_MS = 3_600_000
WRONG_STATUS = 3


def parity(
    name: Name,
    version: Annotated[int | None, typer.Option(min=1, help="The live one, where none is named.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=2160, help="How far back from a minute ago.")] = 24,
    as_json: Json = False,
) -> None:
    """Compare the vectors that a version was asked with and the history of its tags. Status 3: a value was wrong."""
    settings = load()
    with clear_errors(), opened_registry(settings) as registry:
        model = registry.model(name)
        wanted = version or (model.live_version if model else None)
        chosen = next((each for each in model.versions if each.version == wanted), None) if model else None
        if chosen is None:
            raise LookupError(f"model {name} has no {f'version {version}' if version else 'live version'}; see `list`")
        features = pipelines.from_bytes(registry.file(chosen.sha256)).features
        store, until_ms = connect(settings), int(time.time() * 1000) - STORED_MS
        store.apply_schema()
        since_ms = until_ms - hours * HOUR_MS
        found = report(ServedVectors(store), name, chosen.version, features, since_ms, until_ms)
    if as_json:
        typer.echo(json.dumps(plain(found)))
    else:
        say(found)
    raise typer.Exit(WRONG_STATUS if found.wrong else 0)


def say(found: VectorReport) -> None:
    """Print the counts of every feature, then the values that are not equal, each with its user and both values."""
    part = "" if found.whole else ", the newest of more"
    typer.echo(f"{found.model} version {found.version}: {found.vectors:,} vectors{part}, {found.wrong:,} values wrong")
    table = Table()
    for column in ("feature", *Outcome, "greatest difference", "causes"):
        table.add_column(str(column), overflow="fold")
    for feature in found.features:
        difference = feature.greatest_difference
        table.add_row(
            f"{feature.tag} v{feature.version}",
            *(f"{feature.counts[outcome]:,}" for outcome in Outcome),
            "" if difference is None else f"{difference:g}",
            ", ".join(f"{cause} {count:,}" for cause, count in feature.causes.items()),
        )
    show(table)
    for feature in found.features:
        for finding in feature.findings:
            typer.echo(
                f"{feature.tag}: {finding.user_id} {finding.outcome}, served {json.dumps(finding.served)}, "
                f"known {json.dumps(finding.batch)}{f' ({finding.cause})' if finding.cause else ''}"
            )
