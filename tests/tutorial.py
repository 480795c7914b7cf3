"""The README's tutorial: its commands in order, and the notebook that has the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "deploy" / "notebooks" / "tutorial.ipynb"
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_EXPORT = 'export PATH="$PWD/.venv/bin:$PATH"\n'
_START = (
    "import os\n"
    "\n"
    "os.chdir(os.path.dirname(os.path.dirname(os.getcwd())))  # the repository, from deploy/notebooks\n"
    'os.environ["PATH"] = f"{os.getcwd()}/.venv/bin:{os.environ[\'PATH\']}"'
)


def section() -> str:
    """The tutorial's text, without its heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.split("## Tutorial: ", 1)[1].split("\n", 1)[1].split("\n## ", 1)[0]


def script() -> str:
    """Its commands, but for the line that says where Tagstream is: the environment of the test does."""
    commands = "".join(_BLOCK.findall(section()))
    assert commands.startswith(_EXPORT)
    return commands.removeprefix(_EXPORT)


def notebook() -> dict[str, Any]:
    """The tutorial as a notebook: its words, and each block of commands as a cell of its own."""
    cells: list[dict[str, Any]] = []
    words = ["# From a table in MySQL to a prediction\n"]
    for part in re.split(r"(^```sh\n.*?^```\n)", section(), flags=re.DOTALL | re.MULTILINE):
        found = _BLOCK.fullmatch(part)
        if not found:
            words.append(part)
            continue
        cells.append(_cell("markdown", len(cells), "".join(words).strip()))
        words, commands = [], found[1]
        if commands.startswith(_EXPORT):
            cells.append(_cell("code", len(cells), _START))
            commands = commands.removeprefix(_EXPORT)
        cells.append(_cell("code", len(cells), "%%bash\nset -euo pipefail\n" + commands.rstrip("\n")))
    cells.append(_cell("markdown", len(cells), "".join(words).strip()))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, number: int, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return {**cell, "source": text.splitlines(keepends=True)}
