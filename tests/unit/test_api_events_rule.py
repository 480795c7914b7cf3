"""The API against the rule of the events sink and of the stream: what is acknowledged is never a dead letter."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from api import create_app
from api.live.event_log import encode
from stores.settings import Settings
from tagging.events import AHEAD_MS, Event, read_event
from tests.fakes.api_stores import AT_MS, seeded

ids = st.text(max_size=130) | st.sampled_from(["u1", "用" * 128, "x" * 128, "\x00", " ", "null", "1", "\ufffe", "é"])
times = (
    st.integers(min_value=-(2**64), max_value=2**64)
    | st.integers(min_value=AT_MS - AHEAD_MS, max_value=AT_MS + 2 * AHEAD_MS)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.sampled_from(
        ["2026-09-21T14:18:20Z", "2026-09-21T14:18:20.0009+00:00", "1970-01-01T00:00:00Z", AT_MS + AHEAD_MS]
    )
)
texts = st.text(max_size=20)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
good = st.fixed_dictionaries(
    {"user_id": ids, "event_type": ids},
    optional={
        "event_id": ids,
        "item_id": ids | st.none(),
        "properties": st.dictionaries(texts, texts, max_size=5) | st.none(),
        "occurred_at": times,
    },
)
fields = ("event_id", "user_id", "event_type", "item_id", "properties", "occurred_at")
wild = st.builds(
    lambda event, field, value: event | {field: value}, good, st.sampled_from([*fields, "other"]), anything | st.none()
)


requests = st.lists(good, min_size=1, max_size=3) | st.lists(good | wild, min_size=1, max_size=3)


def test_every_event_that_is_accepted_passes_the_sinks_rule_unchanged():
    world = seeded()
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    accepted = 0

    @settings(max_examples=500, deadline=None)
    @given(events=requests, delay_ms=st.integers(min_value=0, max_value=10**12))
    @example(events=[{"user_id": "\\", "event_type": '"', "occurred_at": AT_MS + AHEAD_MS}], delay_ms=0)
    @example(events=[{"user_id": "u", "event_type": "t", "occurred_at": AT_MS + AHEAD_MS + 1}], delay_ms=0)
    @example(events=[{"user_id": "u" * 129, "event_type": "t"}], delay_ms=0)
    @example(events=[{"user_id": "𝄞" * 128, "event_type": "t", "properties": {"\x01": "\x00"}}], delay_ms=0)
    def holds(events, delay_ms):
        nonlocal accepted
        world.events.events.clear()
        answer = client.post("/api/v1/events", data=json.dumps({"events": events}), content_type="application/json")
        assert answer.status_code in (202, 422), answer.text
        assert len(world.events.events) == (len(events) if answer.status_code == 202 else 0)
        accepted += answer.status_code == 202
        for event in world.events.events:
            assert read_event(encode(event), AT_MS + delay_ms) == Event(
                event["event_id"],
                event["user_id"],
                event["event_type"],
                event["item_id"],
                event["properties"],
                event["occurred_at"],
            )

    holds()
    assert accepted >= 50, "too few examples were accepted for the property to mean anything"
