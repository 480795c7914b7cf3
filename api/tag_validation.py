"""What is wrong with a text while it is being typed, and what it says when nothing is."""

from __future__ import annotations

from api.ports import Stores
from api.tag_texts import TextIn, form_problem, with_reads
from api.tag_version_models import TextProblem, Validation
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.form import FormProblems
from tagging.problems import Problem, TagProblems
from tagging.windows import Window

_UNKNOWN = Validation(
    valid=False,
    text=None,
    problems=[],
    form_problems=[],
    name=None,
    type=None,
    sources=[],
    windows=[],
    registered=False,
)


def validation(given: TextIn, stores: Stores) -> Validation:
    """The answer for a text or a form. Raises Unavailable for a valid one while the registry is away."""
    try:
        text = given.written()
    except FormProblems as error:
        return _UNKNOWN.model_copy(update={"form_problems": [form_problem(found) for found in error.problems]})
    definition, compiled, problems = _read(text, stores)
    found = {"text": text, "problems": [TextProblem(**vars(problem)) for problem in problems]}
    if definition is None:
        return _UNKNOWN.model_copy(update=found)
    found |= {"name": definition.name, "type": definition.value_type}
    if compiled is not None:
        known = stores.publishing.versions.tag(definition.name) is not None
        found |= {
            "valid": True,
            "sources": sorted(compiled.sources),
            "windows": [_said(window) for window in sorted(compiled.windows)],
            "registered": known or any(tag.name == definition.name for tag in stores.registry.tags()),
        }
    return _UNKNOWN.model_copy(update=found)


def _read(text: str, stores: Stores) -> tuple[TagDefinition | None, CompiledTag | None, tuple[Problem, ...]]:
    try:
        definition = parse_definition(text)
    except TagProblems as error:
        return None, None, error.problems
    try:
        definition = with_reads(definition, stores.publishing.versions)
        return definition, compile_tag(definition), ()
    except TagProblems as error:
        return definition, None, error.problems


def _said(window: Window) -> str:
    return f"{window.source}, {window.length_minutes} minutes in panes of {window.pane_minutes}"
