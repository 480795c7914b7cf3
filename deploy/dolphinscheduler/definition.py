"""The workflow: what runs, after what, and how often it is tried again."""

from __future__ import annotations

from dataclasses import dataclass

PROJECT = "tagstream"
NAME = "tagstream-daily"
DESCRIPTION = (
    "The tags' job runs, is proven, models learn and score, a named version is published, and ClickHouse is merged."
)
SCHEDULE = "0 30 3 * * ? *"
TIME_ZONE = "UTC"
WORKER_GROUP = "tagstream"
TIMEOUT_MINUTES = 240
PARAMETERS = {"tag": "", "version": ""}
"""Given by who starts it by hand: the version that is published when the proof is green. Empty every night."""


@dataclass(frozen=True)
class Step:
    """One shell task. `after`: the names of those that must have succeeded."""

    name: str
    description: str
    command: str
    after: tuple[str, ...] = ()
    retries: int = 0
    retry_minutes: int = 1
    timeout_minutes: int = 30


STEPS = (
    Step(
        "backfill",
        "The tags' job runs; where its SQL changed it replays the log from the beginning.",
        "python -m jobs submit",
        retries=3,
        timeout_minutes=15,
    ),
    Step(
        "verify",
        "Every tag is recomputed in batch and compared with both stores, user by user. A difference fails the workflow.",
        "python -m jobs.verify",
        after=("backfill",),
        # A comparison that is wrong stays wrong: only a store that was away for a moment is worth another try.
        retries=1,
        retry_minutes=5,
        timeout_minutes=90,
    ),
    Step(
        "train",
        "Each model learns from the newest weeks; one that beats chance on people it has not seen is put into use, and scores.",
        "for model in buys_in_7_days leaves_in_30_days next_category; "
        'do python -m jobs.models train "$model" --live || exit $?; done',
        after=("verify",),
        retries=1,
        retry_minutes=10,
        timeout_minutes=120,
    ),
    Step(
        "spend",
        "Expected spend is learned anew and, by the version in use, told of everyone who bought: no process follows it. A refused "
        "training fails the step, and the model's page says why; what is in use scores all the same.",
        "python -m jobs.models train spends_in_30_days --live; trained=$?; "
        "python -m jobs.models score spends_in_30_days || exit $?; exit $trained",
        after=("verify",),
        retries=1,
        retry_minutes=10,
        timeout_minutes=60,
    ),
    Step(
        "publish",
        "The version that the parameters name is built beside the live one, proven and switched to by the controller.",
        'if [ -n "${tag}" ]; then python -m jobs.tags build "${tag}" "${version}"; fi',
        after=("verify",),
        timeout_minutes=5,
    ),
    Step(
        "compact",
        "ClickHouse merges what was replaced.",
        "python -m jobs.compact",
        after=("verify",),
        retries=1,
        retry_minutes=10,
        timeout_minutes=120,
    ),
)
