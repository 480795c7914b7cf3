"""From source columns to tags to crowds."""

from __future__ import annotations

import pytest

import sql
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.lineage import Edge, Graph, Kind, Node, Role, around, build, origins
from tagging.saved_crowds import SavedCrowd
from tagging.tag_reads import TagRead

BUILT_IN = {path.stem: parse_definition(path.read_text(encoding="utf-8")) for path in sql.tag_files()}


def definition(name: str, text: str, *reads: TagRead, value_type: str = "string", version: int = 1) -> TagDefinition:
    return TagDefinition(name, name.title(), "", value_type, "basic", "tests", text, version, reads=reads)


def crowd(name: str, rule: dict) -> SavedCrowd:
    return SavedCrowd(name, name.title(), rule, "", 1, 0, 0)


def columns(found, role: Role) -> set[str]:
    return {f"{source}.{column}" for source, column, held in found if held is role}


@pytest.mark.parametrize(
    ("tag", "value", "rows"),
    [
        ("city", "users.city", "users.user_id"),
        ("spend_tier_30d", "orders.amount", "orders.status orders.user_id orders.ordered_at"),
        ("lifecycle", "events.user_id", "users.user_id events.occurred_at"),
        (
            "favourite_category_30d",
            "products.category",
            "events.event_type events.item_id events.user_id events.occurred_at products.product_id",
        ),
        ("refund_rate_90d", "orders.status", "orders.user_id orders.ordered_at"),
        (
            "customer_segment",
            "lifecycle__v1.value spend_tier_30d__v1.value",
            "lifecycle__v1.user_id spend_tier_30d__v1.user_id",
        ),
    ],
)
def test_a_column_is_told_by_what_it_is_read_for(tag, value, rows):
    found = origins(BUILT_IN[tag])
    assert columns(found, Role.VALUE) == set(value.split())
    assert columns(found, Role.ROWS) == set(rows.split())


def test_a_column_is_followed_through_derived_tables_ranks_and_unions():
    text = """
        SELECT user_id, MAX(b) AS value FROM (
          SELECT user_id, a AS b FROM (SELECT user_id, city AS a, country AS c FROM users)
          UNION ALL
          SELECT user_id, coupon AS b FROM orders WHERE status = 'paid'
        ) GROUP BY user_id"""
    found = origins(definition("any", text))
    assert columns(found, Role.VALUE) == {"users.city", "orders.coupon"}
    assert columns(found, Role.ROWS) >= {"users.user_id", "orders.user_id", "orders.status"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_of_a_built_in_tag_every_column_of_the_compiled_text_is_there_once(name):
    compiled = compile_tag(BUILT_IN[name])
    found = origins(BUILT_IN[name])
    sources = {window.view: window.source for window in compiled.windows}
    read = {(sources.get(view, view), column) for view, held in compiled.columns.items() for column in held}
    times = {
        (window.source, "occurred_at" if window.source == "events" else "ordered_at") for window in compiled.windows
    }
    times = {("users", "registered_at") if place[0] == "users" else place for place in times}
    assert {(source, column) for source, column, _ in found} == read | times
    assert len({(source, column) for source, column, _ in found}) == len(found)


BASE = definition("base", "SELECT user_id, city AS value FROM users", version=2)
TOP = definition("top", "SELECT user_id, value FROM TAG(base)", TagRead("base", 1, "string"))
ASIDE = definition("aside", "SELECT user_id, country AS value FROM users")
CROWDS = {
    "near": crowd(
        "near", {"all": [{"tag": "top", "in": ["x"]}, {"not": {"any": [{"tag": "aside", "present": True}]}}]}
    ),
    "far": crowd("far", {"all": [{"crowd": "near"}, {"crowd": "gone"}, {"tag": "lost", "present": True}]}),
}


def graph(most_nodes: int = 100, most_edges: int = 100) -> Graph:
    return build([ASIDE, BASE, TOP], CROWDS, most_nodes, most_edges)


def test_edges_go_from_what_is_read_to_what_reads_it():
    assert set(graph().edges) == {
        Edge("column:users.user_id", "tag:aside", Role.ROWS),
        Edge("column:users.country", "tag:aside", Role.VALUE),
        Edge("column:users.user_id", "tag:base", Role.ROWS),
        Edge("column:users.city", "tag:base", Role.VALUE),
        Edge("tag:base", "tag:top", Role.VALUE, 1),
        Edge("tag:top", "crowd:near", Role.MEMBERS),
        Edge("tag:aside", "crowd:near", Role.MEMBERS),
        Edge("crowd:near", "crowd:far", Role.MEMBERS),
        Edge("crowd:gone", "crowd:far", Role.MEMBERS),
        Edge("tag:lost", "crowd:far", Role.MEMBERS),
    }


def test_what_is_gone_is_a_node_without_a_version_or_a_title():
    nodes = {node.id: node for node in graph().nodes}
    assert nodes["tag:lost"] == Node(Kind.TAG, "lost") and nodes["crowd:gone"] == Node(Kind.CROWD, "gone")
    assert (nodes["tag:base"].version, nodes["tag:base"].title) == (2, "Base")
    assert {end for edge in graph().edges for end in (edge.start, edge.end)} == nodes.keys()


def test_the_part_around_a_tag_is_what_it_rests_on_and_what_rests_on_it():
    part = around(graph(), "tag:base")
    assert {node.id for node in part.nodes} == {
        "column:users.user_id", "column:users.city", "tag:base", "tag:top", "crowd:near", "crowd:far",
    }  # fmt: skip
    assert Edge("tag:aside", "crowd:near", Role.MEMBERS) not in part.edges and len(part.edges) == 5


def test_a_graph_without_room_says_how_much_is_left_out_and_has_no_loose_edge():
    for most in range(12):
        cut = graph(most_nodes=most)
        assert len(cut.nodes) <= most and cut.left_out == 5 - len({edge.end for edge in cut.edges})
        ids = {node.id for node in cut.nodes}
        assert all({edge.start, edge.end} <= ids for edge in cut.edges)
    assert len(graph(most_edges=3).edges) <= 3 and graph(most_edges=3).left_out


def test_a_text_that_does_not_compile_is_a_tag_from_nowhere():
    assert origins(definition("broken", "SELECT user_id, nothing AS value FROM users")) == frozenset()
