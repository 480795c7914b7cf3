"""The workflow through DolphinScheduler's Python SDK. Run by `python -m deploy.dolphinscheduler.submit`.

Where the gateway is, and its token: the SDK's own variables, PYDS_JAVA_GATEWAY_ADDRESS and so on.
"""

from __future__ import annotations

from datetime import timedelta

from pydolphinscheduler.core.workflow import Workflow
from pydolphinscheduler.tasks.shell import Shell

from deploy.dolphinscheduler import definition
from deploy.dolphinscheduler.definition import STEPS


def workflow() -> Workflow:
    """The definition as the SDK's objects. Each task asks the gateway for its code."""
    with Workflow(
        name=definition.NAME,
        project=definition.PROJECT,
        description=definition.DESCRIPTION,
        schedule=definition.SCHEDULE,
        # A person switches the schedule on, once a run by hand was green.
        online_schedule=False,
        start_time="2026-01-01",
        end_time="2126-01-01",
        timezone=definition.TIME_ZONE,
        worker_group=definition.WORKER_GROUP,
        warning_type="FAILURE",
        execution_type="SERIAL_WAIT",
        timeout=timedelta(minutes=definition.TIMEOUT_MINUTES),
        release_state="offline",
        param=definition.PARAMETERS,
    ) as made:
        tasks: dict[str, Shell] = {}
        for step in STEPS:
            tasks[step.name] = Shell(
                name=step.name,
                command=step.command,
                description=step.description,
                worker_group=definition.WORKER_GROUP,
                fail_retry_times=step.retries,
                fail_retry_interval=step.retry_minutes,
                timeout=timedelta(minutes=step.timeout_minutes),
                timeout_notify_strategy="WARNFAILED",
            )
            tasks[step.name].set_upstream([tasks[name] for name in step.after])
    return made


if __name__ == "__main__":
    workflow().submit()
