"""Users are merged and unmerged over HTTP, and whoever asks for any id is answered of the person."""

from __future__ import annotations

import pytest

from api import create_app
from stores.settings import Settings
from tagging.access import Role
from tagging.identity import MOST_IDS
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_history import StoredChange

USERS = "/api/v1/users"
MINUTE_MS = 60_000


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def now() -> list[int]:
    """The time that it is, which a test moves."""
    return [AT_MS]


@pytest.fixture
def client(world: World, now: list[int]):
    return create_app(Settings(), world.stores(), clock=lambda: now[0], wait=lambda seconds: None).test_client()


def merge(client, user_id: str, into: str, **more):
    return client.post(f"{USERS}/{user_id}/merges", json={"into": into, "reason": "the same phone"}, **more)


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_a_merge_says_who_made_it_when_and_why(client):
    made = merge(client, "u1", "u3", headers={"X-Actor": "ann"})
    assert made.status_code == 201
    assert made.json == {
        "id": made.json["id"],
        "user_id": "u1",
        "into": "u3",
        "reason": "the same phone",
        "masked": False,
        "merged_by": "ann",
        "merged_at": "2026-09-21T14:13:20.000Z",
        "undone_by": None,
        "undone_at": None,
    }
    for user_id in ("u1", "u3"):
        listed = client.get(f"{USERS}/{user_id}/merges").json
        assert listed == {"user_id": user_id, "canonical": "u3", "identities": ["u1", "u3"], "items": [made.json]}
    assert client.get(f"{USERS}/u1/merges/{made.json['id']}").json == made.json
    for other in (f"{USERS}/u3/merges/{made.json['id']}", f"{USERS}/u1/merges/{'0' * 32}"):
        assert code(client.get(other)) == (404, "merge_not_found")


def test_the_same_request_sent_twice_is_one_merge(client):
    first, second = (merge(client, "u1", "u3", headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert code(merge(client, "u1", "u3")) == (409, "already_merged")


def test_an_id_of_a_person_is_answered_with_the_persons_profile_and_says_whose_it_is(client, world):
    alone = client.get(f"{USERS}/u3").json
    assert (alone["merged_into"], alone["identities"]) == (None, ["u3"])
    merge(client, "u1", "u3")
    found = client.get(f"{USERS}/u1").json
    assert found == {**alone, "user_id": "u1", "merged_into": "u3", "identities": ["u1", "u3"]}
    assert client.get(f"{USERS}/u3").json["identities"] == ["u1", "u3"]
    assert '"merged_into":"u3"' in client.get(f"{USERS}/u1/live?seconds=0").text


def test_somebody_without_any_tag_is_found_once_merged(client):
    assert client.get(f"{USERS}/device-7").status_code == 404
    merge(client, "device-7", "nobody-yet")
    assert client.get(f"{USERS}/device-7").json["merged_into"] == "nobody-yet"


def test_a_search_finds_the_id_and_says_where_it_went(client):
    merge(client, "u1", "u3")
    found = {user["user_id"]: user["merged_into"] for user in client.get(f"{USERS}?search=u").json["items"]}
    assert found["u1"] == "u3" and {found[user] for user in found if user != "u1"} == {None}


def test_events_of_all_ids_are_one_timeline_and_each_says_under_which_id_it_was_logged(client):
    assert client.get(f"{USERS}/u3/events").json["items"] == []
    merge(client, "u1", "u3")
    for user_id in ("u1", "u3"):
        items = client.get(f"{USERS}/{user_id}/events").json["items"]
        assert [(item["event_id"], item["user_id"]) for item in items] == [("e0", "u1"), ("e1", "u1"), ("e2", "u1")]


def test_changes_are_those_of_the_canonical_id(client, world):
    world.history.stored.append(StoredChange("u3", "tier", 1, "gold", AT_MS, 9))
    merge(client, "u1", "u3")
    answers = [client.get(f"{USERS}/{user_id}/tags/tier/changes").json["items"] for user_id in ("u1", "u3")]
    assert answers[0] == answers[1] == [{"value": "gold", "at": "2026-09-21T14:13:20.000Z"}]


def test_why_looks_at_the_rows_of_all_ids_and_at_a_time_at_those_that_were_one_person_then(client, now):
    def why(user_id: str, at: str) -> dict:
        return client.get(f"{USERS}/{user_id}/tags/spend/why?at={at}").json

    merge(client, "u1", "u3")
    now[0] += MINUTE_MS
    before, after = "2026-09-21T14:13:19Z", "2026-09-21T14:13:21Z"
    assert why("u1", before)["merged_into"] is None and why("u1", after)["merged_into"] == "u3"
    # The row of an id that is merged into another is nobody's; the canonical id has its own, and here it has none.
    told = client.get(f"{USERS}/u1/tags/tier/why?at={after}").json
    assert (told["value"], told["merged_into"]) == (None, "u3")
    assert client.get(f"{USERS}/u1/tags/tier/why?at={before}").json["value"] == "gold"
    for path in ("tags", "tags/tier"):
        assert client.get(f"{USERS}/u1/{path}?at={after}").json["merged_into"] == "u3"


def test_what_is_undone_is_by_itself_again_and_who_came_along_stays(client, now):
    merge(client, "u0", "u1")
    made = merge(client, "u1", "u3").json
    assert client.get(f"{USERS}/u0").json["merged_into"] == "u3"
    now[0] += MINUTE_MS
    undone = client.delete(f"{USERS}/u1/merges/{made['id']}", headers={"X-Actor": "bob"})
    assert (undone.status_code, undone.json["undone_by"], undone.json["undone_at"]) == (
        200,
        "bob",
        "2026-09-21T14:14:20.000Z",
    )
    assert client.get(f"{USERS}/u0").json["merged_into"] == "u1"
    assert client.get(f"{USERS}/u3").json["identities"] == ["u3"]
    again = client.delete(f"{USERS}/u1/merges/{made['id']}", headers={"X-Actor": "eve"})
    assert again.json == undone.json
    assert code(client.get(f"{USERS}/u1/merges/{made['id']}")) == (404, "merge_not_found")
    assert client.get(f"{USERS}/u1/merges").json["items"][0] == undone.json


def test_only_a_merge_of_the_user_is_undone_and_nobody_is_erased_by_it(client, world):
    made = merge(client, "u1", "u3").json
    assert code(client.delete(f"{USERS}/u3/merges/{made['id']}")) == (404, "merge_not_found")
    assert client.delete(f"{USERS}/u1/merges/no-id").status_code == 422
    assert client.delete(f"{USERS}/u1/merges").status_code == 405
    assert not world.erasures.rows


@pytest.mark.parametrize(("user_id", "into", "reason"), [
    ("u1", "u1", "merge_into_itself"), ("u3", "u1", "merge_cycle"), ("u1", "u2", "already_merged"),
])  # fmt: skip
def test_what_makes_no_person_is_refused_with_its_reason(client, user_id, into, reason):
    if reason != "merge_into_itself":
        merge(client, "u1", "u3")
    assert code(merge(client, user_id, into)) == (409, reason)


def test_a_person_has_a_bounded_number_of_ids(client):
    for number in range(MOST_IDS - 1):
        assert merge(client, f"device-{number}", "u1").status_code == 201
    assert code(merge(client, "one-more", "u1")) == (409, "too_many_ids")


def test_who_is_erased_is_merged_with_nobody_and_who_is_merged_is_not_erased(client, world):
    client.delete(f"{USERS}/u2")
    assert code(merge(client, "u2", "u1")) == code(merge(client, "u1", "u2")) == (409, "user_erased")
    merge(client, "u1", "u3")
    for user_id, other in (("u1", "u3"), ("u3", "u1")):
        refused = client.delete(f"{USERS}/{user_id}")
        assert code(refused) == (409, "user_merged") and other in refused.json["error"]["message"]
    assert len(world.erasures.rows) == 1


def test_an_id_with_a_slash_is_merged_like_any_other(client):
    made = merge(client, "old/one", "u3")
    assert made.json["user_id"] == "old/one"
    assert client.delete(f"{USERS}/old/one/merges/{made.json['id']}").status_code == 200


def test_viewers_see_who_is_one_person_and_not_why_and_approvers_merge():
    access = guarded()
    people = {role: access.browser(role) for role in (Role.VIEWER, Role.EDITOR, Role.APPROVER)}
    body = {"into": "u3", "reason": "the same phone"}
    for role in (Role.VIEWER, Role.EDITOR):
        assert people[role].send("POST", "/users/u1/merges", json=body).status_code == 403
    made = people[Role.APPROVER].send("POST", "/users/u1/merges", json=body)
    assert made.status_code == 201
    for role in (Role.VIEWER, Role.EDITOR):
        assert people[role].send("DELETE", f"/users/u1/merges/{made.json['id']}").status_code == 403
    (seen,) = people[Role.VIEWER].send("GET", "/users/u1/merges").json["items"]
    assert (seen["into"], seen["reason"], seen["masked"]) == ("u3", None, True)
    (seen,) = people[Role.EDITOR].send("GET", "/users/u1/merges").json["items"]
    assert (seen["reason"], seen["masked"]) == ("the same phone", False)
    people[Role.APPROVER].send("DELETE", f"/users/u1/merges/{made.json['id']}")
    done = [(what, status) for _, what, status in access.deeds() if what.startswith("user_merges.") and status != 403]
    assert done == [("user_merges.merge_user", 201), ("user_merges.unmerge_user", 200)]


def test_profiles_are_answered_while_mysql_is_away(client, world):
    merge(client, "u1", "u3")
    world.identities.fail()
    assert client.get(f"{USERS}/u1").json["merged_into"] == "u3"
    assert client.get(f"{USERS}/u1/merges").status_code == 503
