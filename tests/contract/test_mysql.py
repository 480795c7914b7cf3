"""Transactions on the real MySQL."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from stores.mysql import again_after_deadlock, connect, transaction

pytestmark = pytest.mark.stack


@pytest.fixture
def rows(stack):
    with transaction(stack.settings) as cursor:
        cursor.execute("CREATE TABLE locked_rows (id INT PRIMARY KEY, n INT NOT NULL) ENGINE = InnoDB")
        cursor.execute("INSERT INTO locked_rows VALUES (1, 0), (2, 0)")
    yield stack.settings
    with transaction(stack.settings) as cursor:
        cursor.execute("DROP TABLE locked_rows")


def of_both_orders(settings, add) -> list:
    """Two transactions, each of which has locked a row before either asks for the other's."""
    with ThreadPoolExecutor(2) as pool:
        both, met = threading.Barrier(2), set()
        return [pool.submit(add, settings, order, both, met) for order in ((1, 2), (2, 1))]


def add_one(settings, order, both, met) -> None:
    with transaction(settings) as cursor:
        cursor.execute("UPDATE locked_rows SET n = n + 1 WHERE id = %s", (order[0],))
        if order not in met:  # The loser's second attempt would wait for nobody.
            met.add(order)
            both.wait(5)
        cursor.execute("UPDATE locked_rows SET n = n + 1 WHERE id = %s", (order[1],))


def counts(settings) -> list[int]:
    with transaction(settings) as cursor:
        cursor.execute("SELECT n FROM locked_rows ORDER BY id")
        return [row["n"] for row in cursor.fetchall()]


def test_of_two_transactions_that_wait_for_each_other_one_is_undone_and_says_so(rows):
    troubles = [future.exception() for future in of_both_orders(rows, add_one)]
    assert sorted(type(trouble).__name__ for trouble in troubles) == ["Deadlock", "NoneType"]
    assert counts(rows) == [1, 1]


def test_what_a_deadlock_undid_is_done_again_and_once(rows):
    futures = of_both_orders(rows, again_after_deadlock(add_one))
    assert [future.exception() for future in futures] == [None, None]
    assert counts(rows) == [2, 2]


def test_connections_share_what_they_encrypt_with_and_do_not_read_the_machines_certificates(stack, monkeypatch):
    read = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *given: read.append(given))
    contexts = set()
    for _ in range(2):
        with closing(connect(stack.settings)) as connection:
            contexts.add(connection.ctx)
            connection.ping(reconnect=False)
    assert len(contexts) == 1 and read == []
