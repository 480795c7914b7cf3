"""The users of a chart's point in words, in English and in Chinese."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from tagging.behaviour import (
    FunnelPoint,
    Node,
    PathPoint,
    Period,
    Point,
    RetentionPoint,
    Selector,
    SessionPoint,
    TrendPoint,
)
from tagging.behaviour_parameters import DAYS_OF

Language = Literal["en", "zh"]
SHOWN = 5
_SPANS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "anything": "anything",
        "or": " or ",
        "with": "{event} with {filters}",
        "filter": "{property} {values}",
        "and": " and ",
        "more": "{count} more",
        "last": "in the last {days} days, today included",
        "today": "today",
        "days": "from {first} to {last}",
        "one_day": "on {first}",
        "unit_of": "on {unit} {index} of the {count} days up to today",
        "week_from": "in the week from {first}",
        "zone": "{when} ({zone})",
        "did": "did {what} {when}",
        "did_times": "did {what} at least {times} times {when}",
        "then": ", then ",
        "steps": "did {steps} within {window}, begun {when}",
        "lost": "did {steps} and not {next} within {window}, begun {when}",
        "began": "first did {first} {when}",
        "kept": "first did {first} {when} and {again} {unit} {index} later",
        "kept_from": "first did {first} {when} and {again} {unit} {index} later or after that",
        "gone": "first did {first} {when} and not {again} {unit} {index} later",
        "gone_from": "first did {first} {when} and not {again} from {unit} {index} later on",
        "path_at": "did {node} in a session{tail}, {when}",
        "path_after": "did {node} at step {steps} after {anchor} in a session{tail}, {when}",
        "path_before": "did {node} at step {steps} before {anchor} in a session{tail}, {when}",
        "tail": ", {direction} {next}",
        "after": "then",
        "before": "before that",
        "nothing_after": ", then nothing more",
        "nothing_before": ", before that nothing",
        "other": "anything but {names}",
        "session": "began a session {when}",
        "day": "day", "week": "week",
        "day_span": "{n} days", "hour_span": "{n} hours", "minute_span": "{n} minutes", "second_span": "{n} seconds",
        "day_one": "1 day", "hour_one": "1 hour", "minute_one": "1 minute", "second_one": "1 second",
    },
    "zh": {
        "anything": "任意行为",
        "or": "或",
        "with": "{event}({filters})",
        "filter": "{property} 为 {values}",
        "and": "且",
        "more": "另外 {count} 个",
        "last": "最近 {days} 天(含今天)",
        "today": "今天",
        "days": "{first} 至 {last}",
        "one_day": "{first}",
        "unit_of": "截至今天的 {count} 天中第 {index} {unit}",
        "week_from": "{first} 起的一周",
        "zone": "{when}({zone})",
        "did": "{when}做过 {what}",
        "did_times": "{when}做过 {what} 至少 {times} 次",
        "then": " → ",
        "steps": "{when}开始,{window}内依次做过 {steps}",
        "lost": "{when}开始,{window}内依次做过 {steps},之后未做 {next}",
        "began": "{when}首次做 {first}",
        "kept": "{when}首次做 {first},第 {index} {unit}后又做 {again}",
        "kept_from": "{when}首次做 {first},第 {index} {unit}后或更晚又做 {again}",
        "gone": "{when}首次做 {first},第 {index} {unit}后未做 {again}",
        "gone_from": "{when}首次做 {first},从第 {index} {unit}后起再未做 {again}",
        "path_at": "{when},一次会话中做过 {node}{tail}",
        "path_after": "{when},一次会话中 {anchor} 之后第 {steps} 步:{node}{tail}",
        "path_before": "{when},一次会话中 {anchor} 之前第 {steps} 步:{node}{tail}",
        "tail": ",{direction} {next}",
        "after": "然后",
        "before": "再之前",
        "nothing_after": ",然后结束",
        "nothing_before": ",此前没有行为",
        "other": "除 {names} 外的行为",
        "session": "{when}开始过会话",
        "day": "天", "week": "周",
        "day_span": "{n} 天", "hour_span": "{n} 小时", "minute_span": "{n} 分钟", "second_span": "{n} 秒",
        "day_one": "1 天", "hour_one": "1 小时", "minute_one": "1 分钟", "second_one": "1 秒",
    },
}  # fmt: skip


def sentence(point: Point, language: Language = "en") -> str:
    """Who the users of a point are."""
    return _Saying(_WORDS[language]).point(point)


class _Saying:
    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def _say(self, name: str, **given: Any) -> str:
        return self._words[name].format(**given)

    def point(self, point: Point) -> str:
        """One kind of chart after the other."""
        query = point.query
        match point:
            case TrendPoint():
                when = self._when(query.period, query.unit, point.unit)
                if point.at_least == 1:
                    return self._say("did", what=self._selected(query.event), when=when)
                return self._say("did_times", what=self._selected(query.event), times=point.at_least, when=when)
            case FunnelPoint():
                steps = [self._selected(step) for step in query.steps]
                return self._say(
                    "lost" if point.lost else "steps" if point.step > 1 else "did",
                    what=steps[0],
                    steps=self._words["then"].join(steps[: point.step]),
                    next=steps[point.step] if point.lost else "",
                    window=self._span(query.window_seconds),
                    when=self._when(query.period),
                )
            case RetentionPoint():
                kind = "began" if point.unit is None else "kept" if point.kept else "gone"
                return self._say(
                    f"{kind}_from" if query.unbounded and point.unit is not None else kind,
                    first=self._selected(query.first),
                    again=self._selected(query.again),
                    unit=self._words[query.unit],
                    index=point.unit,
                    when=self._when(query.period, query.unit, point.cohort),
                )
            case PathPoint():
                return self._path(point)
            case SessionPoint():
                return self._say("session", when=self._when(query.period, "day", point.day))
        raise ValueError(f"{point} is no point of a chart")

    def _path(self, point: PathPoint) -> str:
        direction = point.query.direction
        tail = ""
        if point.ended:
            tail = self._words[f"nothing_{direction}"]
        elif point.next is not None:
            tail = self._say("tail", direction=self._words[direction], next=self._node(point.next))
        return self._say(
            "path_at" if point.level == 1 else f"path_{direction}",
            steps=point.level - 1,
            anchor=_quoted(point.query.anchor),
            node=self._node(point.node),
            tail=tail,
            when=self._when(point.query.period),
        )

    def _node(self, node: Node) -> str:
        if not node.events:
            return self._words["anything"] if node.other else "–"
        names = self._listed(node.events)
        return self._say("other", names=names) if node.other else names

    def _listed(self, texts: tuple[str, ...]) -> str:
        shown = [_quoted(text) for text in texts[:SHOWN]]
        if len(texts) > SHOWN:
            shown.append(self._say("more", count=len(texts) - SHOWN))
        return self._words["or"].join(shown)

    def _selected(self, selector: Selector) -> str:
        event = self._words["anything"] if selector.event is None else _quoted(selector.event)
        if not selector.where:
            return event
        filters = [
            self._say("filter", property=found.property, values=self._listed(found.values)) for found in selector.where
        ]
        return self._say("with", event=event, filters=self._words["and"].join(filters))

    def _span(self, seconds: int) -> str:
        unit, size = next((unit, size) for unit, size in _SPANS if seconds % size == 0)
        return self._say(f"{unit}_one" if seconds == size else f"{unit}_span", n=seconds // size)

    def _when(self, period: Period, unit: str = "day", index: int | None = None) -> str:
        when = self._days(period, unit, index)
        return when if period.zone == "UTC" else self._say("zone", when=when, zone=period.zone)

    def _days(self, period: Period, unit: str, index: int | None) -> str:
        if period.last_days is not None:
            if index is not None and period.last_days > 1:
                return self._say("unit_of", unit=self._words[unit], index=index + 1, count=period.last_days)
            return self._words["today"] if period.last_days == 1 else self._say("last", days=period.last_days)
        if index is not None:
            first = period.first + timedelta(days=DAYS_OF[unit] * index)
            return self._say("one_day" if unit == "day" else "week_from", first=first)
        return self._say("one_day" if period.first == period.last else "days", first=period.first, last=period.last)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
