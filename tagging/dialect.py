"""The dialect of tags: how their text is read, and how Flink SQL is written. One dialect, so that nothing is translated."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp, generator, parser, tokens
from sqlglot.dialects.dialect import Dialect


class TagSql(Dialect):
    """Names in backticks, text in single quotes, no escapes but doubling. Functions are names until our table knows them."""

    NULL_ORDERING = "nulls_are_small"
    TYPED_DIVISION = True

    class Tokenizer(tokens.Tokenizer):
        QUOTES: ClassVar = ["'"]
        STRING_ESCAPES: ClassVar = ["'"]
        IDENTIFIERS: ClassVar = ["`"]
        IDENTIFIER_ESCAPES: ClassVar = ["`"]
        COMMENTS: ClassVar = ["--", ("/*", "*/")]
        NESTED_COMMENTS = False
        COMMANDS: ClassVar = set()

    class Parser(parser.Parser):
        FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse
            for name, parse in parser.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT")
        }

        def expression(self, instance, token=None, comments=None):
            """As the parser does it, and literals know their place too."""
            found = super().expression(instance, token, comments)
            if isinstance(found, _PLACED) and "start" not in found.meta:
                found.update_positions(self._prev)
            return found

    class Generator(generator.Generator):
        TYPE_MAPPING: ClassVar = {
            **generator.Generator.TYPE_MAPPING,
            exp.DType.TEXT: "STRING",
            exp.DType.VARCHAR: "STRING",
            exp.DType.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
        }

        def interval_sql(self, expression: exp.Interval) -> str:
            """Flink wants the digits of the number spelled out when they are more than two."""
            if not isinstance(expression.this, exp.Literal) or expression.unit is None:
                return super().interval_sql(expression)
            number = expression.this.name
            digits = f"({len(number)})" if len(number) > 2 else ""
            return f"INTERVAL '{number}' {expression.unit.name}{digits}"

        def filter_sql(self, expression: exp.Filter) -> str:
            return f"{self.sql(expression, 'this')} FILTER (WHERE {self.sql(expression.expression, 'this')})"

        def paren_sql(self, expression: exp.Paren) -> str:
            return f"({self.sql(expression, 'this')})"

        def not_sql(self, expression: exp.Not) -> str:
            inner = expression.this
            if isinstance(inner, exp.Is):
                return f"{self.sql(inner, 'this')} IS NOT {self.sql(inner, 'expression')}"
            if isinstance(inner, exp.In) and not inner.args.get("query"):
                return f"{self.sql(inner, 'this')} NOT IN ({self.expressions(inner, flat=True)})"
            return super().not_sql(expression)


_PLACED = (exp.Literal, exp.Star, exp.Null, exp.Boolean)


def write(tree: exp.Expr) -> str:
    """A tree as Flink SQL: every name quoted, no comment kept."""
    return tree.sql(dialect=TagSql, identify=True, comments=False, pretty=True)
