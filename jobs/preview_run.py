"""One preview on the cluster: a batch run over the log up to now, bounded in time, for a sample of the users."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from jobs import barrier as barriers
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.preview_tags import CHARACTERS, DRAFT, LIVE, ROWS, preview_tags
from jobs.statements import Job
from stores import kafka, user_numbers
from stores.flink import FINAL_STATES, FlinkCluster, FlinkError
from stores.kafka_results import read_all, result_topic
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.preview import compared
from tagging.sampling import sample_of


class TooSlow(Exception):
    """The run did not end in time, and was stopped."""


def run_preview(draft: CompiledTag, live: CompiledTag | None, settings: Settings) -> Mapping[str, Any]:
    """What the draft gives the sampled users, against the live version. Raises TooSlow, and what the stores raise."""
    started = time.monotonic()
    users = user_numbers.total(settings)
    sample = sample_of(users)
    tags = preview_tags(draft, live, sample)
    barrier = barriers.take(sorted({source for tag in tags for source in tag.sources}), settings)
    rows = _messages(barrier, settings)
    values = _run(tags, barrier, rows, settings)
    held_rows, characters = values.get(ROWS, {}), values.get(CHARACTERS, {})
    return {
        "tag": draft.definition.name,
        "type": draft.definition.value_type,
        "live_version": live.definition.version if live else None,
        "users_total": users,
        "sampled_share": sample.share,
        **compared(values.get(DRAFT, {}), values.get(LIVE, {}), draft.definition.value_type),
        "rows_read": rows,
        "seconds": round(time.monotonic() - started, 1),
        "state": [
            {"relation": name, "rows": held_rows[name], "bytes": characters.get(name, 0)} for name in sorted(held_rows)
        ],
    }


def _messages(barrier: barriers.Barrier, settings: Settings) -> int:
    begins = kafka.begin_offsets(settings, list(barrier.ends))
    return sum(
        end - begins[topic][partition] for topic, ends in barrier.ends.items() for partition, end in ends.items()
    )


def _run(
    tags: Sequence[CompiledTag], barrier: barriers.Barrier, rows: int, settings: Settings
) -> dict[str, dict[str, Any]]:
    cluster, limit = FlinkCluster(settings.flink), settings.publishing.preview_seconds
    found: dict[str, dict[str, Any]] = {}
    with result_topic(settings, "preview") as topic:
        job_id = submit(Job("preview", tags, Mode.BATCH, barrier.ends, topic), settings)
        try:
            cluster.await_state(job_id, "FINISHED", limit)
        except FlinkError as error:
            with suppress(FlinkError):
                if cluster.job(job_id).state not in FINAL_STATES:
                    cluster.cancel(job_id)
                    raise TooSlow(
                        f"the run over {rows:,} messages was stopped after {limit:g} s; the cluster may be busy"
                    ) from error
            raise
        for value in read_all(settings, topic):
            row = orjson.loads(value)
            found.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
    return found
