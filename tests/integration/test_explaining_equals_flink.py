"""Every function that tags have, for one user: an explanation gives what Flink gives in batch."""

from __future__ import annotations

from dataclasses import replace

from jobs.mode import Mode
from tagging.compiler import compile_tag
from tagging.explaining.explain import explain
from tests.fakes.memory_history import MemoryRows
from tests.flink_local import LocalFlink
from tests.shop_history import History
from tests.unit.test_explaining import AGGREGATES, ANN, AT, CALLS, MINUTE, ORDERS, tag


def test_every_function_gives_for_one_user_what_flink_gives():
    history = History(AT // MINUTE + 3_000, AT // MINUTE + 3_010)
    for source, row in [("users", ANN), *(("orders", order) for order in ORDERS)]:
        history.change(
            source, "c", {name: value for name, value in row.items() if name not in ("op", "offset", "logged_at")}
        )
    texts = [(f"SELECT user_id, {value} AS value FROM users", kind) for value, kind, _ in CALLS]
    texts += [(f"SELECT user_id, {value} AS value FROM orders GROUP BY user_id", kind) for value, kind, _ in AGGREGATES]
    tags = [replace(tag(sql, kind), name=f"t{number}") for number, (sql, kind) in enumerate(texts)]
    found = LocalFlink(Mode.BATCH).run([compile_tag(definition) for definition in tags], history.log())
    wanted = {definition.sql: found[definition.name].get("ann") for definition in tags}
    rows = MemoryRows(history.rows)
    explained = {definition.sql: explain(definition, "ann", rows, history.now_minute).value for definition in tags}
    assert explained == wanted
