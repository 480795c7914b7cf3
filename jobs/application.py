"""The built-in tags' job in Flink's application mode: the JobManager runs this module, and this job alone.

Flink calls it as `-pym jobs.application`. Which state the job continues from is told to the JobManager by who starts it,
such as Flink's Kubernetes operator. Whether that state belongs to this SQL is checked here.
"""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.builtin import JOB_NAME, builtin_tags
from jobs.pipeline import submit
from jobs.statements import Job, fingerprint, statements
from stores import flink_jobs, kafka, logs
from stores.flink_jobs import KnownJob
from stores.settings import load

SHOWN = 12
log = logs.get("jobs.application")


class OtherSQL(RuntimeError):
    """The job would continue from the state of other SQL. The text says how to let it replay the log instead."""


def check_state(known: KnownJob | None, wanted: str, replays: str) -> None:
    """Raises OtherSQL when the job ran with other SQL before, unless `replays` names this SQL by its fingerprint."""
    if known is None or known.fingerprint == wanted or replays == wanted[:SHOWN]:
        return
    raise OtherSQL(
        f"job {known.name} has state of other SQL ({known.fingerprint[:SHOWN]}) than it is to run ({wanted[:SHOWN]}); fix: "
        f"upgradeMode: stateless and the argument --replays={wanted[:SHOWN]}, with which it reads the log from its beginning"
    )


def main(
    replays: Annotated[str, typer.Option(help="The fingerprint of new SQL that starts without state.")] = "",
) -> None:
    """Submit the built-in tags' job to the JobManager that runs this. Raises OtherSQL and what the stores raise."""
    logs.configure()
    settings, job = load(), Job(JOB_NAME, builtin_tags())
    wanted = fingerprint(statements(job, settings))
    check_state(flink_jobs.read(settings, JOB_NAME), wanted, replays)
    kafka.ensure_tag_topics(settings, [(tag.definition.name, tag.definition.version) for tag in job.tags])
    job_id = submit(job, settings, here=True)
    flink_jobs.write(settings, KnownJob(JOB_NAME, wanted, job_id))
    log.info("submitted", job=JOB_NAME, job_id=job_id, sql=wanted[:SHOWN])


if __name__ == "__main__":
    typer.run(main)
