"""Parts of a resolved tree as text: written once, since a tag is worked out for many users and nobody changes its tree."""

from __future__ import annotations

from sqlglot import exp

from tagging import grouping

_KEPT = "explained_text"


def text_of(node: exp.Expr) -> str:
    """See `tagging.grouping.text_of`."""
    found = node.meta.get(_KEPT)
    if found is None:
        found = node.meta[_KEPT] = grouping.text_of(node)
    return str(found)
