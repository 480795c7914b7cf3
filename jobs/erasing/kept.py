"""What an erasure does not remove: the certificate says where something is left, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jobs.live_tags import read_live
from stores.kafka_retention import retentions
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.erasure import Erasure, Step, StepState
from tagging.names import (
    CROWD_DELTAS_TOPIC,
    EVENTS_TOPIC,
    EXAMPLES_TOPIC,
    IDENTITIES_TOPIC,
    PREDICTIONS_TOPIC,
    cdc_topic,
)
from tagging.sources import SCORES, tables

DAY_MS = 24 * 60 * 60 * 1000


def flink_state(tags: Iterable[CompiledTag], late_days: int, at_ms: int) -> Step:
    """Rows in windows go with them; what a tag without one holds goes when the tag is built anew, or its source retracts it."""
    found = sorted(tags, key=lambda tag: tag.definition.name)
    endless = [f"{tag.definition.name}.v{tag.definition.version}" for tag in found if not tag.windows]
    windows = [window for tag in found for window in tag.windows]
    minutes = max((window.length_minutes + window.pane_minutes for window in windows), default=0)
    until = at_ms + minutes * 60_000 + late_days * DAY_MS if windows else None
    said = (
        f"rows in windows go with the longest, of {minutes / 1440:g} days, and {late_days} days after"
        if windows
        else ""
    )
    if endless:
        until = None
        said += f"{'; ' if said else ''}until they are built anew, or their source retracts it: {', '.join(endless)}"
    return Step("flink_state", StepState.KEPT, kept_until_ms=until, detail=said)


def in_topics(store: str, kept: Mapping[str, int | None], at_ms: int, advice: str) -> Step:
    """What topics hold until their retention is over."""
    forever = sorted(topic for topic, ms in kept.items() if ms is None)
    until = None if forever or not kept else at_ms + max(ms for ms in kept.values() if ms is not None)
    each = [f"{topic} {'for ever' if ms is None else f'{ms / DAY_MS:g} days'}" for topic, ms in sorted(kept.items())]
    said = "kept by configuration: " + ", ".join(each) if each else "there is no such topic"
    return Step(store, StepState.KEPT, kept_until_ms=until, detail=f"{said}; {advice}" if forever else said)


def kept_of(settings: Settings, erasure: Erasure, at_ms: int) -> Sequence[Step]:
    """All of it. Raises MySQLUnavailable and KafkaUnavailable."""
    shop = settings.mysql.shop_database
    answers = (PREDICTIONS_TOPIC, cdc_topic(SCORES.name, shop), EXAMPLES_TOPIC, CROWD_DELTAS_TOPIC, IDENTITIES_TOPIC)
    rows = [cdc_topic(source.name, shop) for source in tables()]
    advice = "set kafka.events_retention_days, and retention.ms of topics that there are"
    return (
        flink_state(read_live(settings).by_name.values(), settings.flink.late_days, at_ms),
        in_topics("events_log", retentions(settings, (EVENTS_TOPIC,)), at_ms, advice),
        in_topics(
            "row_changes_log",
            retentions(settings, rows),
            at_ms,
            "the source's owner erases the row there; its old changes stay in the log for as long as the topics are kept",
        ),
        in_topics("answers_log", retentions(settings, answers), at_ms, advice),
        Step(
            "backups_and_recipients",
            StepState.KEPT,
            detail="backups, exports that were downloaded, and whoever takes deltas or webhooks are not reached from here",
        ),
    )
