"""The front as a process: what it survives, how it stops, who gets in, and what it does when there is too much to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import clickhouse_connect
import psutil
import pytest
import requests
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.clickhouse_fixture import HOST, ROOT, Front

PASSWORD = "correct horse"


@pytest.fixture
def front(tmp_path) -> Iterator[Front]:
    """A front of this test's own."""
    front = Front(tmp_path / "data")
    front.start()
    yield front
    end(front)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> Iterator[Front]:
    """A front with a password that runs one statement at a time, with little patience, time and memory."""
    options = (
        "--at-once",
        "1",
        "--queue-seconds",
        "0.3",
        "--query-seconds",
        "2",
        "--memory-mib",
        "700",
        "--threads",
        "6",
    )
    front = Front(tmp_path_factory.mktemp("narrow") / "data", PASSWORD, options)
    front.start()
    yield front
    end(front)


def end(front: Front) -> None:
    if front.process is not None and front.process.poll() is None:
        front.kill()


def ask(front: Front, text: str = "", **arguments: str) -> requests.Response:
    auth = ("default", front.password) if front.password else None
    return requests.post(front.url, params=arguments, data=text, auth=auth, timeout=60)


def number(front: Front, text: str) -> int:
    answer = ask(front, text)
    assert answer.status_code == 200, answer.text
    return int(answer.text)


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_every_acknowledged_batch_outlives_a_kill(front):
    ask(front, "CREATE TABLE default.batches (batch UInt32, n UInt32) ENGINE = MergeTree ORDER BY batch")
    acknowledged: list[int] = []
    rows = 2000

    def deliver(start: int) -> None:
        for batch in range(start, 100_000, 3):
            data = "".join(f"{batch},{n}\n" for n in range(rows))
            try:
                answer = ask(front, data, query="INSERT INTO default.batches FORMAT CSV")
            except requests.RequestException:
                return
            if answer.status_code == 200:
                acknowledged.append(batch)

    threads = [threading.Thread(target=deliver, args=(start,)) for start in range(3)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(acknowledged) >= 12)
    front.kill()
    for thread in threads:
        thread.join()
    front.start()

    found = ask(front, "SELECT batch, count(), uniqExact(n) FROM default.batches GROUP BY batch").text.split("\n")[:-1]
    counts = {
        int(batch): (int(count), int(distinct)) for batch, count, distinct in (line.split("\t") for line in found)
    }
    assert set(acknowledged) <= set(counts)
    assert set(counts.values()) == {(rows, rows)}


def test_a_stop_finishes_what_is_under_way_and_keeps_it(front):
    ask(front, "CREATE TABLE default.kept (n UInt32) ENGINE = MergeTree ORDER BY n")
    begun, go_on = threading.Event(), threading.Event()

    def rows() -> Iterator[bytes]:
        yield b"1\n"
        begun.set()
        go_on.wait(20)
        yield b"2\n"

    with ThreadPoolExecutor(1) as pool:
        arguments = {"query": "INSERT INTO default.kept FORMAT CSV"}
        insert = pool.submit(lambda: requests.post(front.url, params=arguments, data=rows(), timeout=30))
        assert begun.wait(20)
        front.process.send_signal(signal.SIGTERM)
        assert until(lambda: not listens(front))
        go_on.set()
        assert insert.result().status_code == 200
    assert front.process.wait(30) == 0
    front.start()

    assert number(front, "SELECT sum(n) FROM default.kept") == 3


def listens(front: Front) -> bool:
    try:
        requests.get(f"{front.url}/ping", timeout=2)
    except requests.ConnectionError:
        return False
    return True


def test_a_stop_does_not_wait_for_a_client_that_does_not_go_on(front):
    held = requests.get(front.url, params={"query": "SELECT * FROM system.numbers"}, stream=True, timeout=10)
    parts = held.iter_content(1024)
    next(parts)
    started = time.monotonic()

    assert front.stop() == 0
    assert time.monotonic() - started < 20
    held.close()


def test_tables_of_the_default_database_and_of_others_outlive_a_stop(front):
    for statement in (
        "CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n",
        "INSERT INTO t VALUES (7)",
        "CREATE DATABASE other",
        "CREATE TABLE other.t (n UInt8) ENGINE = ReplacingMergeTree ORDER BY n",
        "INSERT INTO other.t VALUES (8)",
    ):
        assert ask(front, statement).status_code == 200
    for _ in range(2):
        assert front.stop() == 0
        front.start()

    assert number(front, "SELECT n FROM default.t") == 7
    assert number(front, "SELECT n FROM other.t") == 8


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_default_database_without_tables_does_not_keep_it_from_starting_again(front, end):
    for statement in ("CREATE DATABASE other", "CREATE TABLE other.t (n UInt8) ENGINE = MergeTree ORDER BY n"):
        assert ask(front, statement).status_code == 200
    for _ in range(2):
        getattr(front, end)()
        front.start()
        assert number(front, "SELECT count() FROM other.t") == 0
    for statement in ("CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n", "INSERT INTO t VALUES (9)"):
        assert ask(front, statement).status_code == 200
    getattr(front, end)()
    front.start()
    assert number(front, "SELECT n FROM default.t") == 9
    assert ask(front, "DROP TABLE t SYNC").status_code == 200
    getattr(front, end)()
    front.start()
    assert number(front, "SELECT count() FROM system.tables WHERE database = 'default'") == 0


@pytest.mark.parametrize("taken", ["folder", "port"])
def test_a_second_process_says_what_is_taken(front, tmp_path, taken):
    path = front.path if taken == "folder" else tmp_path / "other"
    port = front.port if taken == "port" else 1
    command = [
        sys.executable,
        "-m",
        "deploy.local.clickhouse",
        "--path",
        str(path),
        "--host",
        HOST,
        "--port",
        str(port),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert ("cannot_open" if taken == "folder" else "cannot_listen") in ended.stderr
    assert number(front, "SELECT 1") == 1


def test_a_result_larger_than_memory_streams_through(front):
    process = psutil.Process(front.process.pid)
    number(front, "SELECT count() FROM numbers(1000000)")
    before = peak = process.memory_info().rss
    size = 0
    with requests.get(
        front.url, params={"query": "SELECT number FROM numbers(60000000)"}, stream=True, timeout=60
    ) as answer:
        for part in answer.iter_content(1 << 20):
            size += len(part)
            peak = max(peak, process.memory_info().rss)

    assert size > 500 << 20
    assert peak - before < 200 << 20


def test_a_statement_ends_when_its_client_goes_away(tmp_path):
    # One statement runs at a time: another gets its turn when the first has ended, and not before.
    alone = Front(tmp_path / "data", options=("--at-once", "1", "--queue-seconds", "0.3"))
    alone.start()
    try:
        held = requests.get(alone.url, params={"query": "SELECT * FROM system.numbers"}, stream=True, timeout=10)
        # Kept: an iterator that is dropped closes the connection.
        parts = held.iter_content(1024)
        next(parts)
        assert "TOO_MANY_SIMULTANEOUS_QUERIES" in ask(alone, "SELECT 1").text
        held.close()

        assert until(lambda: ask(alone, "SELECT 1").text == "1\n")
    finally:
        end(alone)


def test_clients_are_served_side_by_side(front):
    def sums(thread: int) -> set[int]:
        client = clickhouse_connect.get_client(host=HOST, port=front.port)
        found = {client.command(f"SELECT sum(number) + {thread} FROM numbers(100000)") - thread for _ in range(20)}
        client.close()
        return found

    with ThreadPoolExecutor(12) as pool:
        assert set.union(*pool.map(sums, range(12))) == {100_000 * 99_999 // 2}


def test_a_long_statement_does_not_hold_up_short_ones(front):
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(ask, front, "SELECT sum(sleepEachRow(0.5)) FROM numbers(6) SETTINGS max_block_size = 1")
        assert until(
            lambda: number(front, "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sum(sleep%'") == 1
        )
        assert not long.done()
        assert number(front, "SELECT 1") == 1
        assert not long.done()
        assert long.result().status_code == 200


def test_connections_that_lie_idle_take_no_thread(narrow):
    sessions = [requests.Session() for _ in range(20)]
    for session in sessions:
        session.auth = ("default", PASSWORD)
        arguments = {"query": "INSERT INTO FUNCTION null('a UInt8') FORMAT CSV"}
        assert session.post(narrow.url, params=arguments, data=iter([b"1\n"]), timeout=10).status_code == 200

    assert ask(narrow, "SELECT 1").text == "1\n"
    for session in sessions:
        session.close()


def test_a_statement_that_gets_no_turn_is_told_so(narrow):
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(ask, narrow, "SELECT sum(sleepEachRow(0.3)) FROM numbers(5) SETTINGS max_block_size = 1")
        turned_away = []
        until(lambda: long.done() or turned_away.append(ask(narrow, "SELECT 1")) or turned_away[-1].status_code != 200)
        assert requests.get(f"{narrow.url}/ping", timeout=1).ok
        assert long.result().status_code == 200

    answer = turned_away[-1]
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (503, "202")
    assert "TOO_MANY_SIMULTANEOUS_QUERIES" in answer.text
    assert ask(narrow, "SELECT 1").text == "1\n"


def test_a_statement_that_takes_too_long_is_ended(narrow):
    started = time.monotonic()
    answer = ask(narrow, "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (408, "159")
    assert time.monotonic() - started < 20


def test_a_statement_may_ask_for_its_own_time(narrow):
    answer = ask(narrow, "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)", max_execution_time="0.2")

    assert answer.headers["X-ClickHouse-Exception-Code"] == "159"
    assert "200" in answer.text


def test_a_statement_that_takes_too_much_memory_is_refused_and_others_go_on(narrow):
    answer = ask(narrow, "SELECT length(groupArray(repeat(toString(number), 500000))) FROM numbers(5000)")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "241")
    assert ask(narrow, "SELECT 1").text == "1\n"


@pytest.mark.parametrize("way", ["basic", "headers", "arguments"])
def test_the_password_opens(narrow, way):
    headers, arguments, auth = {}, {"query": "SELECT 1"}, None
    if way == "basic":
        auth = ("default", PASSWORD)
    elif way == "headers":
        headers = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": PASSWORD}
    else:
        arguments |= {"user": "default", "password": PASSWORD}

    assert requests.get(narrow.url, params=arguments, headers=headers, auth=auth, timeout=5).text == "1\n"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "wrong"},
        {"X-ClickHouse-User": "somebody", "X-ClickHouse-Key": PASSWORD},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer x"},
    ],
    ids=["no password", "wrong password", "unknown user", "no credential", "another scheme"],
)
def test_nobody_else_gets_in(narrow, headers):
    answer = requests.post(narrow.url, data="SELECT 1", headers=headers, timeout=5)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (401, "516")
    assert answer.text != "1\n"


def test_the_driver_says_that_the_password_is_wrong(narrow):
    with pytest.raises(DatabaseError) as error:
        clickhouse_connect.get_client(host=HOST, port=narrow.port, password="wrong")

    assert error.value.code == 516


def test_the_password_is_not_in_the_log(narrow):
    log = narrow.path.parent / f"{narrow.path.name}.log"

    assert PASSWORD not in log.read_text()
    assert os.path.getsize(log) > 0
