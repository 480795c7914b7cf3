"""Deltas sent to a real web server: in order, at least once, later each time they are refused, and again when asked for."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import crowd_hooks
from jobs.crowd_hooks import HookSender, wait_ms
from stores.webhook import NotTaken, Webhooks
from tagging.crowd_watches import Watch
from tagging.webhooks import Hook, State
from tests.delta_lives import Killed, Life, Mortal, publish
from tests.fakes.api_stores import AT_MS, seeded
from tests.receiver import receiving

SECRET = "a secret of both sides"


class World:
    """A watched crowd with one hook, and a clock."""

    def __init__(self, url="https://hooks.example.com/", tells_present=True):
        self.times, self.now_ms = seeded().crowd_times, AT_MS
        self.times.watches.put(Watch("w1", "vip", "ann", AT_MS, tells_present=tells_present))
        self.times.hooks.add(Hook("h1", "vip", url, SECRET, "ann", AT_MS, watch="w1"))

    def sender(self, sender, life=None, most_attempts=3):
        times = self.times
        hooks = Mortal(times.hooks, life or Life(None), "note")
        return HookSender(
            hooks, times.watches.of, times.deltas, sender, lambda: True, lambda: self.now_ms, most_attempts
        )

    @property
    def hook(self):
        return self.times.hooks.held["h1"]


class Takes:
    """A side that takes or refuses in turn, and keeps what it took."""

    def __init__(self, *answers, life=None):
        self.answers, self.taken, self._life = list(answers), [], life or Life(None)

    def send(self, hook, body, delivery):
        self._life.step()
        if self.answers and not self.answers.pop(0):
            raise NotTaken("hooks.example.com:443 answered 503")
        self.taken.append([delta["delta_id"] for delta in orjson.loads(body)["deltas"]])
        self._life.step()


def test_deltas_arrive_at_a_real_server_in_order_and_once():
    with receiving() as receiver:
        world = World(receiver.url)
        sender = world.sender(Webhooks(True, 5))
        assert not sender.step()
        publish(world.times, {2, 4})
        assert sender.step() and not sender.step()
        publish(world.times, {4})
        assert sender.step()
        assert receiver.sequences() == [[1, 2], [3]]
        assert [(d.first_sequence, d.last_sequence, d.delivered) for d in world.times.hooks.ended] == [
            (1, 2, True),
            (3, 3, True),
        ]


def test_a_large_batch_comes_in_bodies_of_bounded_size(monkeypatch):
    monkeypatch.setattr(crowd_hooks, "MOST_OF_A_BODY", 2)
    world, takes = World(), Takes()
    publish(world.times, {1, 2, 3, 4, 5})
    while world.sender(takes).step():
        pass
    assert [len(body) for body in takes.taken] == [2, 2, 1]


def test_what_is_refused_is_tried_again_later_and_then_goes_on():
    with receiving() as receiver:
        receiver.statuses = [503, 500]
        world = World(receiver.url)
        publish(world.times, {2})
        sender = world.sender(Webhooks(True, 5))
        assert sender.step()
        assert world.hook.attempts == 1 and "answered 503" in world.hook.cause
        assert not sender.step(), "it is not due yet"
        for _ in range(2):
            world.now_ms = world.hook.next_at_ms
            assert sender.step()
        assert (world.hook.after, world.hook.attempts, world.hook.cause) == (1, 0, "")
        assert receiver.sequences() == [[1], [1], [1]]
        assert len({one.headers["Tagstream-Delivery"] for one in receiver.received}) == 1


def test_after_the_limit_it_is_dead_lettered_and_rests_until_it_is_replayed():
    world, takes = World(), Takes(False, False, False)
    publish(world.times, {2})
    sender = world.sender(takes)
    for _ in range(5):
        sender.step()
        world.now_ms += 3_600_000
    assert (world.hook.state, world.hook.after, world.hook.attempts) == (State.DEAD, 0, 3)
    [dead] = world.times.hooks.ended
    assert (dead.delivered, dead.first_sequence, dead.last_sequence, dead.attempts) == (False, 1, 1, 3)
    assert "answered 503" in dead.cause
    world.times.hooks.replay(world.hook, 0)
    assert sender.step()
    assert takes.taken == [["w1-1"]] and world.hook.state is State.ACTIVE


def test_a_replay_sends_again_what_comes_after_a_sequence():
    world, takes = World(), Takes()
    publish(world.times, {1, 2, 3})
    sender = world.sender(takes)
    sender.step()
    world.times.hooks.replay(world.hook, 1)
    sender.step()
    assert takes.taken == [["w1-1", "w1-2", "w1-3"], ["w1-2", "w1-3"]]


def test_a_replay_that_comes_while_a_body_is_sent_is_not_lost():
    world, takes = World(), Takes()
    publish(world.times, {1, 2})
    sender = world.sender(takes)
    sender.step()
    publish(world.times, {1})

    class Replayed:
        def send(self, hook, body, delivery):
            takes.send(hook, body, delivery)
            world.times.hooks.replay(hook, 0)

    world.sender(Replayed()).step()
    assert world.hook.after == 0
    sender.step()
    assert takes.taken[-1] == ["w1-1", "w1-2", "w1-3"]


def test_a_crowd_that_is_watched_anew_is_sent_from_its_beginning():
    world, takes = World(), Takes()
    publish(world.times, {1})
    sender = world.sender(takes)
    sender.step()
    world.times.watches.put(
        replace(world.times.watches.of("vip"), id="w2", planned=type(world.times.watches.of("vip").planned)())
    )
    publish(world.times, {1, 2})
    sender.step()
    assert takes.taken[-1] == ["w2-1", "w2-2"]


def test_a_dry_run_and_a_crowd_that_is_not_watched_send_nothing():
    world, takes = World(), Takes()
    watch = world.times.watches.of("vip")
    publish(world.times, {1})
    world.times.watches.put(replace(watch, dry_run=True))
    assert not world.sender(takes).step()
    world.times.watches.remove("vip")
    assert not world.sender(takes).step() and takes.taken == []


@settings(max_examples=60, deadline=None)
@given(kills=st.lists(st.integers(0, 6), max_size=4), answers=st.lists(st.booleans(), max_size=4))
def test_killed_anywhere_none_is_lost(kills, answers):
    world, taken = World(), []
    for members in ({1, 2}, {2, 3}, set()):
        publish(world.times, members)
        while True:
            life = Life(kills.pop() if kills else None)
            takes = Takes(*answers, life=life)
            answers = []
            try:
                sender = world.sender(takes, life, most_attempts=99)
                while sender.step():
                    world.now_ms = max(world.now_ms, world.hook.next_at_ms)
                taken += takes.taken
                if world.hook.next_at_ms <= world.now_ms:
                    break
                world.now_ms = world.hook.next_at_ms
            except Killed:
                taken += takes.taken
    told = [delta.delta_id for delta in world.times.deltas.page("w1", 0, 99)]
    assert list(dict.fromkeys(found for body in taken for found in body)) == told


def test_waits_grow_up_to_ten_minutes_and_do_not_come_in_step():
    for attempts, least in ((1, 1_000), (4, 8_000), (30, 600_000)):
        waits = {wait_ms(attempts) for _ in range(20)}
        assert least <= min(waits) and max(waits) <= least + 1_000
    assert len({wait_ms(3) for _ in range(20)}) > 1


def test_old_deliveries_are_forgotten():
    world = World()
    publish(world.times, {1})
    world.sender(Takes()).step()
    assert len(world.times.hooks.ended) == 1
    world.now_ms += crowd_hooks.KEPT_MS + 1
    world.sender(Takes()).step()
    assert world.times.hooks.ended == []


@pytest.mark.parametrize("leads", [False])
def test_who_does_not_lead_sends_nothing(leads):
    world, takes = World(), Takes()
    publish(world.times, {1})
    assert not replace(world.sender(takes), leads=lambda: leads).step()
    assert takes.taken == []
