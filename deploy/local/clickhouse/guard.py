"""What a client may not ask of the embedded engine: it runs as this user, whose files and network are no data of ours.

The checks read the engine's own spelling of a statement (see `statement`), in which comments are gone, strings stand in
single quotes with backslash escapes, and a name has quotes only where it needs them. Nothing can be hidden from them by
spelling. What tells harmless from harmful is a list of the harmless wherever such a list can be closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from deploy.local.clickhouse.errors import DENIED, ClickHouseError
from deploy.local.clickhouse.statement import Statement

_CALL = re.compile(r"([A-Za-z_]\w*)\(")
_ENGINE = re.compile(r"\bENGINE = ([^\s(]+)")
_SOURCE = re.compile(r"\bSOURCE\((\w+)\(([^)]*)")
_CLAUSE = re.compile(r"\b(INTO OUTFILE|FROM INFILE) ''")
_STATEMENT = re.compile(
    r"(ATTACH (?:TABLE|DATABASE|DICTIONARY|VIEW|MATERIALIZED)|BACKUP|RESTORE|COPY|(?:CREATE|ALTER) NAMED COLLECTION|INSTALL|"
    r"SYSTEM (?!(?:STOP|START|FLUSH|SYNC|WAIT|PREWARM|CLEAR|DROP|RELOAD DICTIONAR)\b)\w+)\b",
)
_SETTING = re.compile(
    r"\b(format_schema\w*|format_template\w*|output_format_schema|\w*dialect|disk|storage_policy|url_base|\w*_path)\s*=\s"
)
_SETTING_NAME = re.compile(r"format_schema\w*|format_template\w*|output_format_schema|\w*dialect|url_base|\w*_path")

_TABLE_FUNCTIONS = frozenset(
    {
        "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generaterandom", "generateseries", "generate_series", "values",
        "sqlstandardvalues", "null", "view", "viewifpermitted", "viewexplain", "merge", "input", "dictionary", "format",
        "mergetreeindex", "mergetreeprojection", "mergetreetextindex", "mergetreeanalyzeindexes", "fuzzquery",
        "mergetreecodecblockcounts",
    }
)  # fmt: skip
_FUNCTIONS = frozenset({"file", "eval", "python", "catboostevaluate", "executable", "filesystem", "arrowflight"})
_ENGINES = re.compile(
    r"(?:(?:Replacing|Summing|Aggregating|Coalescing|Collapsing|VersionedCollapsing|Graphite)?MergeTree|Memory|Log|TinyLog|"
    r"StripeLog|Null|Set|Join|Merge|Buffer|View|MaterializedView|GenerateRandom|Dictionary|Alias|TimeSeries|Atomic)"
)


class Guard:
    """`table_functions` are the names that the engine knows; those that are not known to be harmless are refused."""

    def __init__(self, table_functions: Iterable[str]) -> None:
        self._refused = (frozenset(name.lower() for name in table_functions) - _TABLE_FUNCTIONS) | _FUNCTIONS

    def check(self, statement: Statement) -> None:
        """Refuse a statement that would read or write files, reach other hosts or stop the engine.

        Raises ClickHouseError with code 497.
        """
        plain = statement.plain
        for call in _CALL.finditer(plain):
            if call[1].lower() in self._refused:
                raise _refusal(f"{call[1]}()")
        if plain.startswith(("CREATE", "ALTER", "REPLACE", "EXPLAIN")):
            for engine in _ENGINE.finditer(plain):
                if not _ENGINES.fullmatch(engine[1]):
                    raise _refusal(f"ENGINE = {engine[1]}")
            for source in _SOURCE.finditer(plain):
                if source[1].upper() != "NULL" and (source[1].upper() != "CLICKHOUSE" or "HOST" in source[2].upper()):
                    raise _refusal(f"SOURCE({source[1]})")
        for pattern in (_CLAUSE, _SETTING):
            if found := pattern.search(plain):
                raise _refusal(found[1])
        if found := _STATEMENT.match(plain):
            raise _refusal(found[1])


def check_settings(settings: Mapping[str, str]) -> None:
    """Refuse settings of a request that lead to files or to another language. Raises ClickHouseError with code 497."""
    for name in settings:
        if _SETTING_NAME.fullmatch(name):
            raise _refusal(f"the setting {name}")


def _refusal(what: str) -> ClickHouseError:
    return ClickHouseError(
        DENIED, f"{what} is not allowed here: the engine may not reach files or other hosts. (ACCESS_DENIED)"
    )
