"""How analysts' queries are read and written: ClickHouse's dialect, with functions left as names and fewer ways to quote."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp, tokens
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.generators.clickhouse import ClickHouseGenerator
from sqlglot.parsers.clickhouse import ClickHouseParser


class QuerySql(ClickHouse):
    """What is not read alike by the parser and by ClickHouse can't be written: escapes, heredocs, bits, # comments."""

    class Tokenizer(ClickHouse.Tokenizer):
        COMMENTS: ClassVar = ["--", ("/*", "*/")]
        STRING_ESCAPES: ClassVar = ["'"]
        IDENTIFIER_ESCAPES: ClassVar = []
        NUMERIC_ESCAPES: ClassVar = {}
        HEREDOC_STRINGS: ClassVar = []
        BIT_STRINGS: ClassVar = []
        HEX_STRINGS: ClassVar = []
        COMMANDS: ClassVar = set()
        SINGLE_TOKENS: ClassVar = dict(tokens.Tokenizer.SINGLE_TOKENS)

    class Parser(ClickHouseParser):
        # A function stays the name that was written: what ClickHouse is told is what was allowed.
        FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {"CASE": ClickHouseParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
        FUNCTION_PARSERS: ClassVar = {"CAST": ClickHouseParser.FUNCTION_PARSERS["CAST"]}

        def expression(self, instance, token=None, comments=None):
            """As the parser does it, and literals know their place too."""
            found = super().expression(instance, token, comments)
            if isinstance(found, _PLACED) and "start" not in found.meta:
                found.update_positions(self._prev)
            return found

    class Generator(ClickHouseGenerator):
        def eq_sql(self, expression: exp.EQ) -> str:
            """As it is written: = ANY(...) is not allowed, and there is nothing to turn into has()."""
            return self.binary(expression, "=")


_PLACED = (exp.Literal, exp.Star, exp.Null, exp.Boolean)


def write(tree: exp.Expr) -> str:
    """A tree as ClickHouse SQL: every name quoted, no comment kept."""
    return tree.sql(dialect=QuerySql, identify=True, comments=False, pretty=True)
