"""The rule of valid events: each reason, each edge, and that no bytes can break it."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.events import AHEAD_MS, MAX_ID_LENGTH, Event, Reason, Refused, read_event, read_events
from tests.hostile_events import messages

LOGGED = 1_780_000_000_000
GOOD = {
    "event_id": "e1",
    "user_id": "u1",
    "event_type": "cart",
    "item_id": "p1",
    "properties": {"campaign": "spring"},
    "occurred_at": LOGGED - 5,
}


def read(**changes) -> Event | Refused:
    return read_event(orjson.dumps({**GOOD, **changes}), LOGGED)


def reason(**changes) -> Reason | None:
    found = read(**changes)
    return found.reason if isinstance(found, Refused) else None


def test_a_good_event_is_read_as_it_was_sent():
    assert read() == Event("e1", "u1", "cart", "p1", {"campaign": "spring"}, LOGGED - 5)


@pytest.mark.parametrize("field", ["event_id", "user_id", "event_type", "occurred_at"])
def test_a_required_field_may_not_be_missing_or_null(field):
    without = {name: value for name, value in GOOD.items() if name != field}
    for found in (read_event(orjson.dumps(without), LOGGED), read(**{field: None})):
        assert found == Refused(Reason.MISSING_FIELD, f"{field}: missing")


@pytest.mark.parametrize("field", ["item_id", "properties"])
def test_an_optional_field_may_be_missing_or_null(field):
    without = {name: value for name, value in GOOD.items() if name != field}
    expected = {"item_id": None, "properties": {}}[field]
    assert getattr(read_event(orjson.dumps(without), LOGGED), field) == expected
    assert getattr(read(**{field: None}), field) == expected


@pytest.mark.parametrize("field", ["event_id", "user_id", "event_type"])
def test_ids_have_1_to_128_characters_whatever_their_bytes(field):
    assert reason(**{field: ""}) == Reason.MISSING_FIELD
    assert reason(**{field: "\U0001f600" * MAX_ID_LENGTH}) is None
    assert reason(**{field: "x" * (MAX_ID_LENGTH + 1)}) == Reason.TOO_LARGE


@pytest.mark.parametrize(("at", "expected"), [(0, Reason.WRONG_TYPE), (-1, Reason.WRONG_TYPE), (1, None)])
def test_an_event_occurs_after_1970(at, expected):
    assert reason(occurred_at=at) == expected


def test_an_event_may_be_five_minutes_ahead_of_the_log_and_no_more():
    assert reason(occurred_at=LOGGED + AHEAD_MS) is None
    assert reason(occurred_at=LOGGED + AHEAD_MS + 1) == Reason.FUTURE


@pytest.mark.parametrize("at", [True, [], {}, "yesterday", "", "2026-09-21T14:18:20Z", "1_000", 2**63, 1e300])
def test_a_time_that_is_no_whole_number_is_refused(at):
    assert reason(occurred_at=at) == Reason.WRONG_TYPE


@pytest.mark.parametrize("at", [str(LOGGED), f" {LOGGED}\n", f"+{LOGGED}", float(LOGGED), LOGGED + 0.9])
def test_a_time_that_the_stream_reads_as_a_whole_number_is_read_so_here(at):
    assert read(occurred_at=at).occurred_at_ms == LOGGED


def test_scalars_become_the_texts_that_the_stream_makes_of_them():
    found = read(event_id=7, user_id=True, event_type=1.5, item_id=False)
    assert found[:4] == ("7", "true", "1.5", "false")


def test_an_integer_keeps_every_digit():
    assert read_event(b'{"event_id":12345678901234567890123,' + orjson.dumps(GOOD)[len('{"event_id":"e1",') :], LOGGED)[
        0
    ] == ("12345678901234567890123")


def test_nested_properties_become_compact_json_and_nulls_are_left_out():
    assert read(properties={"a": {"b": [1, None, "x"]}, "c": None}).properties == {"a": '{"b":[1,null,"x"]}'}


def test_properties_that_are_no_object_are_none():
    assert read(properties=["user_id", "victim"]) == Event("e1", "u1", "cart", "p1", {}, LOGGED - 5)


@pytest.mark.parametrize(
    "message", [None, b"", b"not json", b"null", b'"text"', b"1", b"\xff", b'{"event_id": "e1"', b"[]", b"NaN"]
)
def test_what_is_no_json_object_is_malformed(message):
    assert read_event(message, LOGGED).reason == Reason.MALFORMED


def test_what_follows_the_event_is_ignored_as_in_the_stream():
    assert read_event(orjson.dumps(GOOD) + b" trailing", LOGGED) == read()


def test_a_list_of_events_is_as_many_events_and_its_first_bad_one_is_named():
    second = {**GOOD, "event_id": "e2"}
    events, refused = read_events(orjson.dumps([GOOD, {**GOOD, "user_id": ""}, second, 5]), LOGGED)
    assert [event.event_id for event in events] == ["e1", "e2"]
    assert refused == Refused(Reason.MISSING_FIELD, "event 1 of the list: user_id: empty")


def test_a_value_nested_deeper_than_python_calls_is_no_trouble():
    deep = (
        b'{"properties":{"a":'
        + b"[" * 990
        + b"]" * 990
        + b"},"
        + orjson.dumps(GOOD)[1:].replace(b'"properties"', b'"x"')
    )
    assert read_event(deep, LOGGED).properties == {"a": "[" * 990 + "]" * 990}


def check_one_outcome(message: bytes | None, logged_at_ms: int) -> None:
    events, refused = read_events(message, logged_at_ms)
    assert events or refused
    assert refused is None or (refused.reason in Reason and refused.detail)
    for event in events:
        assert all(1 <= len(text) <= MAX_ID_LENGTH for text in event[:3])
        assert 0 < event.occurred_at_ms <= logged_at_ms + AHEAD_MS
        assert json.loads(json.dumps(event, ensure_ascii=False).encode()) == json.loads(json.dumps(event))


def test_every_hostile_message_is_events_or_one_refusal():
    for message in messages():
        check_one_outcome(message, LOGGED)


@given(st.binary(max_size=200), st.integers(0, 2**62))
def test_no_bytes_can_break_the_rule(message, logged_at_ms):
    check_one_outcome(message, logged_at_ms)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*GOOD, "other"], values)))
def test_no_json_object_can_break_the_rule(found):
    check_one_outcome(json.dumps(found).encode(), LOGGED)


ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=MAX_ID_LENGTH)


@given(
    st.builds(
        Event,
        ids,
        ids,
        ids,
        st.none() | st.text(st.characters(exclude_categories=("Cs",))),
        st.dictionaries(ids, ids),
        st.integers(1, LOGGED + AHEAD_MS),
    ),
    st.booleans(),
)
def test_every_well_typed_event_is_accepted_unchanged(event, ascii_only):
    sent = {**event._asdict(), "occurred_at": event.occurred_at_ms}
    assert read_event(json.dumps(sent, ensure_ascii=ascii_only).encode(), LOGGED) == event
