"""Jobs on a cluster: their plan, and bringing one to run once, from its newest state where its SQL is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyflink.common import JobClient
from pyflink.table import ExplainDetail, TableEnvironment

from jobs import plans
from jobs.checkpoints import newest_state, note_beginning
from jobs.flink_environment import connector_jar, create_environment, job_options
from jobs.mode import Mode
from jobs.plan_extremes import with_extremes_that_withdraw
from jobs.plan_ids import renumbered
from jobs.state_ttl import Retention, with_state_ttl
from jobs.statements import Job, Statements, fingerprint, statements
from stores import flink_jobs, kafka
from stores.flink import FlinkCluster, cancel_and_wait, open_jobs
from stores.settings import Settings


def declare(job: Job, settings: Settings) -> tuple[TableEnvironment, Statements]:
    """An environment with everything of the job declared in it, and its text."""
    environment, text = _environment(job, settings), statements(job, settings)
    declare_all(environment, text.declarations)
    return environment, text


def _environment(job: Job, settings: Settings, restore_from: str | None = None, here: bool = False) -> TableEnvironment:
    options = job_options(settings, job.mode, job.name, restore_from, here)
    return create_environment(job.mode, options, connector_jar(settings))


def declare_all(environment: TableEnvironment, declarations: Iterable[str]) -> None:
    """Declare tables and views in an environment."""
    for declaration in declarations:
        environment.execute_sql(declaration)


def explain(job: Job, settings: Settings) -> str:
    """Flink's plan of the job; in stream mode with the changelog mode of every operator."""
    environment, text = declare(job, settings)
    detail = [ExplainDetail.CHANGELOG_MODE] if job.mode is Mode.STREAM else []
    return environment.explain_sql("EXECUTE " + text.as_set(), *detail)


def compile_plan(environment: TableEnvironment, text: Statements, retention: Retention) -> str:
    """The streaming job as a compiled plan: stable operator ids, and state that lives as long as the windows need."""
    return json.dumps(with_state_ttl(planned(environment, text), retention))


def planned(environment: TableEnvironment, text: Statements) -> dict[str, Any]:
    """Flink's compiled plan of a streaming job, mended, with stable operator ids; its state is never forgotten."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        environment.execute_sql(f"COMPILE PLAN '{path}' FOR {text.as_set()}")
        return with_extremes_that_withdraw(renumbered(json.loads(path.read_text(encoding="utf-8"))))


def start_plan(environment: TableEnvironment, plan: str) -> JobClient:
    """Start a compiled plan; the job that it is now."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(plan, encoding="utf-8")
        # Aggregations carry their mini-batches in the plan; joins take the setting from here, and must not have them:
        # Flink 2.2's MiniBatchStreamingJoinOperator fails in `close` when its task is cancelled before it was opened,
        # and an error there ends the whole TaskManager.
        environment.get_config().set("table.exec.mini-batch.enabled", "false")
        return environment.execute_sql(f"EXECUTE PLAN '{path}'").get_job_client()


def start_kept(
    environment: TableEnvironment,
    name: str,
    text: Statements,
    settings: Settings,
    made_for: str,
    make: Callable[[], str],
) -> str:
    """Start a streaming job by the plan of its last start, where that is kept; its Flink job id.

    `make` compiles the plan otherwise, when all of `text` is declared in the environment. `made_for`: see `plan_key`.
    """
    state_dir, key = settings.flink.state_dir, plans.plan_key(text, made_for)
    plan = plans.kept(state_dir, name, key)
    declare_all(environment, text.declarations if plan is None else text.tables)
    if plan is None:
        plan = make()
        plans.keep(state_dir, name, key, plan)
    return str(start_plan(environment, plan).get_job_id())


def submit(job: Job, settings: Settings, restore_from: str | None = None, here: bool = False) -> str:
    """Start the job on the configured cluster and return its Flink job id without waiting for it.

    `restore_from`: a checkpoint or savepoint of a job with the same tags. `here`: see `job_options`.
    """
    environment, text = _environment(job, settings, restore_from, here), statements(job, settings)
    if job.mode is Mode.STREAM:
        retention = Retention(settings.flink.late_days, settings.flink.deduplicate_days)
        return start_kept(
            environment, job.name, text, settings, repr(retention), lambda: compile_plan(environment, text, retention)
        )
    declare_all(environment, text.declarations)
    result = environment.execute_sql("EXECUTE " + text.as_set())
    return str(result.get_job_client().get_job_id())


def ensure_running(job: Job, settings: Settings) -> tuple[str, str]:
    """Bring the job to run once: see `ensure_same`. Its tags, and the identities, have topics before it starts."""

    def start(restore_from: str | None) -> str:
        written = {(tag.definition.name, tag.definition.version) for tag in job.tags}
        read = {(read.tag, read.version) for tag in job.tags for read in tag.definition.reads}
        kafka.ensure_tag_topics(settings, sorted(written | read))
        kafka.ensure_identities_topic(settings)
        return submit(job, settings, restore_from)

    return ensure_same(job.name, statements(job, settings), settings, start)


def ensure_same(name: str, text: Statements, settings: Settings, start: Callable[[str | None], str]) -> tuple[str, str]:
    """Bring the job of this name to run once, with this text: (Flink job id, what was done).

    A running job with the same SQL is left alone; one with other SQL is replaced and replays the log. A job that ended is
    restarted from its newest checkpoint or savepoint when the SQL is the same: `start` is given its path.
    """
    cluster = FlinkCluster(settings.flink)
    wanted = fingerprint(text)
    running = [found for found in open_jobs(cluster) if found.name == name]
    known = flink_jobs.read(settings, name)
    if running and known and known.fingerprint == wanted and known.job_id == running[0].id:
        return running[0].id, "is running already"
    for other in running:
        cancel_and_wait(cluster, other.id)
    restore_from = None
    if known and known.fingerprint == wanted:
        restore_from = newest_state(settings.flink.state_dir, known.job_id)
    job_id = start(restore_from)
    if restore_from:
        note_beginning(settings.flink.state_dir, job_id, restore_from)
    flink_jobs.write(settings, flink_jobs.KnownJob(name, wanted, job_id))
    cluster.await_state(job_id, "RUNNING", 120)
    return job_id, f"continues from {restore_from}" if restore_from else "reads the log from its beginning"
