"""What a form may say: every problem at once, each with its place in the form."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tagging.definition import TagDefinition, definition_text, parse_definition
from tagging.form import (
    HEADER,
    Condition,
    Form,
    FormProblem,
    Measure,
    Relation,
    Window,
    form_sources,
    one_row_a_user,
)
from tagging.form_words import LONGEST_TEXT, choice, columns_of, is_number, number, plain_text
from tagging.kinds import NUMBERS, Kind
from tagging.problems import TagProblems
from tagging.windows import DAY, HOUR, default_pane_minutes, window_problems

UNITS = {"minute": 1, "hour": HOUR, "day": DAY}
MOST_CONDITIONS = 20
MOST_VALUES = 100
MOST_BANDS = 20
NUMERIC = frozenset({Measure.SUM, Measure.AVERAGE, Measure.SMALLEST, Measure.LARGEST})
COMPARING = frozenset({Relation.AT_LEAST, Relation.AT_MOST, Relation.ABOVE, Relation.BELOW})


def problems_of(form: Form) -> list[FormProblem]:
    """Everything to change before the form makes a tag; empty when it does."""
    return list(_problems(form))


def _problems(form: Form) -> Iterator[FormProblem]:
    yield from _header_problems(form)
    if form.source not in form_sources():
        yield FormProblem("source", "is no source with users", form.source, sorted(form_sources()))
        return
    yield from _measure_problems(form)
    if len(form.where) > MOST_CONDITIONS:
        yield FormProblem("where", "has too many conditions", len(form.where), f"at most {MOST_CONDITIONS}")
    for place, condition in enumerate(form.where[:MOST_CONDITIONS]):
        yield from _condition_problems(form.source, condition, f"where[{place}]")
    if form.window:
        yield from _window_problems(form.window)
    yield from _band_problems(form)


def _header_problems(form: Form) -> Iterator[FormProblem]:
    given = {key: getattr(form, key).strip() for key in HEADER}
    for key, value in given.items():
        if not value:
            yield FormProblem(key, "is missing")
        elif not value.isprintable():
            yield FormProblem(key, "is one line of printable characters", value)
    # The rest of the rules is the definition's own. What was told already must not break its lines.
    lines = {key: value if value.isprintable() else "" for key, value in given.items()}
    header = TagDefinition(**lines, value_type="string", sql="SELECT")
    try:
        parse_definition(definition_text(header))
    except TagProblems as error:
        keys = ("name", "title", "description", "type", "dimension", "owner")
        for found in error.problems:
            key = keys[found.line - 1]
            if lines[key]:
                yield FormProblem(key, found.message, allowed=found.suggestion or None)


def _measure_problems(form: Form) -> Iterator[FormProblem]:
    columns = columns_of(form.source)
    one_row = (Measure.VALUE, Measure.ANY)
    single = one_row_a_user(form.source)
    if single != (form.measure in one_row) and form.measure is not Measure.ANY:
        allowed = one_row if single else [kind for kind in Measure if kind is not Measure.VALUE]
        yield FormProblem("measure", f"cannot be taken of {form.source}", str(form.measure), [str(k) for k in allowed])
        return
    if form.measure in (Measure.COUNT, Measure.ANY):
        if form.column:
            yield FormProblem("column", f"{form.measure} counts rows, not a column", form.column, "nothing")
    else:
        numbers = {name: kind for name, kind in columns.items() if kind in NUMBERS}
        fit = numbers if form.measure in NUMERIC else columns
        yield from choice("column", form.column, fit, FormProblem)
    if form.at_least is not None:
        if not is_number(form.at_least):
            yield FormProblem("at_least", "is a number of at most 18 digits", form.at_least)
        elif single and not _is_numeric(form):
            yield FormProblem("at_least", "asks for a number, and the measure is none", form.at_least, "nothing")


def _is_numeric(form: Form) -> bool:
    if form.measure is Measure.VALUE:
        return columns_of(form.source).get(form.column) in NUMBERS
    return form.measure is not Measure.ANY


def _condition_problems(source: str, condition: Condition, path: str) -> Iterator[FormProblem]:
    columns = columns_of(source)
    found = list(choice(f"{path}.column", condition.column, columns, FormProblem))
    yield from found
    if found:
        return
    kind = columns[condition.column]
    at, values, test = f"{path}.values", condition.values, condition.test
    if test is Relation.FILLED:
        if values:
            yield FormProblem(at, "filled takes no value", list(values), [])
        return
    if test in COMPARING and kind not in NUMBERS:
        allowed = [str(test) for test in Relation if test not in COMPARING]
        yield FormProblem(f"{path}.test", f"{condition.column} is no number", str(test), allowed)
        return
    most = 1 if test in COMPARING else MOST_VALUES
    if not 1 <= len(values) <= most:
        yield FormProblem(at, "too few or too many values", len(values), f"1 to {most}")
    for place, value in enumerate(values[:most]):
        if kind in NUMBERS and not is_number(value):
            yield FormProblem(f"{at}[{place}]", "is a number of at most 18 digits", value)
        if kind is Kind.STRING and not (isinstance(value, str) and (value == "" or plain_text(value))):
            yield FormProblem(
                f"{at}[{place}]", "is a text", value, f"at most {LONGEST_TEXT} printable characters on one line"
            )


def _window_problems(window: Window) -> Iterator[FormProblem]:
    if window.unit not in UNITS:
        yield FormProblem("window.unit", "is no unit", window.unit, list(UNITS))
        return
    minutes = window.length * UNITS[window.unit]
    for said in window_problems(minutes, default_pane_minutes(minutes)) if minutes > 0 else ["is at least 1"]:
        yield FormProblem("window.length", said, window.length)


def _band_problems(form: Form) -> Iterator[FormProblem]:
    if form.otherwise and not form.bands:
        yield FormProblem("otherwise", "is the label below the bands, and there are none", form.otherwise, "nothing")
    if not form.bands:
        return
    if not _is_numeric(form):
        yield FormProblem("bands", "divide numbers, and the measure is none", len(form.bands), 0)
    if len(form.bands) > MOST_BANDS:
        yield FormProblem("bands", "are too many", len(form.bands), f"at most {MOST_BANDS}")
    seen: set[Decimal] = set()
    for place, band in enumerate(form.bands[:MOST_BANDS]):
        if not is_number(band.at_least):
            yield FormProblem(f"bands[{place}].at_least", "is a number of at most 18 digits", band.at_least)
            continue
        bound = Decimal(number(band.at_least))
        if bound in seen:
            yield FormProblem(f"bands[{place}].at_least", "begins another band too", band.at_least, "each once")
        seen.add(bound)
    for path, label in [(f"bands[{n}].label", band.label) for n, band in enumerate(form.bands[:MOST_BANDS])]:
        if not plain_text(label):
            yield FormProblem(path, "is a text", label, f"1 to {LONGEST_TEXT} printable characters")
    if form.otherwise and not plain_text(form.otherwise):
        yield FormProblem("otherwise", "is a text", form.otherwise, f"1 to {LONGEST_TEXT} printable characters")
