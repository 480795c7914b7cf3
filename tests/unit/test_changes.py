"""What a message of a tag topic says, and what it may not."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.changes import NotAChange, TagChange, decode

TOPIC = "tag.vip.v3"


def value(given, user_id="u1") -> bytes:
    return orjson.dumps({"user_id": user_id, "value": given})


@pytest.mark.parametrize("given", ["gold", "", 12.5, 7, -1, True, False, None])
def test_a_change_keeps_its_value_and_its_place(given):
    assert decode(TOPIC, b"u1", value(given), 41, 1_000) == TagChange("vip", 3, "u1", given, 41, 1_000)


@pytest.mark.parametrize("given", [True, False])
def test_a_boolean_stays_one(given):
    assert decode(TOPIC, b"u1", value(given), 0, 0).value is given


def test_a_tombstone_is_no_value():
    assert decode(TOPIC, b"u1", None, 41, 1_000) == TagChange("vip", 3, "u1", None, 41, 1_000)


def test_a_decimal_without_a_fraction_stays_a_decimal():
    assert type(decode(TOPIC, b"u1", b'{"user_id":"u1","value":12.0000}', 0, 0).value) is float


@pytest.mark.parametrize(
    ("key", "message", "said"),
    [
        (None, value("x"), "the key is empty"),
        (b"", value("x"), "the key is empty"),
        (b"\xff", value("x"), "not UTF-8"),
        (b"u" * 129, None, "129 characters"),
        (b"u1", b"", "not JSON"),
        (b"u1", b"{", "not JSON"),
        (b"u1", b"[]", "not {"),
        (b"u1", b'{"user_id":"u1"}', "not {"),
        (b"u1", value("x", "u2"), "the value says 'u2'"),
        (b"u1", value([1]), "got list"),
        (b"u1", value({}), "got dict"),
    ],
)
def test_what_is_no_change_is_said(key, message, said):
    with pytest.raises(NotAChange, match=said):
        decode(TOPIC, key, message, 0, 0)


@pytest.mark.parametrize("topic", ["events", "tag.vip", "tag.VIP.v1", "tag.vip.v1.x"])
def test_only_tag_topics_hold_changes(topic):
    with pytest.raises(NotAChange, match="not a tag topic"):
        decode(topic, b"u1", None, 0, 0)


@given(st.none() | st.binary(max_size=60), st.none() | st.binary(max_size=100))
def test_any_message_is_a_change_or_is_refused(key, message):
    try:
        assert decode(TOPIC, key, message, 0, 0).user_id.encode() == key
    except NotAChange as error:
        assert str(error)
