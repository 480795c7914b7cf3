"""Crowds over each other against sets in plain Python, and over HTTP."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from api import create_app
from stores.settings import Settings
from tagging.crowd_overlap import MOST_CROWDS, overlaps
from tagging.statistics import benjamini_hochberg
from tests.fakes.api_stores import seeded

GOLD = {"tag": "tier", "in": ["gold"]}
RICH = {"tag": "spend", "at_least": 20}
PATH = "/api/v1/crowd-overlap"


def matrix(crowds: list[frozenset[int]]) -> list[list[int]]:
    return [[len(one & other) for other in crowds] for one in crowds]


WORLDS = st.integers(1, 40).flatmap(
    lambda users: st.tuples(st.just(users), st.lists(st.frozensets(st.integers(0, users - 1)), min_size=2, max_size=5))
)


@given(world=WORLDS)
def test_every_cell_is_what_sets_say_of_it(world):
    users, crowds = world
    found = {(cell.row, cell.column): cell for cell in overlaps(matrix(crowds), users)}
    assert list(found) == [(row, column) for row in range(len(crowds)) for column in range(len(crowds))]
    for (row, column), cell in found.items():
        one, other = crowds[row], crowds[column]
        both, either = one & other, one | other
        assert (cell.users, cell.union) == (len(both), len(either))
        assert len(one) + len(other) == cell.users + cell.union
        assert cell.jaccard == (len(both) / len(either) if either else None)
        assert cell.share == (len(both) / len(one) if one else None)
        assert (cell.lift is None) == (not one or not other)
        if cell.lift is not None:
            expected = Fraction(len(both) * users, len(one) * len(other))
            assert math.isclose(cell.lift, expected, rel_tol=1e-12)
            if row != column:
                assert cell.low <= cell.lift * (1 + 1e-12) and cell.lift <= cell.high * (1 + 1e-12)


@given(world=WORLDS)
def test_pairs_are_the_same_from_both_sides_but_for_the_share(world):
    users, crowds = world
    found = {(cell.row, cell.column): cell for cell in overlaps(matrix(crowds), users)}
    for (row, column), cell in found.items():
        back = found[column, row]
        assert (cell.users, cell.union, cell.jaccard, cell.small) == (back.users, back.union, back.jaccard, back.small)
        assert (cell.adjusted is None) == (back.adjusted is None)
        if cell.lift is not None:
            assert math.isclose(cell.lift, back.lift, rel_tol=1e-12)
        if cell.adjusted is not None:
            assert math.isclose(cell.adjusted, back.adjusted, rel_tol=1e-9)


def test_a_pair_is_tested_as_pearson_tests_its_table_and_corrected_for_the_number_of_pairs():
    crowds = [frozenset(range(0, 400)), frozenset(range(200, 700)), frozenset(range(0, 1000, 3))]
    found = {(cell.row, cell.column): cell for cell in overlaps(matrix(crowds), 1000)}
    everyone = frozenset(range(1000))
    pairs = [(0, 1), (0, 2), (1, 2)]
    raw = []
    for row, column in pairs:
        one, other = crowds[row], crowds[column]
        table = [[len(side & part) for part in (other, everyone - other)] for side in (one, everyone - one)]
        raw.append(stats.chi2_contingency(table, correction=False).pvalue)
    for pair, expected in zip(pairs, benjamini_hochberg(raw), strict=True):
        assert math.isclose(found[pair].adjusted, expected, rel_tol=1e-9)
    assert all(found[place, place].adjusted is None for place in range(3))


@pytest.fixture
def world():
    return seeded()


@pytest.fixture
def client(world):
    client = create_app(Settings(), world.stores()).test_client()
    for name, rule in [("gold", GOLD), ("rich", RICH), ("nobody", {"tag": "tier", "in": ["none"]})]:
        answer = client.post("/api/v1/crowds", json={"name": name, "title": name.title(), "rule": rule})
        assert answer.status_code == 201
    return client


def ask(client, *names, **more):
    return client.get(PATH, query_string={"crowds": list(names), **more})


def users_of(client, rule):
    return client.post("/api/v1/crowds/estimate", json={"rule": rule}).json["users"]


def test_the_matrix_counts_what_the_estimate_of_each_pair_counts(client):
    answer = ask(client, "gold", "rich", "nobody").json
    assert [(crowd["name"], crowd["title"]) for crowd in answer["crowds"]] == [
        ("gold", "Gold"),
        ("rich", "Rich"),
        ("nobody", "Nobody"),
    ]
    assert (answer["base"], answer["base_users"], answer["generation"]) == (None, 5, 7)
    assert len(answer["cells"]) == 9
    for cell in answer["cells"]:
        pair = [{"crowd": cell["row"]}, {"crowd": cell["column"]}]
        assert (cell["users"], cell["union"]) == (users_of(client, {"all": pair}), users_of(client, {"any": pair}))
    empty = answer["cells"][-1]
    assert (empty["jaccard"], empty["share"], empty["lift"]) == (None, None, None)


def test_within_a_base_only_its_users_count(client):
    answer = ask(client, "gold", "nobody", base="rich").json
    assert (answer["base"], answer["base_users"]) == ("rich", users_of(client, {"crowd": "rich"}))
    both = users_of(client, {"all": [{"crowd": "gold"}, {"crowd": "rich"}]})
    assert answer["crowds"][0]["users"] == both == answer["cells"][0]["users"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("crowds=gold", 422, "crowds"),
        ("", 422, "crowds"),
        ("crowds=gold&crowds=gold", 422, "more than once"),
        ("crowds=gold&crowds=NO", 422, "crowds"),
        ("&".join(f"crowds=c{number}" for number in range(MOST_CROWDS + 1)), 422, "crowds"),
        ("crowds=gold&crowds=gone", 404, "gone"),
        ("crowds=gold&crowds=rich&base=gone", 404, "gone"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, query, status, words):
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == status and words in answer.text


def test_crowds_that_are_too_much_together_are_refused_before_a_store_is_asked(client, world):
    point = {"chart": "trends", "query": {"period": {"last_days": 7}, "event": {"event": "pay"}}, "at_least": 1}
    for number in range(6):
        rule = {"behaviour": point | {"at_least": number + 1}}
        name = f"paid_{number}"
        assert client.post("/api/v1/crowds", json={"name": name, "title": name, "rule": rule}).status_code == 201
    world.crowd_users.fail()
    answer = ask(client, *(f"paid_{number}" for number in range(6)))
    assert answer.status_code == 422
    problem = answer.json["error"]["problems"][0]
    assert (problem["path"], problem["allowed"]) == ("crowds", {"conditions on behaviour": 5})
    assert ask(client, "paid_0", "paid_1").status_code == 503
