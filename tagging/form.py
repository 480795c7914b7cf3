"""A form that a tag is made from: source, measure, conditions, window and bands. `tagging.form_text` writes it as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tagging.form_words import Scalar
from tagging.sources import CATALOG, SCORES, Source

HEADER = ("name", "title", "description", "dimension", "owner")


def form_sources() -> dict[str, Source]:
    """The sources that a form may be of: those with a user in every row. Scores are read as tags."""
    return {name: source for name, source in CATALOG.items() if "user_id" in source.columns and source != SCORES}


def one_row_a_user(source: str) -> bool:
    """Whether a source holds one row a user; others hold any number."""
    return CATALOG[source].key == "user_id"


class Measure(StrEnum):
    """What is taken of a user's rows. `value` is a column of a source with one row a user; `any` only says that there is a row."""

    COUNT = "count"
    DISTINCT = "count_distinct"
    SUM = "sum"
    AVERAGE = "average"
    SMALLEST = "smallest"
    LARGEST = "largest"
    VALUE = "value"
    ANY = "any"


class Relation(StrEnum):
    """What a condition asks of a column. A row whose column is empty meets none of them."""

    ONE_OF = "one_of"
    NONE_OF = "none_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    FILLED = "filled"


@dataclass(frozen=True)
class Condition:
    """A condition on the rows; `values`: several of ONE_OF and NONE_OF, none of FILLED, else one number."""

    column: str
    test: Relation
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class Window:
    """The last `length` units."""

    length: int
    unit: str


@dataclass(frozen=True)
class Band:
    """The label of a measure of at least this, up to the next band."""

    at_least: int | float
    label: str


@dataclass(frozen=True)
class Form:
    """A filled-in form. Without `bands` the value is the measure itself; `otherwise` is the label below the lowest band.

    `at_least`: users with a smaller measure (of ANY: with fewer rows) do not have the tag.
    """

    name: str
    title: str
    description: str
    dimension: str
    owner: str
    source: str
    measure: Measure
    column: str = ""
    where: tuple[Condition, ...] = ()
    window: Window | None = None
    at_least: int | float | None = None
    bands: tuple[Band, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True)
class FormProblem:
    """One thing to change. `path`: where in the form, such as where[0].values."""

    path: str
    message: str
    got: object = None
    allowed: object = None


class FormProblems(Exception):
    """A form that makes no tag. `problems` is never empty."""

    def __init__(self, problems: Sequence[FormProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{found.path}: {found.message}" for found in self.problems))
