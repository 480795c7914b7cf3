"""The log is told of every merge, whenever the process that tells it is killed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.identities import IdentityPublisher
from stores.kafka_client import KafkaUnavailable
from tagging.identity import Identity, Merge, MergeRefused
from tests.fakes.memory_identities import MemoryIdentities

AT_MS = 1_790_000_000_000


@dataclass
class MemoryLog:
    """What was told, in order. `killed`: after so many messages the process is gone, before it noted anything."""

    told: list[Identity] = field(default_factory=list)
    killed: int | None = None

    def tell(self, identities) -> None:
        for each in identities:
            if self.killed is not None:
                self.killed -= 1
                if self.killed < 0:
                    raise KafkaUnavailable("killed")
            self.told.append(each)

    def now(self) -> dict[str, str]:
        """As readers see it: of each id the change with the highest number."""
        newest = {}
        for each in self.told:
            if each.user_id not in newest or each.change > newest[each.user_id].change:
                newest[each.user_id] = each
        return {each.user_id: each.canonical for each in newest.values() if each.canonical != each.user_id}


def test_each_id_that_moved_is_told_once_and_an_id_by_itself_again_has_itself():
    identities, log = MemoryIdentities(), MemoryLog()
    publisher = IdentityPublisher(identities, log, lambda: True)
    merge = identities.merge(Merge("m1", "a", "b", "", "ann", AT_MS))
    assert publisher.step() and not publisher.step()
    identities.unmerge("a", merge.id, "ann", AT_MS + 1)
    assert publisher.step() and not publisher.step()
    assert [(each.user_id, each.canonical, each.merge_id) for each in log.told] == [("a", "b", "m1"), ("a", "a", "m1")]
    assert log.told[0].change < log.told[1].change


def test_who_does_not_lead_tells_nothing():
    identities, log = MemoryIdentities(), MemoryLog()
    identities.merge(Merge("m1", "a", "b", "", "ann", AT_MS))
    assert not IdentityPublisher(identities, log, lambda: False).step()
    assert log.told == [] and identities.waiting() == 1


STEPS = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.integers(0, 3)), max_size=20)


@given(STEPS)
def test_wherever_it_is_killed_the_log_ends_with_what_mysql_has(steps):
    identities, log = MemoryIdentities(), MemoryLog()
    publisher = IdentityPublisher(identities, log, lambda: True)
    for number, (user_id, other, killed) in enumerate(steps):
        held = [each for each in identities.merges(user_id) if each.is_open and each.user_id == user_id]
        if held:
            identities.unmerge(user_id, held[0].id, "ann", AT_MS + number)
        else:
            try:
                identities.merge(Merge(f"m{number}", user_id, other, "", "ann", AT_MS + number))
            except MergeRefused:
                continue
        log.killed = killed
        try:
            publisher.step()
        except KafkaUnavailable:
            continue
    log.killed = None
    while publisher.step():
        pass
    assert log.now() == dict(identities.canonicals("abcde"))


def test_a_log_that_is_away_is_waited_for_by_the_loop():
    identities = MemoryIdentities()
    identities.merge(Merge("m1", "a", "b", "", "ann", AT_MS))
    with pytest.raises(KafkaUnavailable):
        IdentityPublisher(identities, MemoryLog(killed=0), lambda: True).step()
    assert identities.waiting() == 1
