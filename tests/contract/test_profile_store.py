"""What the profile sink, the API and the parity check ask of profiles: of HBase, and of those in memory."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.hbase import HBaseUnavailable, ProfileCell, ProfileStore
from stores.settings import HBase
from tagging.parity_buckets import bucket_of
from tests.fakes.memory_stores import MemoryProfiles

VIP, SPEND = ("vip", 1), ("spend", 12)


@pytest.fixture(scope="module", params=["memory", pytest.param("hbase", marks=pytest.mark.stack)])
def profiles(request):
    """An empty table of profiles."""
    if request.param == "memory":
        store = MemoryProfiles()
        store.create_table()
        yield store
        return
    hbase = request.getfixturevalue("stack").settings.hbase
    with ProfileStore(hbase.model_copy(update={"table": f"profile_{uuid.uuid4().hex}"})) as store:
        assert store.create_table()
        yield store


@pytest.fixture
def user() -> str:
    return uuid.uuid4().hex


def test_a_table_is_created_once(profiles):
    assert not profiles.create_table()
    assert profiles.exists()


def test_a_user_nobody_knows_has_an_empty_profile(profiles, user):
    assert profiles.profile(user) == {}


@pytest.mark.parametrize("value", ["gold", "", "é 😀", 0, -7, 2**53, 12.5, True, False, None])
def test_a_cell_comes_back_as_it_was_written(profiles, user, value):
    cell = ProfileCell(value, 1_780_000_000_000, 0)
    assert profiles.write({user: {VIP: cell}}) == 1
    found = profiles.profile(user)
    assert found == {VIP: cell}
    assert type(found[VIP].value) is type(value)


@pytest.mark.parametrize("name", ["with space ", "a:b/c\x00d", "é", "😀" * 128])
def test_any_user_id_is_a_row_of_its_own(profiles, user, name):
    profiles.write({user + name: {VIP: ProfileCell(1, 1, 1)}, user + name[:-1]: {SPEND: ProfileCell(2, 2, 2)}})
    assert profiles.profile(user + name)[VIP] == ProfileCell(1, 1, 1)


def test_an_older_change_that_comes_late_does_not_win(profiles, user):
    profiles.write({user: {VIP: ProfileCell("new", 20, 9)}})
    profiles.write({user: {VIP: ProfileCell("old", 10, 3)}})
    assert profiles.profile(user) == {VIP: ProfileCell("new", 20, 9)}


def test_no_value_wins_over_an_older_value_and_a_late_value_does_not_bring_it_back(profiles, user):
    profiles.write({user: {VIP: ProfileCell("gold", 10, 3)}})
    profiles.write({user: {VIP: ProfileCell(None, 20, 9)}})
    profiles.write({user: {VIP: ProfileCell("gold", 10, 3)}})
    assert profiles.profile(user) == {VIP: ProfileCell(None, 20, 9)}


def test_tags_and_versions_are_apart(profiles, user):
    cells = {VIP: ProfileCell(1, 1, 5), ("vip", 2): ProfileCell(2, 2, 0), SPEND: ProfileCell(3, 3, 2)}
    profiles.write({user: cells})
    assert profiles.profile(user) == cells


def test_profiles_of_many_users_come_in_the_order_asked(profiles, user):
    known = {f"{user}-{number}": {VIP: ProfileCell(number, 1, number)} for number in range(30)}
    profiles.write(known)
    asked = [*reversed(known), f"{user}-unknown"]
    found = profiles.profiles(asked)
    assert list(found) == asked
    assert found == {**known, f"{user}-unknown": {}}


def test_a_scan_gives_every_user_once_however_many_rows_a_call(profiles, user):
    written = {f"{user}-{number}": {SPEND: ProfileCell(number, 1, number)} for number in range(25)}
    profiles.write(written)
    for rows_a_call in (1, 7, 25, 1_000):
        found = [item for item in profiles.scan([SPEND], rows_a_call) if item[0].startswith(user)]
        assert len(found) == 25
        assert dict(found) == written


def test_a_scan_of_some_tags_leaves_out_other_tags_and_users_without_them(profiles, user):
    profiles.write(
        {user: {VIP: ProfileCell(1, 1, 1), SPEND: ProfileCell(2, 2, 2)}, f"{user}-x": {SPEND: ProfileCell(3, 3, 3)}}
    )
    found = {name: held for name, held in profiles.scan([VIP]) if name.startswith(user)}
    assert found == {user: {VIP: ProfileCell(1, 1, 1)}}
    assert list(profiles.scan([])) == []


def test_one_versions_cells_are_removed_in_parts_and_all_others_stay(profiles, user):
    tag, other = (f"t{user}", 1), (f"t{user}", 11)
    written = {f"{user}-{number}": {tag: ProfileCell(number, 1, number)} for number in range(7)}
    profiles.write(written)
    profiles.write({f"{user}-0": {other: ProfileCell("kept", 1, 0)}, f"{user}-x": {other: ProfileCell("kept", 1, 0)}})
    assert [profiles.remove(*tag, most=4) for _ in range(3)] == [4, 3, 0]
    assert list(profiles.scan([tag])) == []
    kept = {other: ProfileCell("kept", 1, 0)}
    assert dict(profiles.scan([other])) == {f"{user}-0": kept, f"{user}-x": kept}


def test_a_scan_of_one_bucket_gives_its_users_alone_however_many_rows_a_call(profiles, user):
    written = {f"{user}-{number}": {VIP: ProfileCell(number, 1, number)} for number in range(40)}
    profiles.write(written)
    bucket = bucket_of(f"{user}-0")
    for rows_a_call in (1, 1_000):
        found = [name for name, _ in profiles.scan([VIP], rows_a_call, bucket) if name.startswith(user)]
        assert sorted(found) == sorted(name for name in written if bucket_of(name) == bucket)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(0, 9)), min_size=1, max_size=12))
def test_in_whatever_order_changes_are_written_the_newest_stays(profiles, changes):
    user, by_offset = uuid.uuid4().hex, {}
    for offset, value in changes:
        # An offset has one value, however often it is delivered.
        value = by_offset.setdefault(offset, value)
        profiles.write({user: {VIP: ProfileCell(value, offset, offset)}})
    newest = max(by_offset)
    assert profiles.profile(user) == {VIP: ProfileCell(by_offset[newest], newest, newest)}


def test_a_gateway_that_is_not_there_is_named():
    store = ProfileStore(HBase(host="127.0.0.1", port=1, timeout_seconds=1))
    with pytest.raises(HBaseUnavailable, match=r"hbase at 127\.0\.0\.1:1: reading profiles 'profile'"):
        store.profile("u")


@pytest.mark.stack
def test_a_table_that_is_not_there_is_named(stack):
    with (
        ProfileStore(stack.settings.hbase.model_copy(update={"table": "no_such_table"})) as store,
        pytest.raises(HBaseUnavailable, match="no_such_table"),
    ):
        store.profile("u")


@pytest.mark.stack
def test_connections_that_a_restart_of_the_gateway_broke_are_replaced(stack):
    with ProfileStore(stack.settings.hbase.model_copy(update={"table": f"profile_{uuid.uuid4().hex}"})) as store:
        store.create_table()
        store.write({"u": {VIP: ProfileCell(1, 1, 1)}})
        stack.restart("thrift")
        assert store.profile("u") == {VIP: ProfileCell(1, 1, 1)}
