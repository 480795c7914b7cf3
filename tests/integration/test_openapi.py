"""The API's document against the API: every documented answer is given once and fits its schema, and no other is given."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from api import create_app
from api.quality_ports import DeadLetterPlace, DeadLetterRow
from stores.parity_runs import MOST_WAITING
from stores.settings import Api, Settings
from tagging.parity import Finding, Outcome, TagParity
from tagging.parity_cause import Evidence
from tagging.parity_history import Origin
from tagging.parity_report import explained
from tests.fakes.api_stores import AT_MS, FixedCheck, World, seeded
from tests.fakes.memory_ledger import Arrival
from tests.openapi_crowds import CROWD_TIMES
from tests.openapi_erasures import ERASURES_ASKED
from tests.openapi_identities import IDENTITIES_ASKED
from tests.openapi_models import MODEL_REQUESTS
from tests.openapi_operations import OPERATIONS
from tests.openapi_publishing import PUBLISHING
from tests.openapi_queries import QUERIES

FORMATS = FormatChecker([])
EVENT = {"user_id": "u1", "event_type": "cart"}
LOST = Finding("u1", Outcome.MISSING, "gold", None)


@FORMATS.checks("date-time")
def _is_iso_utc(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value))


@dataclass
class Asked:
    """A request, what to break before it, and the answer that the document promises for it."""

    operation: str
    status: int
    path: str
    method: str = "GET"
    request: dict[str, Any] = field(default_factory=dict)
    breaks: Callable[[World], None] = lambda world: None


def _fails(store: str) -> Callable[[World], None]:
    return lambda world: getattr(world, store).fail()


def _raises(store: str, method: str) -> Callable[[World], None]:
    return lambda world: setattr(getattr(world, store), method, lambda *given: 1 / 0)


def _down(world: World) -> None:
    world.checks.append(FixedCheck("hbase", error=ConnectionError("refused"), essential=True))


def _loses(world: World) -> None:
    world.events.lost = {0}


def _json(body: Any) -> dict[str, Any]:
    return {"data": json.dumps(body), "content_type": "application/json"}


EVENTS = "/api/v1/events"
CROWDS = "/api/v1/crowds"
VIP = f"{CROWDS}/vip"
OVERLAP = "/api/v1/crowd-overlap?crowds=vip&crowds=part"
RULE = {"rule": {"tag": "tier", "in": ["gold"]}}
CHANGE = RULE | {"title": "Best"}
CROWD = CHANGE | {"name": "vip"}
BEHAVIOUR = "/api/v1/behaviour"
WEEK = {"period": {"last_days": 7}}
STEPS = [{"event": "view"}, {"event": "cart"}]
CHARTS = {
    "trends": WEEK | {"breakdown": "tier"},
    "funnel": WEEK | {"steps": STEPS, "breakdown": "spend"},
    "retention": WEEK,
    "paths": WEEK | {"anchor": "view", "nodes": 1},
    "sessions": WEEK,
}


def _saved(world: World) -> None:
    client = build(world).test_client()
    for name, rule in [("vip", RULE["rule"]), ("part", RULE["rule"]), ("whole", {"crowd": "part"})]:
        client.post(CROWDS, json={"name": name, "title": name, "rule": rule})


def _saved_and(breaks: Callable[[World], None]) -> Callable[[World], None]:
    return lambda world: (_saved(world), breaks(world))[1]


def _at(revision: str, body: Any = None) -> dict[str, Any]:
    return {"headers": {"If-Match": revision}} | ({} if body is None else _json(body))


def _crowd_writes(name: str, method: str, path: str, body: Any, success: int, store: tuple[str, str]) -> list[Asked]:
    headers = {"headers": {"If-Match": '"1"'}} if method == "PUT" else {}
    form = {"content_type": "application/json"}
    return [
        Asked(name, success, path, method, headers | _json(body), _saved if method == "PUT" else lambda world: None),
        Asked(name, 400, path, method, headers | {"data": "{"} | form),
        Asked(name, 413, path, method, headers | _json({"rule": "x" * 20_000})),
        Asked(name, 415, path, method, headers | {"data": "{}"}),
        Asked(name, 422, path, method, headers | _json({"rule": {}})),
        Asked(name, 500, path, method, headers | _json(body), _raises(*store)),
        Asked(name, 503, path, method, headers | _json(body), _fails(store[0])),
    ]


def _crowd_reads(name: str, path: str, wrong: str, store: tuple[str, str]) -> list[Asked]:
    return [
        Asked(name, 200, path, breaks=_saved),
        Asked(name, 404, path),
        Asked(name, 422, wrong, breaks=_saved),
        Asked(name, 500, path, breaks=_saved_and(_raises(*store))),
        Asked(name, 503, path, breaks=_saved_and(_fails(store[0]))),
    ]


TAGS_OF_USER = "/api/v1/users/u1/tags"
TIER = f"{TAGS_OF_USER}/tier"


def _user_reads(name: str, path: str, wrong: str, nothing: str | None) -> list[Asked]:
    method = {"list_tag_changes": "changes", "list_user_events": "events"}.get(name, "tick")
    return [
        Asked(name, 200, path),
        *([Asked(name, 404, nothing)] if nothing else []),
        Asked(name, 422, wrong),
        Asked(name, 500, path, breaks=_raises("history", method)),
        Asked(name, 503, path, breaks=_fails("history")),
    ]


PARITY = "/api/v1/parity"
LEDGER = "/api/v1/ledger"


def compared(world: World) -> None:
    """A parity run with a finding, and another that waits."""
    parity = TagParity("tier", "hbase", findings=[explained(LOST, Evidence(AT_MS, 7))], version=1, barrier_at_ms=AT_MS)
    parity.counts[Outcome.MISSING] = 1
    world.parity.finish(world.parity.begin(Origin.VERIFY, AT_MS), [parity], AT_MS)
    world.parity.ask("tier", 0, AT_MS)


def arrived(world: World) -> None:
    """An event in the ledger, and a dead letter."""
    world.ledger.arrivals.append(Arrival("e", "u1", AT_MS, AT_MS, 0, 0))
    world.ledger.letters.append(DeadLetterRow(DeadLetterPlace(AT_MS, "events", 0, 1), "future", "said", b"{", 1))


def _many_wait(world: World) -> None:
    for version in range(MOST_WAITING):
        world.parity.ask("spend", version, AT_MS)


def _quality(name: str, path: str, wrong: str, store: str, method: str, seed: Callable[[World], None]) -> list[Asked]:
    def then(breaks: Callable[[World], None]) -> Callable[[World], None]:
        return lambda world: (seed(world), breaks(world))[1]

    return [
        Asked(name, 200, path, breaks=seed),
        Asked(name, 422, path + wrong, breaks=seed),
        Asked(name, 500, path, breaks=then(_raises(store, method))),
        Asked(name, 503, path, breaks=then(_fails(store))),
    ]


ASKED = [
    Asked("search_users", 200, "/api/v1/users?search=u&limit=2"),
    Asked("search_users", 422, "/api/v1/users?limit=0"),
    Asked("search_users", 500, "/api/v1/users", breaks=_raises("users", "search")),
    Asked("search_users", 503, "/api/v1/users", breaks=_fails("users")),
    Asked("read_profile", 200, "/api/v1/users/u1"),
    Asked("read_profile", 404, "/api/v1/users/nobody"),
    Asked("read_profile", 422, "/api/v1/users/" + "x" * 129),
    Asked("read_profile", 500, "/api/v1/users/u1", breaks=_raises("profiles", "read")),
    Asked("read_profile", 503, "/api/v1/users/u1", breaks=_fails("profiles")),
    *_user_reads("read_profile_at", TAGS_OF_USER, f"{TAGS_OF_USER}?at=9", None),
    Asked("read_profile_at", 404, TAGS_OF_USER, breaks=lambda world: setattr(world.history, "ticks", {})),
    *_user_reads("read_value_at", TIER, f"{TIER}?at=9", f"{TAGS_OF_USER}/no"),
    *_user_reads("read_why", f"{TIER}/why", f"{TIER}/why?hindsight=maybe", f"{TIER}/why?at=2020-01-01T00:00:00Z"),
    *_user_reads("list_tag_changes", f"{TIER}/changes", f"{TIER}/changes?limit=0", f"{TAGS_OF_USER}/no/changes"),
    *_user_reads("list_user_events", "/api/v1/users/u1/events", "/api/v1/users/u1/events?limit=0", None),
    Asked("stream_profile", 200, "/api/v1/users/u1/live?seconds=0"),
    Asked("stream_profile", 404, "/api/v1/users/nobody/live"),
    Asked("stream_profile", 422, "/api/v1/users/u1/live?seconds=56"),
    Asked("stream_profile", 500, "/api/v1/users/u1/live", breaks=_raises("profiles", "read")),
    Asked("stream_profile", 503, "/api/v1/users/u1/live", breaks=_fails("profiles")),
    Asked("list_tags", 200, "/api/v1/tags"),
    Asked("list_tags", 500, "/api/v1/tags", breaks=_raises("statistics", "coverage")),
    Asked("list_tags", 503, "/api/v1/tags", breaks=_fails("statistics")),
    Asked("read_tag", 200, "/api/v1/tags/spend"),
    Asked("read_tag", 404, "/api/v1/tags/unknown"),
    Asked("read_tag", 422, "/api/v1/tags/NO"),
    Asked("read_tag", 500, "/api/v1/tags/spend", breaks=_raises("statistics", "histogram")),
    Asked("read_tag", 503, "/api/v1/tags/spend", breaks=_fails("statistics")),
    Asked("list_members", 200, "/api/v1/tags/flag/users?value=true&limit=1"),
    Asked("list_members", 404, "/api/v1/tags/unknown/users"),
    Asked("list_members", 422, "/api/v1/tags/flag/users?value=maybe"),
    Asked("list_members", 500, "/api/v1/tags/flag/users", breaks=_raises("statistics", "members")),
    Asked("list_members", 503, "/api/v1/tags/flag/users", breaks=_fails("statistics")),
    Asked("write_events", 202, EVENTS, "POST", _json({"events": [EVENT]})),
    Asked("write_events", 400, EVENTS, "POST", {"data": "{", "content_type": "application/json"}),
    Asked("write_events", 413, EVENTS, "POST", _json({"events": "x" * 20_000})),
    Asked("write_events", 415, EVENTS, "POST", {"data": "{}"}),
    Asked("write_events", 422, EVENTS, "POST", _json({"events": [{}]})),
    Asked("write_events", 500, EVENTS, "POST", _json({"events": [EVENT]}), _raises("events", "append")),
    Asked("write_events", 503, EVENTS, "POST", _json({"events": [EVENT]}), _loses),
    Asked("read_health", 200, "/api/v1/health"),
    Asked("read_health", 503, "/api/v1/health", breaks=_down),
    Asked("read_alive", 200, "/api/v1/health/live"),
    Asked("read_overview", 200, "/api/v1/overview"),
    Asked("read_overview", 500, "/api/v1/overview", breaks=_raises("activities", "read")),
    Asked("read_overview", 503, "/api/v1/overview", breaks=_fails("activities")),
    Asked("read_session", 200, "/api/v1/session"),
    Asked("list_crowds", 200, CROWDS, breaks=_saved),
    Asked("list_crowds", 500, CROWDS, breaks=_raises("crowds", "all")),
    Asked("list_crowds", 503, CROWDS, breaks=_fails("crowds")),
    *_crowd_writes("estimate_crowd", "POST", f"{CROWDS}/estimate", RULE, 200, ("crowd_users", "count")),
    *_crowd_writes("create_crowd", "POST", CROWDS, CROWD, 201, ("crowds", "put")),
    Asked("create_crowd", 409, CROWDS, "POST", _json(CROWD), _saved),
    *_crowd_writes("change_crowd", "PUT", VIP, CHANGE, 200, ("crowds", "put")),
    Asked("change_crowd", 404, VIP, "PUT", _at('"1"', CHANGE)),
    Asked("change_crowd", 412, VIP, "PUT", _at('"9"', CHANGE), _saved),
    Asked("change_crowd", 428, VIP, "PUT", _json(CHANGE), _saved),
    Asked("remove_crowd", 204, VIP, "DELETE", _at('"1"'), _saved),
    Asked("remove_crowd", 404, VIP, "DELETE", _at('"1"')),
    Asked("remove_crowd", 409, f"{CROWDS}/part", "DELETE", _at('"1"'), _saved),
    Asked("remove_crowd", 412, VIP, "DELETE", _at('"9"'), _saved),
    Asked("remove_crowd", 422, VIP, "DELETE", _at("1"), _saved),
    Asked("remove_crowd", 428, VIP, "DELETE", {}, _saved),
    Asked("remove_crowd", 500, VIP, "DELETE", _at('"1"'), _raises("crowds", "remove")),
    Asked("remove_crowd", 503, VIP, "DELETE", _at('"1"'), _fails("crowds")),
    *_crowd_reads("read_crowd", VIP, f"{CROWDS}/NO", ("crowds", "all")),
    *_crowd_reads("list_crowd_members", f"{VIP}/members", f"{VIP}/members?limit=0", ("crowd_users", "members")),
    *_crowd_reads("export_crowd", f"{VIP}/export", f"{CROWDS}/NO/export", ("crowd_users", "members")),
    *[
        asked
        for chart, body in CHARTS.items()
        for asked in _crowd_writes(f"read_{chart}", "POST", f"{BEHAVIOUR}/{chart}", body, 200, ("behaviour", "rows"))
    ],
    Asked("list_event_types", 200, f"{BEHAVIOUR}/event-types"),
    Asked("list_event_types", 500, f"{BEHAVIOUR}/event-types", breaks=_raises("behaviour", "event_types")),
    Asked("list_event_types", 503, f"{BEHAVIOUR}/event-types", breaks=_fails("behaviour")),
    Asked("read_lineage", 200, "/api/v1/lineage?limit=10", breaks=_saved),
    Asked("read_lineage", 422, "/api/v1/lineage?limit=0"),
    Asked("read_lineage", 500, "/api/v1/lineage", breaks=_raises("crowds", "all")),
    Asked("read_lineage", 503, "/api/v1/lineage", breaks=_fails("crowds")),
    Asked("read_sources", 200, "/api/v1/sources"),
    Asked("read_tag_lineage", 200, "/api/v1/tags/tier/lineage", breaks=_saved),
    Asked("read_tag_lineage", 404, "/api/v1/tags/unknown/lineage"),
    Asked("read_tag_lineage", 422, "/api/v1/tags/NO/lineage"),
    Asked("read_tag_lineage", 500, "/api/v1/tags/tier/lineage", breaks=_raises("crowds", "all")),
    Asked("read_tag_lineage", 503, "/api/v1/tags/tier/lineage", breaks=_fails("crowds")),
    *(
        Asked(*given)
        for given in (
            *PUBLISHING,
            *CROWD_TIMES,
            *MODEL_REQUESTS,
            *QUERIES,
            *OPERATIONS,
            *ERASURES_ASKED,
            *IDENTITIES_ASKED,
        )
    ),
    Asked("read_parity", 200, PARITY, breaks=compared),
    Asked("read_parity", 500, PARITY, breaks=_raises("parity", "newest")),
    Asked("read_parity", 503, PARITY, breaks=_fails("parity")),
    *_quality("list_parity_runs", f"{PARITY}/runs", "?limit=0", "parity", "runs", compared),
    *_quality("read_parity_run", f"{PARITY}/runs/1", "x", "parity", "results", compared),
    Asked("read_parity_run", 404, f"{PARITY}/runs/9"),
    *_quality("list_parity_findings", f"{PARITY}/runs/1/findings", "?limit=0", "parity", "findings", compared),
    Asked("list_parity_findings", 404, f"{PARITY}/runs/9/findings"),
    Asked("ask_for_parity_run", 202, f"{PARITY}/runs", "POST", _json({"tag": "tier"})),
    Asked("ask_for_parity_run", 400, f"{PARITY}/runs", "POST", {"data": "{", "content_type": "application/json"}),
    Asked("ask_for_parity_run", 404, f"{PARITY}/runs", "POST", _json({"tag": "nobody"})),
    Asked("ask_for_parity_run", 409, f"{PARITY}/runs", "POST", _json({"tag": "tier"}), _many_wait),
    Asked("ask_for_parity_run", 413, f"{PARITY}/runs", "POST", _json({"tag": "x" * 20_000})),
    Asked("ask_for_parity_run", 415, f"{PARITY}/runs", "POST", {"data": "{}"}),
    Asked("ask_for_parity_run", 422, f"{PARITY}/runs", "POST", _json({"version": 1})),
    Asked("ask_for_parity_run", 500, f"{PARITY}/runs", "POST", _json({}), _raises("parity", "ask")),
    Asked("ask_for_parity_run", 503, f"{PARITY}/runs", "POST", _json({}), _fails("parity")),
    *_quality("read_ledger", LEDGER, "?hours=0", "ledger", "arrived", arrived),
    *_quality("list_dead_letters", f"{LEDGER}/dead_letters", "?limit=0", "ledger", "dead_letters", arrived),
    *_crowd_reads("read_portrait", f"{VIP}/portrait", f"{VIP}/portrait?base=NO", ("crowd_users", "portrait")),
    *_crowd_reads("read_overlap", OVERLAP, "/api/v1/crowd-overlap?crowds=vip", ("crowd_users", "overlap")),
]
NEVER = {
    ("read_parity", 422),
    # Documented for every route by one rule, though these take no input that could be wrong, or run nothing that could fail.
    ("list_tags", 422),
    ("list_crowds", 422),
    ("list_models", 422),
    ("list_jobs", 422),
    ("list_views", 422),
    ("list_views", 500),
    ("read_sources", 422),
    ("read_sources", 500),
    ("list_event_types", 422),
    ("read_health", 422),
    ("read_health", 500),
    ("read_alive", 422),
    ("read_alive", 500),
    ("read_overview", 422),
    ("read_session", 422),
    ("read_session", 500),
}


def build(world: World):
    return create_app(Settings(api=Api(max_body_bytes=20_000)), world.stores(), clock=lambda: AT_MS)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build(seeded()).test_client().get("/api/v1/openapi.json").json


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.operation}-{asked.status}")
def test_an_answer_is_documented_and_fits_its_schema(asked, document):
    world = seeded()
    asked.breaks(world)
    answer = build(world).test_client().open(asked.path, method=asked.method, **asked.request)
    assert answer.status_code == asked.status, answer.text
    documented = operations(document)[asked.operation]["responses"][str(asked.status)]
    if "application/json" not in documented.get("content", {}):
        assert answer.mimetype in documented.get("content", {}) or answer.status_code == 204
        return
    schema = documented["content"]["application/json"]["schema"] | {"components": document["components"]}
    Draft202012Validator(schema, format_checker=FORMATS).validate(answer.json)
    assert "<br/>" not in str(documented) and documented["description"]


def test_every_documented_answer_is_asked_for(document):
    documented = {
        (name, int(status)) for name, operation in operations(document).items() for status in operation["responses"]
    }
    assert {(asked.operation, asked.status) for asked in ASKED} == documented - NEVER


def test_every_route_of_the_api_is_documented(document):
    app = build(seeded())
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != "/api/v1/openapi.json"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, found in document["paths"].items() for method in found}


def test_every_operation_documents_how_it_fails_in_the_one_shape(document):
    for name, operation in operations(document).items():
        assert operation["summary"], name
        failures = {status: found for status, found in operation["responses"].items() if status >= "400"}
        assert {"422", "500"} <= set(failures), name
        for status, found in failures.items():
            reference = found["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert reference == ("Health" if (name, status) == ("read_health", "503") else "Error"), (name, status)


def test_every_reference_leads_somewhere_and_every_schema_is_one(document):
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(schemas)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_the_document_tells_the_limits_of_what_can_be_sent(document):
    schemas = document["components"]["schemas"]
    assert schemas["EventsIn"]["properties"]["events"]["maxItems"] == Api().max_events_per_request
    event = schemas["EventIn"]
    assert event["required"] == ["user_id", "event_type"]
    assert event["additionalProperties"] is False
    validator = Draft202012Validator({"$ref": "#/components/schemas/EventsIn", "components": document["components"]})
    assert validator.is_valid({"events": [EVENT | {"occurred_at": 1, "item_id": None, "properties": {"a": "b"}}]})
    for wrong in ({"user_id": ""}, {"user_id": "a\nb"}, {"properties": {"a": 1}}, {"colour": "red"}):
        assert not validator.is_valid({"events": [EVENT | wrong]})


def test_every_link_leads_to_an_operation_by_parameters_that_it_has(document):
    found = operations(document)
    links = [
        (name, link) for name, one in found.items() for answer in one["responses"].values()
        for link in answer.get("links", {}).values()
    ]  # fmt: skip
    assert len(links) > 20
    for name, link in links:
        taken = {given["name"] for given in found[link["operationId"]]["parameters"] if given["in"] == "path"}
        assert set(link["parameters"]) <= taken, (name, link)
