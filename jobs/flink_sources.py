"""The sources in Flink's words: tables over Kafka topics and the views that tags read. One text in stream and in batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import Template

import sql
from jobs import as_of
from stores.settings import Kafka, Settings
from tagging.names import consumer_group, source_topic
from tagging.sources import CATALOG, Source
from tagging.tag_reads import TagRead

EndOffsets = Mapping[str, Mapping[int, int]]
"""topic -> partition -> the first offset that is not read. What bounds a batch run: the barrier."""

EVENTS = "events"
IDENTITIES = "identities"
CLOCK = "clock"


def literal(text: str) -> str:
    """A Flink SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def options(values: Mapping[str, str]) -> str:
    """The inside of a WITH (...) clause."""
    return ",\n  ".join(f"{literal(key)} = {literal(value)}" for key, value in values.items())


def kafka_properties(kafka: Kafka) -> dict[str, str]:
    """Connector options to reach the log, credentials included: never log them."""
    found = {
        "properties.bootstrap.servers": kafka.bootstrap_servers,
        "properties.security.protocol": kafka.security_protocol,
    }
    if kafka.sasl_mechanism:
        login = "scram.ScramLoginModule" if kafka.sasl_mechanism.startswith("SCRAM") else "plain.PlainLoginModule"
        password = kafka.sasl_password.get_secret_value() if kafka.sasl_password else ""
        found["properties.sasl.mechanism"] = kafka.sasl_mechanism
        found["properties.sasl.jaas.config"] = (
            f"org.apache.flink.kafka.shaded.org.apache.kafka.common.security.{login} required "
            f'username="{_jaas(kafka.sasl_username or "")}" password="{_jaas(password)}";'
        )
    if kafka.ssl_ca_file:
        found["properties.ssl.truststore.type"] = "PEM"
        found["properties.ssl.truststore.location"] = kafka.ssl_ca_file
    return found


def _jaas(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def topic_of(source: str, settings: Settings) -> str:
    """The topic behind a source (or the clock, the identities, or a tag version that is read)."""
    return source_topic(source, settings.mysql.shop_database)


def group_of(job: str, source: str) -> str:
    """The consumer group under which a job commits its place in a source, at each checkpoint."""
    return consumer_group(job, source)


def inputs_of(sources: Iterable[str], settings: Settings) -> list[str]:
    """Everything that a run over these sources reads, in order of declaration: the identities where any of them names a user who
    may be merged, the sources, the clock.
    """
    names = sorted(set(sources))
    # What a tag says of users it says of canonical ids already.
    named = any(_merged_columns(CATALOG[name], settings) for name in names if name in CATALOG)
    return [*([IDENTITIES] if named else []), *names, CLOCK]


def source_statements(
    names: Iterable[str],
    settings: Settings,
    job: str,
    barrier: EndOffsets | None = None,
    reads: Iterable[TagRead] = (),
    as_of_ms: int | None = None,
) -> list[str]:
    """CREATE statements for the named sources and what is read with them (see `inputs_of`); bounded at `barrier` when one is given.

    `reads`: the tag versions that are among them. `as_of_ms`: see `jobs.as_of`.
    """
    found: list[str] = []
    tags = {read.source: read for read in reads}
    for name in inputs_of(names, settings):
        connector = options(read_from(topic_of(name, settings), group_of(job, name), settings, barrier))
        found += _statements(name, connector, settings, tags, as_of_ms)
    return found


def read_from(topic: str, group: str, settings: Settings, barrier: EndOffsets | None) -> dict[str, str]:
    """Connector options to read a topic from its beginning; up to the barrier when one is given."""
    found = {
        "connector": "kafka",
        "topic": topic,
        "properties.group.id": group,
        **kafka_properties(settings.kafka),
        "scan.startup.mode": "earliest-offset",
    }
    if barrier is not None:
        found["scan.bounded.mode"] = "specific-offsets"
        found["scan.bounded.specific-offsets"] = ";".join(
            f"partition:{partition},offset:{end}" for partition, end in sorted(barrier[topic].items())
        )
    return found


def _statements(
    name: str, connector: str, settings: Settings, tags: Mapping[str, TagRead], as_of_ms: int | None
) -> list[str]:
    past = as_of.words(name, as_of_ms)
    if name in tags:
        values = {"connector": connector, "source": name, "type": tags[name].columns["value"]}
        template = sql.text("flink/tag.sql")
    elif name in (CLOCK, IDENTITIES):
        values = {"connector": connector, **past}
        template = sql.text(f"flink/{name}.sql")
    else:
        source, named = CATALOG[name], _merged_columns(CATALOG[name], settings)
        values = {"connector": connector, **past, **_person_values(source, named)}
        values |= _cdc_values(source, settings.cdc_format) if name != EVENTS else {}
        template = sql.text("flink/events.sql" if name == EVENTS else f"flink/cdc_{settings.cdc_format}.sql")
        if named:
            template += ";\n" + sql.text("flink/of_person.sql")
    if name == CLOCK and as_of_ms is not None:
        template += ";\n" + sql.text("flink/clock_as_of.sql")
    return [Template(statement).substitute(values) for statement in template.split(";\n") if statement.strip()]


def _merged_columns(source: Source, settings: Settings) -> tuple[str, ...]:
    """The source's columns that name a user who may be merged."""
    return source.user_columns if settings.flink.merges else ()


def _person_values(source: Source, named: Sequence[str]) -> dict[str, str]:
    """What `of_person.sql` is made of. A source without users is read as it was logged."""
    if not named:
        return {"logged": source.name}
    joins = [
        f"LEFT JOIN `{IDENTITIES}` AS `{column}__is` ON `{column}__is`.`user_id` = `row`.`{column}`" for column in named
    ]
    if source.own:
        joins.append(f"WHERE {_canonical(source.own)} = `row`.`{source.own}`")
    return {
        "source": source.name,
        "logged": f"{source.name}__as_logged",
        "of_person": ", ".join(_of_person(column, source) for column in source.columns),
        "joined": "\n".join(joins),
    }


def _of_person(column: str, source: Source) -> str:
    is_mapped = column in source.user_columns and column != source.own
    return f"{_canonical(column)} AS `{column}`" if is_mapped else f"`row`.`{column}`"


def _canonical(column: str) -> str:
    return f"COALESCE(`{column}__is`.`canonical`, `row`.`{column}`)"


def _cdc_values(source: Source, cdc_format: str) -> dict[str, str]:
    rest = [column for column in source.columns if column != source.key]
    wire = _debezium_type if cdc_format == "debezium" else _canal_type
    read = _debezium_expression if cdc_format == "debezium" else _canal_expression
    return {
        "source": source.name,
        "key": source.key,
        "columns": ", ".join(f"`{column}`" for column in rest),
        "wire_names": ", ".join(f"`{column}`" for column in source.columns),
        "wire_columns": ", ".join(f"`{column}` {wire(kind)}" for column, kind in source.columns.items()),
        "expressions": ", ".join(f"{read(column, source.columns[column])} AS `{column}`" for column in rest),
    }


def _debezium_type(kind: str) -> str:
    return "BIGINT" if kind.startswith("TIMESTAMP_LTZ") else kind


def _debezium_expression(column: str, kind: str) -> str:
    return f"TO_TIMESTAMP_LTZ(`after`.`{column}`, 3)" if kind.startswith("TIMESTAMP_LTZ") else f"`after`.`{column}`"


def _canal_type(kind: str) -> str:
    return "STRING"


def _canal_expression(column: str, kind: str) -> str:
    if kind == "STRING":
        return f"`row`.`{column}`"
    if kind.startswith("TIMESTAMP_LTZ"):
        # Canal writes MySQL's own text of a DATETIME, which Tagstream keeps in UTC, the session's time zone.
        return f"CAST(CAST(`row`.`{column}` AS TIMESTAMP(3)) AS TIMESTAMP_LTZ(3))"
    return f"CAST(`row`.`{column}` AS {kind})"
