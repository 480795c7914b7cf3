"""What a route asks of who uses it, said in a decorator right above the function. A route that says nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tagging.access import PEOPLE, Role, at_least

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "access_rule"


@dataclass(frozen=True)
class Rule:
    """The roles that may use a route; None: everyone, without saying who they are. `audited`: a change of something."""

    roles: frozenset[Role] | None
    audited: bool = True

    def in_order(self) -> list[str]:
        """The roles, the lowest first."""
        return [role.value for role in (*PEOPLE, Role.SERVICE) if role in (self.roles or ())]


def requires(*roles: Role, audited: bool = True) -> Callable[[View], View]:
    """The route is for these roles, and for those above each. `audited` False: it changes nothing, or records by itself.

    Written below the route's own decorator.
    """
    return _declare(Rule(frozenset().union(*map(at_least, roles)), audited))


def public(view: View) -> View:
    """The route is for everyone."""
    return _declare(Rule(None, audited=False))(view)


def _declare(rule: Rule) -> Callable[[View], View]:
    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, rule)
        return view

    return declare


def rule_of(view: Callable[..., Any] | None) -> Rule | None:
    """What a route's function declares; None for one that declares nothing."""
    return getattr(view, _ATTRIBUTE, None)
