"""Who may see whom a watched crowd's deltas tell of: they tell the values of every tag version that it was ever read with."""

from __future__ import annotations

from contextlib import suppress

from api.access.actor import require_sight_of_versions
from api.crowd_book import Book
from api.ports import Stores
from tagging import bound_rules
from tagging.crowd_parsing import CrowdProblems


def require_sight_of_deltas(stores: Stores, name: str) -> None:
    """Raises ApiError unless who asks may see the values of all rules that were told by, and of the present one."""
    watch = stores.crowd_times.watches.of(name)
    if watch is not None:
        told = {*watch.planned.told}
        if watch.planned.rule:
            told |= set(bound_rules.read(watch.planned.rule).versions.items())
        require_sight_of_versions(stores.registry, told)
    book = Book.open(stores)
    if name in book.crowds:
        # Of a rule that no longer fits the tags nothing more is told.
        with suppress(CrowdProblems):
            book.seen(book.expanded(book.read(book.crowds[name].rule), (name,)))
