"""The compiler's output as files that can be read without Python. UPDATE_GOLDEN=1 writes them anew: look at the diff."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sql
from tagging.compiler import compile_tag
from tagging.definition import DIMENSIONS, TagDefinition, definition_text, parse_definition
from tagging.problems import TagProblems
from tagging.program import Program, build_program

GOLDEN = Path(__file__).parent.parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
REFUSED = sorted((GOLDEN / "refused").glob("*.sql"))


def same_as_file(text: str, path: Path) -> None:
    """Compare with a golden file, or write it when asked to."""
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing: run UPDATE_GOLDEN=1 pytest {Path(__file__).name}, and read what it wrote"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; if it should, run with UPDATE_GOLDEN=1"


def program_text(program: Program) -> str:
    views = [f"CREATE TEMPORARY VIEW `{name}` AS\n{select};\n" for name, select in program.views]
    inserts = [f"-- {tag.definition.name}: {tag.definition.flink_type}\n{query};\n" for tag, query in program.inserts]
    return "\n".join(views + inserts)


def built_in() -> list[TagDefinition]:
    return [parse_definition(path.read_text(encoding="utf-8"), path.name) for path in sql.tag_files()]


@pytest.mark.parametrize("definition", built_in(), ids=lambda definition: definition.name)
def test_a_built_in_tag_compiles_to_its_golden_file(definition):
    program = build_program([compile_tag(definition)])
    same_as_file(program_text(program), GOLDEN / "tags" / f"{definition.name}.flink.sql")


def test_all_built_in_tags_share_the_windows_of_the_golden_program():
    program = build_program([compile_tag(definition) for definition in built_in()])
    views = [f"CREATE TEMPORARY VIEW `{name}` AS\n{select};\n" for name, select in program.views]
    same_as_file("\n".join(views), GOLDEN / "program.views.flink.sql")


def test_there_is_no_golden_file_of_a_tag_that_is_gone():
    names = {definition.name for definition in built_in()}
    assert {path.name.removesuffix(".flink.sql") for path in (GOLDEN / "tags").iterdir()} == names


def test_built_in_tags_cover_every_dimension_and_are_named_like_their_files():
    definitions = built_in()
    assert len(definitions) >= 16
    assert {definition.dimension for definition in definitions} == set(DIMENSIONS)
    assert [definition.name for definition in definitions] == [path.stem for path in sql.tag_files()]


@pytest.mark.parametrize("definition", built_in(), ids=lambda definition: definition.name)
def test_a_built_in_tag_survives_being_written_and_read_again(definition):
    assert parse_definition(definition_text(definition)) == definition


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_a_hostile_or_mistaken_text_is_refused_with_every_problem(path):
    text = path.read_text(encoding="utf-8")
    with pytest.raises(TagProblems) as refused:
        compile_tag(TagDefinition("refused", "", "", "string", "basic", "tests", text))
    expected = path.with_suffix(".problems.txt")
    same_as_file("".join(f"{problem}\n" for problem in refused.value.problems), expected)


def test_there_are_many_refused_texts():
    assert len(REFUSED) >= 40
