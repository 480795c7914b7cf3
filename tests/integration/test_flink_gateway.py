"""Plans when several Python threads use PyFlink, as they do in the controller."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.local.parts import flink_connector_jar
from jobs import pipeline
from jobs.builtin import builtin_tags
from jobs.flink_gateway import gateway
from jobs.mode import Mode
from jobs.statements import Job
from stores.settings import Flink, Settings

SETTINGS = Settings(flink=Flink(connector_jar=str(flink_connector_jar())))
TAG = next(tag for tag in builtin_tags() if tag.sources == {"events"})
STREAM = Job("tags", [TAG])
BATCH = Job("preview", [TAG], Mode.BATCH, {"events": {0: 1}, "identities": {0: 1}, "clock": {0: 1}}, "answers")


def plan(job: Job) -> str:
    environment, text = pipeline.declare(job, SETTINGS)
    return environment.explain_sql("EXECUTE " + text.as_set())


@pytest.mark.parametrize("job", [STREAM, BATCH], ids=["stream", "batch"])
def test_a_job_is_planned_while_another_thread_waits_for_java(job: Job):
    environment, text = pipeline.declare(job, SETTINGS)
    waiting = threading.Thread(target=gateway().jvm.Thread.sleep, args=(2000,))
    waiting.start()
    time.sleep(0.3)
    planned = environment.explain_sql("EXECUTE " + text.as_set())
    waiting.join()
    assert "TableSourceScan(table=[[default_catalog, default_database, clock]]" in planned


def test_two_threads_plan_at_once_and_get_what_each_gets_alone():
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(plan, [STREAM, BATCH]))
    assert at_once == [plan(STREAM), plan(BATCH)]


def test_a_call_within_a_call_leaves_the_thread_its_java_thread():
    def java_thread() -> int:
        return gateway().jvm.Thread.currentThread().getId()

    client = gateway()._gateway_client
    before, outer = java_thread(), client.deque.pop()
    assert java_thread() != before, "a finaliser that runs while a call waits"
    client.deque.append(outer)
    assert java_thread() == before
