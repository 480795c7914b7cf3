"""What the API asks of MySQL, of the real one and of the one in memory: users' numbers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import pytest

from api.live.numbers import MySQLNumbers
from api.ports import NumberedUser, Unavailable, UserNumbers
from stores.settings import MySQL, Settings
from stores.user_numbers import UserNumbers as Given
from tests.fakes.api_stores import MemoryNumbers, MemoryUsers

Holding = Callable[[Sequence[str]], tuple[UserNumbers, dict[str, int]]]


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def holding(request: pytest.FixtureRequest) -> Holding:
    """Numbers for the users asked for, and what they are."""
    if request.param == "memory":

        def remembered(user_ids: Sequence[str]) -> tuple[UserNumbers, dict[str, int]]:
            given = {user_id: number for number, user_id in enumerate(user_ids, 1)}
            return MemoryNumbers(MemoryUsers(NumberedUser(*pair) for pair in given.items())), given

        return remembered
    settings: Settings = request.getfixturevalue("stack").settings

    def stored(user_ids: Sequence[str]) -> tuple[UserNumbers, dict[str, int]]:
        numbers = Given(settings)
        try:
            return MySQLNumbers(settings), numbers.numbers(user_ids)
        finally:
            numbers.close()

    return stored


def test_a_user_has_the_number_that_it_was_given_and_keeps_it(holding):
    mark = str(uuid.uuid4())
    user_ids = [f"{mark}{ending}" for ending in ("", "x", "用", "é", "' OR 1=1 --", "X")]
    numbers, given = holding(user_ids)
    assert {user_id: numbers.number_of(user_id) for user_id in user_ids} == given
    assert {user_id: numbers.number_of(user_id) for user_id in user_ids} == given


def test_a_user_that_differs_in_case_or_by_a_blank_is_another(holding):
    mark = f"a{uuid.uuid4()}"
    numbers, _ = holding([mark])
    assert [numbers.number_of(other) for other in (mark + " ", mark.upper(), mark[:-1], "")] == [None] * 4


@pytest.mark.stack
def test_a_user_that_gets_its_number_after_it_was_asked_for_is_found(stack):
    numbers = MySQLNumbers(stack.settings)
    user_id = str(uuid.uuid4())
    assert numbers.number_of(user_id) is None
    given = Given(stack.settings)
    expected = given.numbers([user_id])[user_id]
    given.close()
    assert numbers.number_of(user_id) == expected


def test_a_store_that_is_away_is_named():
    with pytest.raises(Unavailable, match="mysql does not answer"):
        MySQLNumbers(Settings(mysql=MySQL(port=1))).number_of("u1")
