"""Dense numbers for users: those of MySQL, and those in memory."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pymysql
import pytest

import sql
from stores.mysql import MySQLUnavailable, transaction
from stores.settings import MySQL, Settings
from stores.user_numbers import UserNumbers
from tests.fakes.memory_stores import MemoryCounter, MemoryNumbers


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def create(request) -> Callable[[], UserNumbers | MemoryNumbers]:
    """Makes one process's view of the same numbers."""
    if request.param == "memory":
        counter = MemoryCounter()
        return lambda: MemoryNumbers(counter)
    settings = request.getfixturevalue("stack").settings
    return lambda: UserNumbers(settings)


@pytest.fixture
def user() -> str:
    return uuid.uuid4().hex


def test_new_users_get_the_next_numbers_in_the_order_asked(create, user):
    numbers = create()
    first = numbers.numbers([f"{user}-first"])[f"{user}-first"]
    assert first >= 1
    asked = [f"{user}-{number}" for number in range(3_000)]
    assert numbers.numbers(asked) == {user_id: first + 1 + place for place, user_id in enumerate(asked)}


def test_a_user_keeps_its_number_in_every_process(create, user):
    given = create().numbers([f"{user}-a", f"{user}-b"])
    assert create().numbers([f"{user}-b", f"{user}-a", f"{user}-b"]) == given


def test_asking_for_nobody_gives_nothing(create):
    assert create().numbers([]) == {}


def test_ids_that_differ_in_case_accent_or_trailing_space_are_different_users(create, user):
    ids = [user + ending for ending in ("a", "A", "á", "a ", "a\x00", "a\t", "😀", "ａ")]
    assert len(set(create().numbers(ids).values())) == len(ids)


def test_the_longest_id_has_room(create, user):
    longest = "😀" * 128
    assert create().numbers([longest]) == create().numbers([longest])


def test_processes_that_race_give_no_number_twice_and_leave_no_gap(create, user):
    before = create().numbers([f"{user}-before"])[f"{user}-before"]
    everybody = [f"{user}-{number}" for number in range(400)]
    given: list[dict[str, int]] = []
    start = threading.Barrier(6)

    def race(place: int) -> None:
        numbers = create()
        start.wait()
        for begin in range(0, 400, 20):
            # Each from another side, so that they meet new users together and apart.
            at = (begin + place * 70) % 400
            given.append(numbers.numbers(everybody[at : at + 30]))

    threads = [threading.Thread(target=race, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 6 * 20
    seen: dict[str, set[int]] = {}
    for part in given:
        for user_id, number in part.items():
            seen.setdefault(user_id, set()).add(number)
    assert all(len(numbers) == 1 for numbers in seen.values())
    assert sorted(number for numbers in seen.values() for number in numbers) == list(range(before + 1, before + 401))


@pytest.mark.stack
def test_a_transaction_that_fails_uses_up_no_number(stack, user):
    numbers = UserNumbers(stack.settings)
    first = numbers.numbers([f"{user}-first"])[f"{user}-first"]
    with pytest.raises(pymysql.DataError):
        numbers.numbers([f"{user}-ok", "x" * 513])
    assert numbers.numbers([f"{user}-second"]) == {f"{user}-second": first + 1}


@pytest.mark.stack
def test_users_met_before_are_not_asked_for_again_and_only_so_many_are_kept(stack, user):
    numbers = UserNumbers(stack.settings, known_users=2)
    given = numbers.numbers([f"{user}-1", f"{user}-2", f"{user}-3"])
    numbers.close()
    unreachable = stack.settings.model_copy(update={"mysql": MySQL(port=1)})
    numbers._settings = unreachable
    assert numbers.numbers([f"{user}-3", f"{user}-2"]) == {name: given[name] for name in (f"{user}-2", f"{user}-3")}
    with pytest.raises(MySQLUnavailable):
        numbers.numbers([f"{user}-1"])


@pytest.mark.stack
def test_a_connection_that_was_killed_is_replaced_at_the_next_try(stack, user):
    numbers = UserNumbers(stack.settings)
    first = numbers.numbers([f"{user}-1"])[f"{user}-1"]
    with transaction(stack.settings) as cursor:
        cursor.execute(f"KILL {numbers._connection.thread_id()}")
    with pytest.raises(MySQLUnavailable):
        numbers.numbers([f"{user}-2"])
    assert numbers.numbers([f"{user}-2"]) == {f"{user}-2": first + 1}


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        UserNumbers(Settings(mysql=MySQL(port=1))).numbers(["u"])


@pytest.mark.stack
def test_the_tables_may_be_created_again(stack, user):
    given = UserNumbers(stack.settings).numbers([user])
    with transaction(stack.settings) as cursor:
        for statement in sql.text("mysql/tagging.sql").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
    assert UserNumbers(stack.settings).numbers([user]) == given
