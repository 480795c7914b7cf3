"""The workflow as the file that DolphinScheduler's "Import Workflow" takes. Run by `python -m deploy.dolphinscheduler.export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.dolphinscheduler import definition
from deploy.dolphinscheduler.definition import STEPS, Step

FILE = Path(__file__).parent / "tagstream-daily.json"
FIRST_CODE = 1_000_000_000_001
"""Codes are given anew by the import; in the file they tell the tasks apart."""

CODES = {step.name: FIRST_CODE + 1 + number for number, step in enumerate(STEPS)}
_WIDTH, _HEIGHT = 260, 120


def workflow() -> list[dict[str, Any]]:
    """The file's content: a list of one workflow."""
    return [
        {
            "processDefinition": _process(),
            "processTaskRelationList": relations(),
            "taskDefinitionList": [_task(step) for step in STEPS],
            "schedule": {
                "crontab": definition.SCHEDULE,
                "timezoneId": definition.TIME_ZONE,
                "startTime": "2026-01-01 00:00:00",
                "endTime": "2126-01-01 00:00:00",
                "failureStrategy": "END",
                "warningType": "FAILURE",
                "warningGroupId": 0,
                "processInstancePriority": "MEDIUM",
                "workerGroup": definition.WORKER_GROUP,
                "releaseState": "OFFLINE",
            },
        }
    ]


def relations() -> list[dict[str, Any]]:
    """Which task comes after which; the first ones come after 0."""
    pairs = [(CODES[other] if other else 0, CODES[step.name]) for step in STEPS for other in step.after or (None,)]
    return [
        {"name": "", "preTaskCode": before, "preTaskVersion": 1 if before else 0, "postTaskCode": code,
         "postTaskVersion": 1, "conditionType": "NONE", "conditionParams": {}}
        for before, code in pairs
    ]  # fmt: skip


def _process() -> dict[str, Any]:
    parameters = [
        {"prop": name, "direct": "IN", "type": "VARCHAR", "value": value}
        for name, value in definition.PARAMETERS.items()
    ]
    places = [
        {"taskCode": CODES[step.name], "x": _WIDTH * (1 + _depth(step)), "y": _HEIGHT * (1 + STEPS.index(step))}
        for step in STEPS
    ]
    return {
        "code": FIRST_CODE,
        "name": definition.NAME,
        "version": 1,
        "releaseState": "OFFLINE",
        "description": definition.DESCRIPTION,
        "globalParams": json.dumps(parameters),
        "flag": "YES",
        "locations": json.dumps(places),
        "timeout": definition.TIMEOUT_MINUTES,
        "executionType": "SERIAL_WAIT",
    }


def _depth(step: Step) -> int:
    by_name = {other.name: other for other in STEPS}
    return max((1 + _depth(by_name[name]) for name in step.after), default=0)


def _task(step: Step) -> dict[str, Any]:
    return {
        "code": CODES[step.name],
        "name": step.name,
        "version": 1,
        "description": step.description,
        "taskType": "SHELL",
        "taskParams": {"localParams": [], "rawScript": step.command, "resourceList": []},
        "flag": "YES",
        "taskPriority": "MEDIUM",
        "workerGroup": definition.WORKER_GROUP,
        "environmentCode": -1,
        "failRetryTimes": step.retries,
        "failRetryInterval": step.retry_minutes,
        "timeoutFlag": "OPEN",
        "timeoutNotifyStrategy": "WARNFAILED",
        "timeout": step.timeout_minutes,
        "delayTime": 0,
        "taskGroupId": 0,
        "taskGroupPriority": 0,
        "cpuQuota": -1,
        "memoryMax": -1,
        "taskExecuteType": "BATCH",
    }


def text() -> str:
    """The file as it is kept in the repository."""
    return json.dumps(workflow(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
