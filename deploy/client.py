"""A typed Python client, generated from the API's own document. Run by `make client`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from api import create_app
from deploy.local.layout import REPOSITORY
from stores.settings import Api, Settings

FOLDER = REPOSITORY / ".client"
GENERATOR = FOLDER / "generator" / "bin"
PACKAGE = "tagstream_client"
_LONGEST_SECONDS = 120


class ClientProblem(RuntimeError):
    """No client was generated; the text says why."""


def document() -> dict[str, Any]:
    """The API's document with everything in it: how one proves who one is, and the routes of access too. Asks no store."""
    app = create_app(Settings(api=Api(access="required")))
    return app.test_client().get("/api/v1/openapi.json").get_json()


def generate(into: Path = FOLDER) -> Path:
    """Write the package into a folder, over what is there. Raises ClientProblem."""
    generator = GENERATOR / "openapi-python-client"
    if not generator.exists():
        raise ClientProblem(f"{generator} is not there; fix: make client")
    package = into / PACKAGE
    # The generator orders imports by ruff, which it looks for on the PATH.
    environment = os.environ | {"PATH": f"{GENERATOR}{os.pathsep}{os.environ.get('PATH', '')}"}
    with tempfile.TemporaryDirectory() as scratch:
        described = Path(scratch) / "openapi.json"
        described.write_text(json.dumps(document()), encoding="utf-8")
        command = [generator, "generate", "--path", described, "--output-path", package]
        done = subprocess.run(
            # What it could not generate would be missing without a word.
            [*command, "--meta", "none", "--overwrite", "--fail-on-warning"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
        )
    if done.returncode:
        raise ClientProblem(f"openapi-python-client ended with {done.returncode}:\n{done.stdout}{done.stderr}"[:4_000])
    return package


def main(into: Annotated[Path, typer.Argument(file_okay=False, help="Where to put the package.")] = FOLDER) -> None:
    """Generate the package tagstream_client from this version's OpenAPI document."""
    try:
        typer.echo(f"client: {generate(into)}")
    except ClientProblem as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
