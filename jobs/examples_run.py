"""The job that makes examples, on a cluster."""

from __future__ import annotations

import json

from jobs.examples import JOB_NAME, LabelRules, example_statements, longest_wait_ms, with_example_ttl
from jobs.flink_environment import connector_jar, create_environment, job_options
from jobs.mode import Mode
from jobs.pipeline import ensure_same, planned, start_kept
from stores import kafka
from stores.settings import Settings


def ensure_running(rules: LabelRules, settings: Settings) -> tuple[str, str]:
    """Bring the job to run once for these models: (Flink job id, what was done); see `jobs.pipeline.ensure_same`.

    With other models than before it reads the log again: what it writes again the learner has learned, and knows.
    """
    kafka.create_topics(settings)
    return ensure_same(
        JOB_NAME, example_statements(rules, settings), settings, lambda place: submit(rules, settings, place)
    )


def submit(rules: LabelRules, settings: Settings, restore_from: str | None = None) -> str:
    """Start the job and return its Flink job id without waiting for it."""
    environment = create_environment(
        Mode.STREAM, job_options(settings, Mode.STREAM, JOB_NAME, restore_from), connector_jar(settings)
    )
    text, flink = example_statements(rules, settings), settings.flink
    times = (longest_wait_ms(rules), flink.late_days, flink.deduplicate_days)

    def make() -> str:
        return json.dumps(with_example_ttl(planned(environment, text), *times))

    return start_kept(environment, JOB_NAME, text, settings, repr(times), make)
