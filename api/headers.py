"""The headers that requests may carry, for the document: routes read them by themselves, so that the library does not see them."""

from __future__ import annotations

from typing import Any

from api.preconditions import ETAG, KEY

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": 'The revision that was read, as its ETag: "3"',
    "schema": {"type": "string", "pattern": f"^{ETAG.pattern}$"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request with the same key is done once, and answered alike",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
}
LAST_EVENT = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The id of the last event that was seen",
    "schema": {"type": "string"},
}
KEYED = frozenset({"create_tag", "create_version", "ask_preview", "ask_snapshot", "erase_user", "merge_user"})
"""The operations that take an Idempotency-Key."""


def add_headers(operations: dict[str, dict[str, Any]]) -> None:
    """Add them to the operations of a document, by their ids."""
    for name, operation in operations.items():
        taken = [
            *([IF_MATCH] if "428" in operation["responses"] else []),
            *([IDEMPOTENCY_KEY] if name in KEYED else []),
            *([LAST_EVENT] if name == "stream_profile" else []),
        ]
        if taken:
            operation["parameters"] = [*operation.get("parameters", []), *(dict(header) for header in taken)]
