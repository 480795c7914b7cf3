"""Every function that tags have, for one user: an explanation gives what Flink gives in batch, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.mode import Mode
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tagging.explaining.explain import explain
from tests.fakes.memory_history import MemoryRows
from tests.flink_local import LocalFlink
from tests.shop_history import History
from tests.unit.test_explaining import AGGREGATES, ANN, AT, CALLS, MINUTE, ORDERS

A_TAG = 5
"""Values in one tag: Flink starts a source for each tag, and a tag may not join many texts."""


def tags() -> Iterator[TagDefinition]:
    """Tags whose values are several of the values as text, one after the other."""
    for source, calls in (("users", CALLS), ("orders GROUP BY user_id", AGGREGATES)):
        for begin in range(0, len(calls), A_TAG):
            texts = [f"COALESCE(CAST({value} AS STRING), 'NULL')" for value, _, _ in calls[begin : begin + A_TAG]]
            sql = f"SELECT user_id, CONCAT({', '.join(texts)}, '') AS value FROM {source}"
            yield TagDefinition(f"{source[:5]}_{begin}", "", "", "string", "basic", "tests", sql)


def test_every_function_gives_for_one_user_what_flink_gives():
    history = History(AT // MINUTE + 3_000, AT // MINUTE + 3_010)
    for source, row in [("users", ANN), *(("orders", order) for order in ORDERS)]:
        history.change(
            source, "c", {name: value for name, value in row.items() if name not in ("op", "offset", "logged_at")}
        )
    found = LocalFlink(Mode.BATCH).run([compile_tag(tag) for tag in tags()], history.log())
    rows = MemoryRows(history.rows)
    explained = {tag.sql: explain(tag, "ann", rows, history.now_minute).value for tag in tags()}
    assert explained == {tag.sql: found[tag.name].get("ann") for tag in tags()}
