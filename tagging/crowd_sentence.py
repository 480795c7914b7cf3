"""A crowd's rule as a sentence, in English and in Chinese."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from tagging import behaviour_sentence
from tagging.crowds import All, Any_, Behaved, HasTag, HasValue, InCrowd, InRange, Not, Rule, Scalar

Language = Literal["en", "zh"]
SHOWN_VALUES = 5

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "everyone": "all users",
        "nobody": "no users",
        "and": " and ",
        "or": " or ",
        "not": "not {part}",
        "is": "{tag} is {value}",
        "in": "{tag} is one of {value}",
        "more": "and {count} more",
        "has": "{tag} has a value",
        "crowd": "in the crowd {name}",
        "at_least": "at least {bound}",
        "above": "above {bound}",
        "at_most": "at most {bound}",
        "below": "below {bound}",
        "range": "{tag} is {bounds}",
        "open": "(",
        "close": ")",
        "comma": ", ",
        "true": "true",
        "false": "false",
    },
    "zh": {
        "everyone": "全部用户",
        "nobody": "没有用户",
        "and": " 且 ",
        "or": " 或 ",
        "not": "不满足({part})",
        "is": "{tag} 为 {value}",
        "in": "{tag} 属于 {value}",
        "more": "等另外 {count} 个",
        "has": "{tag} 有值",
        "crowd": "属于人群 {name}",
        "at_least": "不小于 {bound}",
        "above": "大于 {bound}",
        "at_most": "不大于 {bound}",
        "below": "小于 {bound}",
        "range": "{tag} {bounds}",
        "open": "(",
        "close": ")",
        "comma": "、",
        "true": "是",
        "false": "否",
    },
}


def sentence(rule: Rule, titles: Mapping[str, str], language: Language = "en") -> str:
    """The rule in words. `titles`: how tags are called; a tag without a title goes by its name."""
    words = _WORDS[language]

    def said(found: Rule, nested: bool) -> str:
        match found:
            case All(()):
                return words["everyone"]
            case Any_(()):
                return words["nobody"]
            case All(parts) | Any_(parts):
                joiner = words["and" if isinstance(found, All) else "or"]
                text = joiner.join(said(part, True) for part in parts)
                return f"{words['open']}{text}{words['close']}" if nested and len(parts) > 1 else text
            case Not(part):
                return words["not"].format(part=said(part, language == "en"))
            case HasValue(tag, values):
                return _values(titles.get(tag, tag), values)
            case InRange(tag):
                bounds = [
                    words[name].format(bound=_number(bound))
                    for name in ("at_least", "above", "at_most", "below")
                    if (bound := getattr(found, name)) is not None
                ]
                return words["range"].format(tag=titles.get(tag, tag), bounds=words["and"].join(bounds))
            case HasTag(tag):
                return words["has"].format(tag=titles.get(tag, tag))
            case InCrowd(name):
                return words["crowd"].format(name=name)
            case Behaved(point):
                return behaviour_sentence.sentence(point, language)

    def _values(title: str, values: tuple[Scalar, ...]) -> str:
        shown = [_value(value) for value in values[:SHOWN_VALUES]]
        if len(values) == 1:
            return words["is"].format(tag=title, value=shown[0])
        if len(values) > SHOWN_VALUES:
            shown.append(words["more"].format(count=len(values) - SHOWN_VALUES))
        return words["in"].format(tag=title, value=words["comma"].join(shown))

    def _value(value: Scalar) -> str:
        if isinstance(value, bool):
            return words["true" if value else "false"]
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _number(value)

    return said(rule, False)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
