"""A form as the text that an author would write: the same header, the same SELECT."""

from __future__ import annotations

from sqlglot import exp

from tagging.definition import TagDefinition, definition_text
from tagging.dialect import TagSql
from tagging.form import HEADER, Condition, Form, FormProblems, Measure, Relation, one_row_a_user
from tagging.form_rules import problems_of
from tagging.form_words import column_of, columns_of, is_filled, literal
from tagging.kinds import Kind

_NUMERIC_MEASURES = {
    Measure.SUM: exp.Sum,
    Measure.AVERAGE: exp.Avg,
    Measure.SMALLEST: exp.Min,
    Measure.LARGEST: exp.Max,
}
_SIGNS = {Relation.AT_LEAST: exp.GTE, Relation.AT_MOST: exp.LTE, Relation.ABOVE: exp.GT, Relation.BELOW: exp.LT}
_TYPES = {Kind.INTEGER: "integer", Kind.DECIMAL: "decimal", Kind.STRING: "string"}


def write(form: Form) -> str:
    """The tag's text, header and SELECT. Raises FormProblems with every problem."""
    problems = problems_of(form)
    if problems:
        raise FormProblems(problems)
    header = {key: getattr(form, key).strip() for key in HEADER}
    return definition_text(TagDefinition(**header, value_type=_value_type(form), sql=_select(form)))


def _value_type(form: Form) -> str:
    if form.bands:
        return "string"
    if form.measure is Measure.ANY:
        return "boolean"
    if form.measure in (Measure.COUNT, Measure.DISTINCT):
        return "integer"
    return "decimal" if form.measure is Measure.AVERAGE else _TYPES[columns_of(form.source)[form.column]]


def _measure(form: Form) -> exp.Expr:
    if form.measure in (Measure.COUNT, Measure.ANY):
        return exp.Count(this=exp.Star())
    column = column_of(form.column)
    if form.measure is Measure.DISTINCT:
        return exp.Count(this=exp.Distinct(expressions=[column]))
    if form.measure is Measure.VALUE:
        return column
    if form.measure is Measure.AVERAGE and columns_of(form.source)[form.column] is Kind.INTEGER:
        column = exp.cast(column, "DECIMAL(18, 4)")
    return _NUMERIC_MEASURES[form.measure](this=column)


def _value(form: Form) -> exp.Expr:
    if form.measure is Measure.ANY:
        return exp.true()
    if not form.bands:
        return _measure(form)
    bands = sorted(form.bands, key=lambda band: -band.at_least)
    whens = [
        exp.If(this=exp.GTE(this=_measure(form), expression=literal(band.at_least)), true=literal(band.label))
        for band in bands
    ]
    if not form.otherwise:
        return exp.Case(ifs=whens)
    otherwise = literal(form.otherwise)
    if form.measure in (Measure.COUNT, Measure.DISTINCT):
        return exp.Case(ifs=whens, default=otherwise)
    # Of a user whose column is always empty there is nothing to say.
    return exp.Case(ifs=[*whens, exp.If(this=is_filled(_measure(form)), true=otherwise)])


def _select(form: Form) -> str:
    grouped = not one_row_a_user(form.source)
    wheres = [_condition(condition) for condition in form.where]
    select = exp.Select().select(exp.column("user_id"), exp.alias_(_value(form), "value")).from_(_rows(form))
    if grouped:
        select = select.group_by(exp.column("user_id"))
    if form.at_least is not None:
        enough = exp.GTE(this=_measure(form), expression=literal(form.at_least))
        if grouped:
            select = select.having(enough)
        else:
            wheres.append(enough)
    return (select.where(*wheres) if wheres else select).sql(dialect=TagSql, pretty=True)


def _rows(form: Form) -> exp.Table:
    if not form.window:
        return exp.to_table(form.source)
    length = exp.Interval(this=exp.Literal.string(str(form.window.length)), unit=exp.var(form.window.unit.upper()))
    return exp.Table(this=exp.Anonymous(this="LAST", expressions=[exp.column(form.source), length]))


def _condition(condition: Condition) -> exp.Expr:
    column = column_of(condition.column)
    if condition.test is Relation.FILLED:
        return is_filled(column)
    if condition.test in _SIGNS:
        return _SIGNS[condition.test](this=column, expression=literal(condition.values[0]))
    listed = exp.In(this=column, expressions=[literal(value) for value in condition.values])
    return listed if condition.test is Relation.ONE_OF else exp.Not(this=listed)
