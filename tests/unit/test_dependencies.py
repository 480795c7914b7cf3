"""Which tag version rests on which."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.convergence import Controller
from jobs.tag_files import draft
from jobs.tag_life import change
from stores.registry.store import Entry
from tagging import lifecycle
from tagging.binding import bound
from tagging.compiler import compile_tag
from tagging.convergence import Step, next_actions
from tagging.definition import TagDefinition, definition_text, parse_definition
from tagging.dependencies import awaits, check_build, check_retire, cycle, dependents, in_order, needed
from tagging.lifecycle import Policy, Refused, Status, Tag, TagVersion
from tagging.problems import TagProblems
from tagging.synchronise import definition_of
from tagging.tag_reads import TagRead
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce
from tests.unit.test_convergence_rounds import World

POLICY = Policy(rollback_window_ms=100)
SHOWN = "SELECT user_id, value FROM TAG(base)"


def text(name: str, *reads: TagRead, value_type: str = "string", sql: str = "") -> str:
    joined = " JOIN ".join(f"TAG({read.tag})" for read in reads) or "users"
    sql = sql or f"SELECT user_id, value FROM {joined}"
    return definition_text(TagDefinition(name, "t", "d", value_type, "basic", "o", sql, reads=reads))


def version(
    name: str, number: int, *reads: TagRead, status: Status = Status.LIVE, value_type: str = "string", cleaned=False
) -> TagVersion:
    body = text(name, *reads, value_type=value_type)
    return TagVersion(number, body, "ann", 0, status, job=lifecycle.shadow_job(name, number), cleaned=cleaned)


def tag(name: str, *versions: TagVersion) -> Tag:
    return Tag(name, "o", "basic", versions)


def read(name: str, number: int = 1, value_type: str = "string") -> TagRead:
    return TagRead(name, number, value_type)


BASE = tag("base", version("base", 1))
MIDDLE = tag("middle", version("middle", 1, read("base")))
TOP = tag("top", version("top", 1, read("middle")))


def test_a_cycle_through_any_version_is_named_as_a_path():
    assert cycle("base", [read("top")], [BASE, MIDDLE, TOP]) == ("base", "top v1", "middle v1", "base v1")
    assert cycle("other", [read("top")], [BASE, MIDDLE, TOP]) == ()


def test_a_draft_that_would_close_a_cycle_is_refused_at_its_place():
    definition = TagDefinition("base", "t", "d", "string", "basic", "o", "SELECT user_id, value\nFROM TAG(top)")
    with pytest.raises(TagProblems) as refused:
        bound(definition, [BASE, MIDDLE, TOP])
    [problem] = refused.value.problems
    assert (problem.line, problem.column) == (2, 6)
    assert problem.message == "tags would read each other: base -> top v1 -> middle v1 -> base v1"


def test_a_tag_over_one_that_few_may_see_is_for_as_few():
    secret = TagDefinition("base", "t", "d", "string", "risk", "o", "SELECT user_id, value", sensitivity="restricted")
    live = tag("base", replace(version("base", 1), text=definition_text(secret)))
    for own in ("public", "personal"):
        shown = TagDefinition("shown", "t", "d", "string", "risk", "o", SHOWN, sensitivity=own)
        with pytest.raises(TagProblems, match=rf"a {own} tag would tell what tag base v1 holds, which is restricted"):
            bound(shown, [live])
        by_hand = definition_text(replace(shown, reads=(read("base"),)))
        with pytest.raises(Refused, match=rf"it is {own}, and a reader of base v1, which is restricted"):
            check_build([live, tag("shown", replace(version("shown", 1), text=by_hand))], "shown", 1)
    kept = TagDefinition("shown", "t", "d", "string", "risk", "o", SHOWN, sensitivity="restricted")
    assert bound(kept, [live]).reads == (read("base"),)


def test_a_draft_is_bound_to_the_live_version_and_keeps_it_when_another_goes_live():
    live = tag("base", version("base", 1, status=Status.RETIRED), version("base", 2, value_type="integer"))
    definition = TagDefinition("shown", "t", "d", "integer", "basic", "o", SHOWN)
    first = bound(definition, [live])
    assert first.reads == (read("base", 2, "integer"),)
    newer = tag("base", version("base", 2, status=Status.RETIRED, value_type="integer"), version("base", 3))
    assert bound(parse_definition(definition_text(first)), [newer]).reads == first.reads
    assert bound(definition, [newer]).reads == (read("base", 3),)


def test_the_text_that_a_draft_registers_names_the_versions_that_it_reads():
    registry = MemoryRegistry()
    registry.save(BASE, [])
    written = bound(parse_definition(text("shown", sql=SHOWN)), registry.tags())
    draft(registry, written, "ann", 1)
    stored = registry.tag("shown").version(1)
    assert "-- reads: base v1 string\n" in stored.text
    assert compile_tag(definition_of("shown", 1, stored.text)).sources == {"base__v1"}


@pytest.mark.parametrize(
    ("held", "reads", "message", "suggestion"),
    [
        ((), (), "there is no live tag 'base'", ""),
        ((version("bases", 1),), (), "there is no live tag 'base'", "did you mean bases?"),
        ((version("base", 1, status=Status.DRAFT),), (), "there is no live tag 'base'", ""),
        ((version("base", 1, status=Status.FAILED),), (read("base"),), "tag base v1 is failed", "read a live tag"),
        ((version("base", 2),), (read("base"),), "tag base v1 is not in the registry", "read base v2 string"),
        ((version("base", 1, value_type="integer"),), (read("base"),), "type integer, not string", "base v1 integer"),
        (
            (version("base", 1, status=Status.RETIRED, cleaned=True), version("base", 2)),
            (read("base"),),
            "tag base v1 is retired and cleaned",
            "read base v2 string, the live version",
        ),
    ],
)
def test_a_tag_that_cannot_be_read_is_refused_with_a_way_out(held, reads, message, suggestion):
    names = {parse_definition(v.text).name for v in held}
    tags = [tag(name, *held) for name in names]
    definition = TagDefinition("shown", "t", "d", "string", "basic", "o", SHOWN, reads=reads)
    with pytest.raises(TagProblems) as refused:
        bound(definition, tags)
    [problem] = refused.value.problems
    assert message in problem.message and suggestion in problem.suggestion and problem.column == 28


def test_a_text_that_is_no_select_is_left_to_the_compiler():
    definition = TagDefinition("shown", "t", "d", "string", "basic", "o", "SELECT FROM WHERE")
    assert bound(definition, [BASE]) == definition


def test_retiring_is_refused_while_other_tags_read_the_tag_and_these_are_named():
    other = tag("other", version("other", 3, read("base"), status=Status.BUILDING))
    with pytest.raises(Refused, match="retire tag base: it is read by middle v1, other v3"):
        check_retire([BASE, MIDDLE, other, TOP], "base")
    check_retire([BASE, MIDDLE, TOP], "top")
    assert dependents([BASE, tag("middle", version("middle", 1, read("base"), status=Status.RETIRED))], "base") == []


def test_a_refused_retirement_writes_nothing():
    registry = MemoryRegistry()
    for one in (BASE, MIDDLE):
        registry.save(one, [Entry(one.name, 1, "ann", "live", 0)])
    with pytest.raises(Refused):
        change(
            registry, "base", "ann", "retire", 1, lambda tag: (lifecycle.retire(tag, 1, 1), 1),
            lambda tags: check_retire(tags, "base"),
        )  # fmt: skip
    assert registry.tag("base").live is not None and [entry.what for entry in registry.audit("base")] == ["live"]


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        (version("base", 1), True),
        (version("base", 1, status=Status.READY), True),
        (version("base", 1, status=Status.RETIRED), True),
        (version("base", 1, status=Status.DRAFT), False),
        (version("base", 1, status=Status.FAILED), False),
        (version("base", 1, status=Status.RETIRED, cleaned=True), False),
        (version("base", 1, value_type="boolean"), False),
        (version("base", 2), False),
    ],
)
def test_a_version_is_built_on_what_is_kept_up_to_date_and_of_the_type_it_expects(base, allowed):
    tags = [tag("base", base), tag("middle", version("middle", 1, read("base"), status=Status.DRAFT))]
    if allowed:
        check_build(tags, "middle", 1)
    else:
        with pytest.raises(Refused, match="build version 1 of tag middle: it is a reader of base v1, which"):
            check_build(tags, "middle", 1)


def test_a_version_in_a_cycle_is_not_built():
    tags = [tag("a", version("a", 1, read("b"))), tag("b", version("b", 1, read("a"), status=Status.DRAFT))]
    with pytest.raises(Refused, match="in a cycle: b -> a v1 -> b v1"):
        check_build(tags, "b", 1)


def test_a_version_is_built_after_those_that_it_reads():
    base = version("base", 1, status=Status.BUILDING)
    middle = version("middle", 1, read("base"), status=Status.BUILDING)
    tags = [tag("base", base), tag("middle", middle)]
    assert awaits(tags, "middle", middle)
    assert [(action.step, action.tag) for action in next_actions(tags, [], 0, POLICY)] == [(Step.SUBMIT, "base")]
    tags[0] = tag("base", version("base", 1))
    running = {"tag.base.v1"}
    assert [(action.step, action.tag) for action in next_actions(tags, running, 0, POLICY)] == [(Step.SUBMIT, "middle")]


def test_a_version_that_another_tag_reads_outlives_its_rollback_window_and_is_started_again():
    old, new = version("base", 1, status=Status.RETIRED), version("base", 2)
    running = {"tag.base.v1", "tag.base.v2", "tag.middle.v1"}
    tags = [tag("base", old, new), MIDDLE]
    assert needed(tags) == {("base", 1)}
    assert next_actions(tags, running, 1_000, POLICY) == []
    [action] = next_actions(tags, running - {"tag.base.v1"}, 1_000, POLICY)
    assert (action.step, action.version) == (Step.SUBMIT, 1)
    moved = [tag("base", old, new), tag("middle", version("middle", 1, read("base", 2)))]
    [action] = next_actions(moved, running, 1_000, POLICY)
    assert (action.step, action.tag, action.version) == (Step.CLEAN, "base", 1)


@pytest.mark.parametrize(
    ("base", "cause"),
    [
        (version("base", 1, status=Status.FAILED), "a reader of base v1, which is failed"),
        (version("base", 1, read("middle"), status=Status.BUILDING), "in a cycle: middle -> base v1 -> middle v1"),
    ],
)
def test_a_version_that_somebody_wrote_past_the_checks_fails_with_the_cause_before_its_proof(base, cause):
    world = World()
    world.save(tag("base", base), [])
    world.save(tag("middle", version("middle", 1, read("base"), status=Status.BUILDING)), [])
    controller = Controller(world, world, ProofsAtOnce(world.check), world, lambda: 1, POLICY)
    for _ in range(3):
        controller.run_round()
    failed = world.tag("middle").version(1)
    assert failed.status is Status.FAILED and cause in failed.cause
    assert not world.proven


def test_a_failed_version_is_cleaned_whoever_names_it():
    tags = [tag("base", version("base", 1, status=Status.FAILED)), MIDDLE]
    [action] = next_actions(tags, {"tag.base.v1", "tag.middle.v1"}, 0, POLICY)
    assert (action.step, action.tag) == (Step.STOP, "base")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.integers(0, 6), max_size=4), min_size=1, max_size=7))
def test_the_order_puts_every_tag_after_those_that_it_reads_or_names_a_cycle(graph):
    names = [f"t{number}" for number in range(len(graph))]
    reads = {f"t{n}": [read(f"t{m}") for m in sorted(below)] for n, below in enumerate(graph)}
    # The oracle: whoever is reachable from itself, by walking as long as anything new is met.
    reach = {name: {r.tag for r in reads[name]} & set(names) for name in names}
    for _ in names:
        reach = {name: found | {far for near in found for far in reach[near]} for name, found in reach.items()}
    if any(name in found for name, found in reach.items()):
        with pytest.raises(ValueError, match="tags read each other: ") as refused:
            in_order(reads)
        path = str(refused.value).split(": ")[1].split(" -> ")
        assert path[0] == path[-1]
        assert all(below in {r.tag for r in reads[above]} for above, below in pairwise(path))
    else:
        order = in_order(reads)
        assert sorted(order) == names
        assert all(order.index(below) < order.index(name) for name in names for below in reach[name])
