"""The kind of every expression: one table from node to rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from tagging import calls, casts, operators
from tagging.kinds import Kind

RULES: Mapping[type[exp.Expr], Callable[..., Kind]] = {**operators.RULES, **casts.RULES, **calls.RULES}
"""Node -> its rule, called with the node and its scope."""
