"""A chart's point in words."""

import pytest
from pydantic import TypeAdapter

from tagging.behaviour import Point, as_json
from tagging.behaviour_sentence import sentence

WEEK = {"last_days": 7}
JANUARY = {"from": "2026-01-05", "to": "2026-01-31", "zone": "Asia/Shanghai"}
STEPS = [{"event": "view"}, {"event": "cart", "where": [{"property": "campaign", "in": ["a", "b"]}]}, {}]
CASES = [
    (
        {"chart": "trends", "query": {"period": WEEK, "event": {"event": "pay"}}, "at_least": 3},
        'did "pay" at least 3 times in the last 7 days, today included',
        '最近 7 天(含今天)做过 "pay" 至少 3 次',
    ),
    (
        {"chart": "trends", "query": {"period": JANUARY, "unit": "week"}, "unit": 1},
        "did anything in the week from 2026-01-12 (Asia/Shanghai)",
        "2026-01-12 起的一周(Asia/Shanghai)做过 任意行为",
    ),
    (
        {"chart": "trends", "query": {"period": WEEK}, "unit": 6},
        "did anything on day 7 of the 7 days up to today",
        "截至今天的 7 天中第 7 天做过 任意行为",
    ),
    (
        {"chart": "funnel", "query": {"period": JANUARY, "steps": STEPS, "window_seconds": 3600}, "step": 2},
        'did "view", then "cart" with campaign "a" or "b" within 1 hour, begun from 2026-01-05 to 2026-01-31 (Asia/Shanghai)',
        '2026-01-05 至 2026-01-31(Asia/Shanghai)开始,1 小时内依次做过 "view" → "cart"(campaign 为 "a"或"b")',
    ),
    (
        {"chart": "funnel", "query": {"period": WEEK, "steps": STEPS, "window_seconds": 5400}, "step": 1, "lost": True},
        'did "view" and not "cart" with campaign "a" or "b" within 90 minutes, begun in the last 7 days, today included',
        '最近 7 天(含今天)开始,90 分钟内依次做过 "view",之后未做 "cart"(campaign 为 "a"或"b")',
    ),
    (
        {"chart": "retention", "query": {"period": JANUARY, "unbounded": True}, "cohort": 2, "unit": 3, "kept": False},
        "first did anything on 2026-01-07 (Asia/Shanghai) and not anything from day 3 later on",
        "2026-01-07(Asia/Shanghai)首次做 任意行为,从第 3 天后起再未做 任意行为",
    ),
    (
        {"chart": "paths", "query": {"period": WEEK, "anchor": "view"}, "level": 2, "ended": True}
        | {"node": {"events": ["cart", "pay"], "other": True}},
        'did anything but "cart" or "pay" at step 1 after "view" in a session, then nothing more, in the last 7 days, '
        "today included",
        '最近 7 天(含今天),一次会话中 "view" 之后第 1 步:除 "cart"或"pay" 外的行为,然后结束',
    ),
    (
        {"chart": "paths", "query": {"period": {"last_days": 1}, "anchor": "pay", "direction": "before"}, "level": 1}
        | {"node": {"events": ["pay"]}, "next": {"events": ["cart"]}},
        'did "pay" in a session, before that "cart", today',
        '今天,一次会话中做过 "pay",再之前 "cart"',
    ),
    (
        {"chart": "sessions", "query": {"period": {"last_days": 1}}},
        "began a session today",
        "今天开始过会话",
    ),
]


@pytest.mark.parametrize(("written", "english", "chinese"), CASES)
def test_a_point_reads_as_a_sentence_and_is_written_as_it_was_read(written, english, chinese):
    point = TypeAdapter(Point).validate_python(written)
    assert (sentence(point), sentence(point, "zh")) == (english, chinese)
    assert as_json(point) == written
