"""What two rules that say the same have in common: a normal form, its hash, and the rule without other crowds' names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tagging.crowd_parsing import CrowdProblem, CrowdProblems
from tagging.crowds import MAX_BEHAVIOURS, MAX_EXPANDED, All, Any_, Behaved, HasValue, InCrowd, Not, Rule, as_json


def normal(rule: Rule) -> Rule:
    """Lists of the same kind joined, lists of one and double negations dissolved, repeats dropped, the rest in one order."""
    match rule:
        case All(parts):
            return _joined(All, parts)
        case Any_(parts):
            return _joined(Any_, parts)
        case Not(part):
            inner = normal(part)
            return inner.part if isinstance(inner, Not) else Not(inner)
        case HasValue(tag, values):
            # 10 and 10.0 are one number, and True is none.
            kept = {(isinstance(value, bool), value): value for value in values}
            return HasValue(
                tag, tuple(sorted(kept.values(), key=lambda value: (str(type(value) is str), _text(value))))
            )
        case _:
            return rule


def _joined(kind: type[All] | type[Any_], parts: tuple[Rule, ...]) -> Rule:
    flat: dict[str, Rule] = {}
    for part in map(normal, parts):
        # An empty `all` is everyone: inside `any` it must stay.
        for each in part.parts if isinstance(part, kind) else (part,):
            flat[canonical(each)] = each
    if len(flat) == 1:
        return next(iter(flat.values()))
    return kind(tuple(flat[key] for key in sorted(flat)))


def canonical(rule: Rule) -> str:
    """A rule as one JSON text: numbers that are equal are written alike."""
    return json.dumps(_alike(as_json(rule)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _alike(value: object) -> object:
    if isinstance(value, dict):
        return {name: _alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_alike(inner) for inner in value]
    return float(value) if type(value) is int else value


def _text(value: object) -> str:
    return json.dumps(_alike(value))


def fingerprint(rule: Rule) -> str:
    """SHA-256 of the normal form, as 64 hex digits."""
    return hashlib.sha256(canonical(normal(rule)).encode()).hexdigest()


def expand(rule: Rule, crowds: Mapping[str, Rule], within: tuple[str, ...] = (), path: str = "rule") -> Rule:
    """The rule with the crowds' own rules in place of their names. `within`: the crowds that it is itself part of.

    Raises CrowdProblems when a crowd depends on itself, is not there, or all together is too large.
    """
    left, behaviours_left = MAX_EXPANDED, MAX_BEHAVIOURS

    def grow(found: Rule, inside: tuple[str, ...]) -> Rule:
        nonlocal left, behaviours_left
        left -= 1
        behaviours_left -= isinstance(found, Behaved)
        if left < 0 or behaviours_left < 0:
            allowed = {"conditions": MAX_EXPANDED} if left < 0 else {"conditions on behaviour": MAX_BEHAVIOURS}
            raise CrowdProblems([CrowdProblem(path, "is too large with the crowds that it names", None, allowed)])
        match found:
            case All(parts):
                return All(tuple(grow(part, inside) for part in parts))
            case Any_(parts):
                return Any_(tuple(grow(part, inside) for part in parts))
            case Not(part):
                return Not(grow(part, inside))
            case InCrowd(name):
                if name in inside:
                    chain = " -> ".join([*inside[inside.index(name) :], name])
                    raise CrowdProblems([CrowdProblem(path, f"a crowd may not depend on itself: {chain}", name)])
                if name not in crowds:
                    raise CrowdProblems([CrowdProblem(path, "there is no such crowd", name)])
                return grow(crowds[name], (*inside, name))
            case _:
                return found

    return grow(rule, within)
