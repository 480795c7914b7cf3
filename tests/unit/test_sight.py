"""Who may see a tag version's values: the rule, in any registry, and in what the API and the jobs read of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.live.registry import BuiltinTags, RegisteredTags
from jobs.crowd_rules import live_tags
from stores.registry.store import Pointer
from tagging import lifecycle
from tagging.binding import bound
from tagging.definition import SENSITIVITIES, TagDefinition, definition_text
from tagging.dependencies import check_build
from tagging.lifecycle import Policy, Refused, Status, Tag, TagVersion
from tagging.problems import TagProblems
from tagging.sight import Sight, Versions, sight
from tagging.tag_reads import TagRead
from tests.fakes.memory_registry import MemoryRegistry

POLICY = Policy()
NAMES = ("a", "b", "c")
NUMBERS = (1, 2, 3)


def definition(name: str, version: int, sensitivity: str, *reads: TagRead) -> TagDefinition:
    joined = " JOIN ".join(f"TAG({read.tag})" for read in reads) or "users"
    sql = f"SELECT user_id, value FROM {joined}"
    return TagDefinition(name, "t", "d", "string", "risk", "o", sql, version, reads=reads, sensitivity=sensitivity)


def tag(name: str, *versions: tuple[str, Status], reads: tuple[TagRead, ...] = ()) -> Tag:
    texts = [definition_text(definition(name, 1, said, *reads)) for said, _ in versions]
    return Tag(
        name,
        "o",
        "risk",
        tuple(
            TagVersion(number, text, "ann", 0, status)
            for number, (text, (_, status)) in enumerate(zip(texts, versions, strict=True), 1)
        ),
    )


READS = st.lists(
    st.builds(TagRead, st.sampled_from((*NAMES, "gone")), st.sampled_from(NUMBERS), st.just("string")),
    max_size=2,
    unique_by=lambda read: read.tag,
)
SETS, LEVELS = st.sets(st.sampled_from(NUMBERS)), st.sampled_from(SENSITIVITIES)


@st.composite
def registries(draw: st.DrawFn) -> dict[str, Versions]:
    """Tags that read any versions of each other, known or not, in circles too."""
    found = {}
    for name in NAMES:
        numbers = draw(SETS)
        definitions = {number: definition(name, number, draw(LEVELS), *draw(READS)) for number in numbers}
        found[name] = Versions(draw(st.sampled_from((None, *sorted(numbers)))), definitions)
    return found


def levels(tags: dict[str, Versions]) -> dict[tuple[str, int], int]:
    """Each version's level, by going round until nothing rises: it is at least that of its tag as it is, and of what it reads."""
    known = {(name, number) for name, held in tags.items() for number in held.definitions}
    found = {place: SENSITIVITIES.index(tags[place[0]].definitions[place[1]].sensitivity) for place in known}
    rises = True
    while rises:
        rises = False
        for name, number in known:
            held = tags[name]
            rests_on = [(name, held.live), (name, max(held.definitions))]
            rests_on += [(read.tag, read.version) for read in held.definitions[number].reads]
            level = max([found[name, number], *(found.get(place, 2) for place in rests_on if place[1] is not None)])
            rises = rises or level > found[name, number]
            found[name, number] = level
    return found


@settings(max_examples=300)
@given(registries())
def test_a_value_is_as_restricted_as_its_tag_is_now_and_as_all_that_it_was_computed_from(tags):
    seen, wanted = Sight(tags), levels(tags)
    for name in (*NAMES, "gone"):
        for number in NUMBERS:
            assert seen.sensitivity(name, number) == SENSITIVITIES[wanted.get((name, number), 2)]


@pytest.mark.parametrize(
    ("versions", "asked", "wanted"),
    [
        ((("public", Status.RETIRED), ("restricted", Status.LIVE)), 1, "restricted"),
        ((("public", Status.LIVE), ("restricted", Status.DRAFT)), 1, "restricted"),
        ((("public", Status.LIVE), ("personal", Status.RETIRED)), 1, "personal"),
        ((("restricted", Status.RETIRED), ("public", Status.LIVE)), 1, "restricted"),
        ((("restricted", Status.RETIRED), ("public", Status.LIVE)), 2, "public"),
        ((("public", Status.LIVE), ("restricted", Status.FAILED), ("public", Status.DRAFT)), 1, "public"),
        ((("public", Status.RETIRED),), 1, "public"),
        ((("public", Status.RETIRED), ("restricted", Status.LIVE), ("public", Status.DRAFT)), 1, "restricted"),
        ((("public", Status.LIVE),), 7, "restricted"),
    ],
)
def test_a_version_is_as_restricted_as_itself_the_live_one_and_the_newest(versions, asked, wanted):
    assert sight([tag("base", *versions)]).sensitivity("base", asked) == wanted


def test_a_row_by_hand_that_is_no_tag_restricts_nothing_and_is_for_few():
    held = tag("base", ("public", Status.LIVE))
    held = replace(held, versions=(*held.versions, TagVersion(2, "-- no tag", "hand", 0)))
    assert sight([held]).sensitivity("base", 1) == "public"
    assert sight([held]).sensitivity("base", 2) == "restricted"


def test_what_was_computed_from_a_version_is_restricted_when_its_tag_becomes_so():
    read = TagRead("base", 1, "string")
    base = tag("base", ("public", Status.RETIRED), ("restricted", Status.LIVE))
    shown = tag("shown", ("public", Status.LIVE), reads=(read,))
    top = tag("top", ("public", Status.LIVE), reads=(TagRead("shown", 1, "string"),))
    seen = sight([base, shown, top])
    assert [tag.sensitivity for tag in seen.live] == ["restricted", "restricted", "restricted"]


def test_a_tag_cannot_read_what_a_restricted_tag_was_before():
    base = tag("base", ("public", Status.RETIRED), ("restricted", Status.LIVE))
    read = TagRead("base", 1, "string")
    draft = definition("shown", 1, "public", read)
    with pytest.raises(TagProblems, match="a public tag would tell what tag base v1 holds, which is restricted"):
        bound(draft, [base])
    with pytest.raises(Refused, match="a reader of base v1, which is restricted"):
        check_build([base, tag("shown", ("public", Status.DRAFT), reads=(read,))], "shown", 1)


def test_readers_and_jobs_see_live_tags_with_the_sensitivity_of_the_rule():
    registry = MemoryRegistry()
    registry.save(tag("base", ("public", Status.LIVE), ("restricted", Status.BUILDING)), [])
    registry.save(tag("other", ("public", Status.LIVE)), [])
    readers = RegisteredTags(registry, BuiltinTags())
    of_readers = {found.name: found.sensitivity for found in readers.tags()}
    of_jobs = {found.name: found.sensitivity for found in live_tags(registry.pointers())}
    assert (of_readers["base"], of_readers["other"]) == ("restricted", "public")
    assert of_jobs == of_readers
    assert {name: held.sensitivity for name, held in BuiltinTags().by_name.items()}.items() <= of_readers.items()


def test_a_draft_restricts_from_the_next_request_on_and_a_newer_one_lifts_it():
    registry = MemoryRegistry()
    registry.save(tag("base", ("public", Status.LIVE)), [])
    readers = RegisteredTags(registry, BuiltinTags())
    said = []
    for sensitivity in ("public", "restricted", "personal", "public"):
        held = registry.tag("base")
        registry.save(lifecycle.add(held, f"{definition_text(definition('base', 1, sensitivity))}\n", "ann", 1), [])
        [found] = [found for found in readers.tags() if found.name == "base"]
        said.append((found.version, found.sensitivity))
    assert said == [(1, "public"), (1, "restricted"), (1, "personal"), (1, "public")]


def test_a_cleaned_version_is_still_known_by_what_it_was():
    registry = MemoryRegistry()
    held = tag("base", ("restricted", Status.RETIRED), ("public", Status.LIVE))
    registry.save(replace(held, versions=(replace(held.versions[0], cleaned=True), held.versions[1])), [])
    assert registry.pointers() == [Pointer("base", 2, held.versions[1].text)]
    readers = RegisteredTags(registry, BuiltinTags())
    assert readers.version("base", 1).sensitivity == "restricted"
    assert readers.version("base", 2).sensitivity == "public"
    assert readers.version("base", 3) is None
