"""A table's row that changes long after it left its window: when the job has forgotten whatever it may forget."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from jobs import state_ttl
from jobs.mode import Mode
from jobs.pipeline import compile_plan
from jobs.state_ttl import Retention
from jobs.statements import Job, statements
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.flink_local import LocalFlink, Message, over_path
from tests.shop_history import MINUTE_MS, History, ticks

NOW = 29_500_020
LAG_MS = 1_500
"""What the job takes for a day, so that ticks of events would be forgotten while the test looks on."""
COUNT = "SELECT user_id, COUNT(*) AS value FROM LAST(orders, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) GROUP BY user_id"
PATIENCE_SECONDS = 60


class Running:
    """One tag's streaming job over folders that files are added to."""

    def __init__(self, root: Path) -> None:
        self._root, self._files = root, 0
        flink = LocalFlink(Mode.STREAM, **{"parallelism.default": "1", "execution.checkpointing.interval": "200 ms"})
        tag = compile_tag(TagDefinition("held", "", "", "integer", "basic", "tests", COUNT))
        text = statements(Job("local", (tag,)), flink.settings)
        for declaration in text.declarations:
            flink.environment.execute_sql(self._declared(declaration))
        plan = root / "plan.json"
        plan.write_text(compile_plan(flink.environment, text, Retention(late_days=1, deduplicate_days=1)))
        flink.environment.get_config().set("table.exec.mini-batch.enabled", "false")
        self.job = flink.environment.execute_sql(f"EXECUTE PLAN '{plan}'").get_job_client()

    def _declared(self, declaration: str) -> str:
        kind, name = re.search(r"CREATE TEMPORARY (TABLE|VIEW) `(\w+)`", declaration).groups()
        if kind == "VIEW":
            return declaration
        folder = self._root / name
        folder.mkdir()
        if not name.startswith("tag_"):
            return over_path(declaration, folder, ", 'source.monitor-interval' = '100 ms'")
        return (
            f"CREATE TEMPORARY TABLE `{name}` (`user_id` STRING NOT NULL, `value` BIGINT, PRIMARY KEY (`user_id`) NOT "
            f"ENFORCED) WITH ('connector' = 'filesystem', 'path' = '{folder.as_uri()}', 'format' = 'debezium-json', "
            "'sink.rolling-policy.rollover-interval' = '200 ms', 'sink.rolling-policy.check-interval' = '100 ms')"
        )

    def log(self, table: str, messages: Sequence[Message]) -> None:
        """Add messages to a table, all at once."""
        self._files += 1
        written = self._root / f"{self._files}.part"
        written.write_bytes(b"".join(message.line() for message in messages))
        os.rename(written, self._root / table / f"{self._files}.json")

    def said(self) -> list[int | None]:
        """Every value that the job gave the one user, in order."""
        files = sorted((self._root / "tag_held_v1").glob("part-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
        lines = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [line["after"]["value"] for line in lines if line["op"] == "c"]

    def await_value(self, wanted: int) -> None:
        """Wait until this is the newest value."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (said := self.said())[-1:] != [wanted]:
            assert time.monotonic() < until, f"{wanted} was not said within {PATIENCE_SECONDS} s, but {said}"
            time.sleep(0.1)


@pytest.fixture
def running(tmp_path, monkeypatch):
    monkeypatch.setattr(state_ttl, "DAY_MS", LAG_MS)
    found = Running(tmp_path)
    yield found
    found.job.cancel().result()


def test_an_order_refunded_long_after_it_left_its_window_is_not_taken_away_once_more(running):
    history, logged = History(NOW - 60, NOW), 0

    def order(order_id: str, ordered_at: int, op: str = "c", logged_at: int | None = None) -> None:
        row = {"order_id": order_id, "user_id": "buyer", "status": "paid", "ordered_at": ordered_at}
        history.change("orders", op, row, logged_at or ordered_at)

    def put() -> None:
        nonlocal logged
        messages = history.log()["orders_log"]
        running.log("orders_log", messages[logged:])
        logged = len(messages)

    now_ms = NOW * MINUTE_MS
    order("old", now_ms - 50 * MINUTE_MS)
    order("new", now_ms - MINUTE_MS)
    put()
    running.log("clock", list(ticks(NOW, NOW)))
    running.await_value(2)
    running.log("clock", list(ticks(NOW + 1, NOW + 31)))
    running.await_value(1)
    # Time to live is the cluster's own time: nothing but waiting makes it pass.
    time.sleep(2 * LAG_MS / 1000)
    order("old", now_ms - 50 * MINUTE_MS, "u", now_ms + 40 * MINUTE_MS)
    order("third", now_ms + 30 * MINUTE_MS)
    put()
    running.await_value(2)
    assert 0 not in running.said()
