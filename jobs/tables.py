"""Tables that a command prints: for a person as wide as the terminal, for a pipe as wide as they are."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

PIPED_WIDTH = 250


def show(table: Table) -> None:
    """Print it. Not on a terminal rich would fold everything into 80 columns, ids included."""
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)
