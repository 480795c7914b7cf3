"""A tag's text in a request: written by hand, or by a form. What it says is checked as the compiler checks it."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from api.errors import ApiError, Problem, invalid, refusal, shortened
from stores.registry.store import Tags
from tagging.binding import bound, tags_named
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.form import Band, Condition, Form, FormProblem, FormProblems, Measure, Relation, Window
from tagging.form_text import write
from tagging.lifecycle import LONGEST_TEXT
from tagging.problems import TagProblems

Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Line = Annotated[str, StringConstraints(max_length=500)]
_STRICT = ConfigDict(extra="forbid")


class ConditionIn(BaseModel):
    """A condition on a source's rows."""

    model_config = _STRICT

    column: Line = Field(description="A column of the source, or properties.<name> of events")
    is_: Relation = Field(alias="is")
    values: list[Number | StrictStr] = Field(default_factory=list, max_length=100)


class WindowIn(BaseModel):
    """The last `length` units."""

    model_config = _STRICT

    length: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    unit: Line


class BandIn(BaseModel):
    """A label for a measure of at least this."""

    model_config = _STRICT

    at_least: Number
    label: Line


class FormIn(BaseModel):
    """A tag as a form: it becomes the same text that a person would write."""

    model_config = _STRICT

    name: Line
    title: Line
    description: Line
    dimension: Line
    owner: Line
    source: Line
    measure: Measure
    column: Line = ""
    where: list[ConditionIn] = Field(default_factory=list, max_length=100)
    window: WindowIn | None = None
    at_least: Number | None = Field(None, description="Users with a smaller measure do not have the tag")
    bands: list[BandIn] = Field(default_factory=list, max_length=100)
    otherwise: Line = Field("", description="The label below the lowest band")

    def form(self) -> Form:
        """As the domain has it."""
        given = self.model_dump(exclude={"where", "window", "bands"})
        return Form(
            **given,
            where=tuple(Condition(found.column, found.is_, tuple(found.values)) for found in self.where),
            window=Window(self.window.length, self.window.unit) if self.window else None,
            bands=tuple(Band(band.at_least, band.label) for band in self.bands),
        )


class TextIn(BaseModel):
    """A tag's text, header and SELECT; or a form that writes it."""

    model_config = _STRICT

    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = Field(
        None, description="`-- name: ...` and so on, then the SELECT, as in a tag's file"
    )
    form: FormIn | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> TextIn:
        if (self.text is None) == (self.form is None):
            raise ValueError("give either text or form")
        return self

    def written(self) -> str:
        """The text. Raises FormProblems."""
        return self.text if self.form is None else write(self.form.form())


def form_problem(found: FormProblem) -> Problem:
    """What is wrong with a form, as the API tells it."""
    path = f"form.{found.path}".replace(".test", ".is")
    return Problem(path=path, message=found.message, got=shortened(found.got), allowed=found.allowed)


def with_reads(definition: TagDefinition, registered: Tags) -> TagDefinition:
    """The definition with a version for each tag that it reads. Raises TagProblems."""
    return bound(definition, registered.tags()) if any(tags_named(definition.sql)) else definition


def accepted(given: TextIn, registered: Tags) -> TagDefinition:
    """The definition of a text that compiles. Raises ApiError with every problem."""
    try:
        definition = with_reads(parse_definition(given.written()), registered)
        compile_tag(definition)
    except FormProblems as error:
        raise refusal([form_problem(found) for found in error.problems]) from error
    except TagProblems as error:
        raise refusal(
            [
                Problem(
                    path="text",
                    message=f"line {found.line}, column {found.column}: {found.message}",
                    allowed=found.suggestion or None,
                )
                for found in error.problems
            ]
        ) from error
    return definition


def of_this_name(definition: TagDefinition, name: str) -> TagDefinition:
    """The same definition. Raises ApiError when it is another tag's."""
    if definition.name != name:
        raise invalid("text", "is of another tag", got=definition.name, allowed=name)
    return definition


def same_text(error: Exception) -> ApiError:
    """There is nothing to add."""
    return ApiError(409, "same_text", f"{error}; change it first")
