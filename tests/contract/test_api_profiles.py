"""What the API asks of HBase, of the real one and of the one in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

import pytest

from api.live.profiles import HBaseProfiles
from api.ports import Profiles, ProfileValue, Unavailable
from stores.hbase import ProfileCell, ProfileStore
from stores.settings import HBase, Settings
from tests.fakes.api_stores import AT_MS, MemoryProfiles

Holding = Callable[[Mapping[str, Sequence[ProfileValue]]], Profiles]


@pytest.fixture(params=["memory", pytest.param("hbase", marks=pytest.mark.stack)])
def holding(request: pytest.FixtureRequest) -> Holding:
    """Profiles that hold what they are given."""
    if request.param == "memory":
        return MemoryProfiles
    shared: Settings = request.getfixturevalue("stack").settings
    # A table of its own: its users are nobody's to the built-in tags, so a proof on the same stack would find them.
    table = shared.hbase.model_copy(update={"table": "contract_profiles"})
    settings = shared.model_copy(update={"hbase": table})

    def written(values: Mapping[str, Sequence[ProfileValue]]) -> Profiles:
        with ProfileStore(settings.hbase) as store:
            store.create_table()
            store.write(
                {
                    user_id: {
                        (cell.tag, cell.version): ProfileCell(cell.value, cell.changed_at_ms, 1) for cell in cells
                    }
                    for user_id, cells in values.items()
                }
            )
        return HBaseProfiles(settings)

    return written


def test_a_user_without_a_profile_has_no_values(holding):
    assert list(holding({}).read(f"nobody-{uuid.uuid4()}")) == []


@pytest.mark.parametrize("name", ["plain", "with/slash", "用户 with a space", "x" * 90])
def test_values_of_every_type_and_version_come_back_as_they_were_written(holding, name):
    user_id = f"{name}-{uuid.uuid4()}"
    values = [
        ProfileValue("city", 1, "Zürich", AT_MS),
        ProfileValue("city", 2, "Bern", AT_MS + 1),
        ProfileValue("spend", 1, 12.5, AT_MS + 2),
        ProfileValue("orders_30d", 1, 2**53, AT_MS + 3),
        ProfileValue("vip", 10, False, AT_MS + 4),
        ProfileValue("lost", 1, None, AT_MS + 5, absent=True),
    ]
    found = holding({user_id: values, user_id + "x": [ProfileValue("city", 1, "Basel", AT_MS)]}).read(user_id)
    assert sorted(found, key=lambda value: (value.tag, value.version)) == sorted(
        values, key=lambda value: (value.tag, value.version)
    )


def test_many_are_read_at_once_and_who_has_no_profile_is_empty(holding):
    users = [f"{name}-{uuid.uuid4()}" for name in ("ann", "ben", "nobody")]
    values = {user_id: [ProfileValue("city", 1, user_id, AT_MS)] for user_id in users[:2]}
    found = holding(values).read_many([*users, users[0]])
    assert {user_id: list(of_user) for user_id, of_user in found.items()} == {**values, users[2]: []}
    assert holding(values).read_many([]) == {}


def test_a_store_that_is_away_is_named():
    profiles = HBaseProfiles(Settings(hbase=HBase(port=1)))
    with pytest.raises(Unavailable, match="hbase does not answer"):
        profiles.read("u1")
