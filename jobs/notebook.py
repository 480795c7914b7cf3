"""The log for a person at a notebook: its tables up to now, questions in Flink SQL, and a tag tried before it is registered.

Everything runs in batch on the configured cluster and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyflink.table import TableEnvironment

from jobs import barrier
from jobs.flink_environment import connector_jar, create_environment, job_options
from jobs.flink_sources import source_statements
from jobs.mode import Mode
from stores.settings import Settings
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import parse_definition
from tagging.program import build_program
from tagging.sources import CATALOG

NAME = "notebook"


def log_tables(settings: Settings, sources: Iterable[str] = tuple(CATALOG)) -> TableEnvironment:
    """An environment in which the sources and `clock` are tables, as far as the log has come now. Raises KafkaUnavailable."""
    wanted = sorted(sources)
    ends = barrier.take(wanted, settings).ends
    environment = create_environment(Mode.BATCH, job_options(settings, Mode.BATCH, NAME), connector_jar(settings))
    for declaration in source_statements(wanted, settings, NAME, ends):
        environment.execute_sql(declaration)
    return environment


def ask(environment: TableEnvironment, question: str, at_most: int = 1000) -> list[dict[str, Any]]:
    """The first rows of a SELECT, each by the names of its columns."""
    table = environment.sql_query(question).fetch(at_most)
    names = table.get_resolved_schema().get_column_names()
    with table.execute().collect() as answer:
        return [dict(zip(names, row, strict=True)) for row in answer]


def try_tag(settings: Settings, text: str, at_most: int = 1000) -> list[dict[str, Any]]:
    """Users and their values by a tag's file that nobody registered yet. Raises TagProblems with every problem."""
    tag = compile_tag(parse_definition(text, NAME))
    return users_of(tag, log_tables(settings, tag.sources), at_most)


def users_of(tag: CompiledTag, environment: TableEnvironment, at_most: int = 1000) -> list[dict[str, Any]]:
    """The users who have the tag, and their values, by the tables of an environment."""
    program = build_program([tag])
    [(_, query)] = program.inserts
    views = (*program.views, ("tried", query))
    for name, select in views:
        environment.create_temporary_view(name, environment.sql_query(select))
    try:
        return ask(environment, "SELECT `user_id`, `value` FROM `tried` WHERE `value` IS NOT NULL", at_most)
    finally:
        for name, _ in reversed(views):
            environment.drop_temporary_view(name)
