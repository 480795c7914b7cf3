"""Where an answer leads: which operation takes what of it, so that a program can follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Parameters = Mapping[str, str]
_NAME: Parameters = {"name": "$response.body#/name"}
_ID: Parameters = {"id": "$response.body#/id"}
_TAG: Parameters = {"name": "$response.body#/tag"}
_VERSION: Parameters = {"name": "$response.body#/tag", "version": "$response.body#/version"}


def _first(name: str, field: str) -> Parameters:
    return {name: f"$response.body#/items/0/{field}"}


def _to(parameters: Parameters, *operations: str) -> dict[str, Parameters]:
    return {operation: parameters for operation in operations}


_VERSIONS = _to(_VERSION, "build_version", "approve_version", "read_progress")
_CROWDS = _to(
    _NAME,
    "read_crowd",
    "change_crowd",
    "list_crowd_members",
    "export_crowd",
    "read_portrait",
    "list_lookalikes",
    "remove_crowd",
)
_LETTER = _first("topic", "topic") | _first("partition", "partition") | _first("offset", "offset")

LINKS: Mapping[tuple[str, str], Mapping[str, Parameters]] = {
    ("create_crowd", "201"): _CROWDS,
    ("save_query", "201"): _to(_ID, "read_query", "change_query", "remove_query"),
    ("ask_of_job", "202"): _to(_ID, "read_job_request"),
    ("erase_user", "202"): _to(_ID, "read_erasure"),
    ("ask_preview", "202"): _to(_ID, "read_preview"),
    ("create_tag", "201"): _VERSIONS | _to(_TAG, "list_versions", "create_version", "retire_tag"),
    ("create_version", "201"): _VERSIONS,
    ("list_tags", "200"): _to(_first("name", "name"), "read_tag", "list_members", "read_tag_lineage"),
    ("search_users", "200"): _to(_first("user_id", "user_id"), "read_profile", "list_user_events", "read_profile_at"),
    ("list_parity_runs", "200"): _to(_first("run_id", "id"), "read_parity_run", "list_parity_findings"),
    ("list_dead_letters", "200"): _to(_LETTER, "read_dead_letter", "replay_dead_letter"),
}
"""(operation, status) -> operation -> its parameters, as OpenAPI writes them."""


def operations_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations of a document, by their ids."""
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }


def add_links(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, with a link from each answer to what it leads to."""
    operations = operations_of(document)
    for (name, status), targets in LINKS.items():
        operations[name]["responses"][status]["links"] = {
            target: {"operationId": target, "parameters": dict(parameters)} for target, parameters in targets.items()
        }
    return document
