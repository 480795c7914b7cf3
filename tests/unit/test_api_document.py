"""What the document says beside its schemas is so: headers that are taken, and paths that are nobody's name."""

from __future__ import annotations

from typing import Any

import pytest

from api import create_app
from api.headers import KEYED
from api.links import operations_of
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, seeded

RULE = {"tag": "tier", "in": ["gold"]}


@pytest.fixture
def client():
    return create_app(Settings(), seeded().stores(), clock=lambda: AT_MS).test_client()


@pytest.fixture
def operations(client) -> dict[str, dict[str, Any]]:
    return operations_of(client.get("/api/v1/openapi.json").json)


def headers_of(operation: dict[str, Any]) -> dict[str, bool]:
    return {taken["name"]: taken["required"] for taken in operation.get("parameters", []) if taken["in"] == "header"}


def test_what_asks_for_the_revision_that_was_read_documents_if_match_as_required(operations):
    asking = {name for name, operation in operations.items() if "428" in operation["responses"]}
    assert asking == {name for name, operation in operations.items() if headers_of(operation).get("If-Match")}
    assert {"change_crowd", "remove_crowd", "create_version", "change_query"} <= asking


def test_the_operations_that_take_an_idempotency_key_are_those_that_say_so(operations):
    keyed = {name for name, operation in operations.items() if "Idempotency-Key" in headers_of(operation)}
    assert (
        keyed == {name for name, operation in operations.items() if "Idempotency-Key" in operation["summary"]} == KEYED
    )


def test_no_part_of_the_document_is_null_where_openapi_wants_an_object(client):
    assert None not in client.get("/api/v1/openapi.json").json["components"].values()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/crowds/estimate", {"POST", "OPTIONS"}),
        ("DELETE", "/api/v1/queries/run", {"POST", "OPTIONS"}),
        ("GET", "/api/v1/tags/validate", {"POST", "OPTIONS"}),
        ("PUT", "/api/v1/queries/views", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_path_that_is_written_out_is_no_name(client, method, path, allowed):
    answer = client.open(path, method=method, json={})
    assert answer.status_code == 405 and answer.json["error"]["code"] == "method_not_allowed"
    assert set(answer.headers["Allow"].split(", ")) == allowed
    assert set(client.options(path).headers["Allow"].split(", ")) == allowed


def test_nothing_can_be_named_as_a_path_is(client):
    answer = client.post("/api/v1/crowds", json={"name": "estimate", "title": "All", "rule": RULE})
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["message"] == "is a path of the API; choose another name"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/queries", {"sql": "SELECT 1", "title": "One", "shared": 0}),
        ("/api/v1/behaviour/paths", {"period": {"last_days": 7}, "joined": 1}),
        ("/api/v1/behaviour/paths", {"period": {"last_days": "7"}}),
        ("/api/v1/predictions", {"model": "buys", "user_ids": ["u1"], "reasons": "yes"}),
    ],
)
def test_a_body_holds_the_types_that_its_schema_names(client, path, body):
    answer = client.post(path, json=body)
    assert answer.status_code == 422, answer.text


def test_the_document_is_the_same_however_often_it_is_asked_for(client):
    first = client.get("/api/v1/openapi.json").data
    assert client.get("/api/v1/openapi.json").data == first
