"""The history of comparisons: the one in MySQL, and the one in memory."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from stores.mysql import MySQLUnavailable, transaction
from stores.parity_runs import KEPT_MS, LONGEST_RUN_MS, MOST_WAITING, ParityRuns
from stores.settings import MySQL, Settings
from tagging.parity import Finding, Outcome, TagParity
from tagging.parity_history import Origin, RunStatus, TooManyRequests, Verdict, verdict
from tests.fakes.memory_parity import MemoryParityRuns

AT_MS = 1_790_000_000_123


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def runs(request):
    """No runs at all."""
    if request.param == "memory":
        return MemoryParityRuns()
    settings = request.getfixturevalue("stack").settings
    with transaction(settings) as cursor:
        cursor.execute("DELETE FROM parity_runs")
    return ParityRuns(settings)


@pytest.fixture
def tag() -> str:
    return f"t{uuid.uuid4().hex}"


def outcome(tag: str, store: str = "hbase", version: int = 1, findings=(), **counts: int) -> TagParity:
    parity = TagParity(tag, store, version=version, barrier_at_ms=AT_MS - 5, findings=list(findings))
    return TagParity(
        tag, store, parity.counts | {Outcome(o): n for o, n in counts.items()}, parity.findings, version, AT_MS - 5
    )


def done(runs, *parities, origin=Origin.SCHEDULE, at_ms=AT_MS) -> int:
    run_id = runs.begin(origin, at_ms)
    runs.finish(run_id, parities, at_ms + 9)
    return run_id


def test_a_run_is_remembered_with_its_counts_and_findings(runs, tag):
    evidence = {"reason": "用户 'x' %s", "rows": [{"key": "a", "counts": True, "leaves_at_ms": None}]}
    findings = [
        Finding("用户 ", Outcome.DIFFERENT, 1, True, 7, "late_event", evidence),
        Finding("b", Outcome.MISSING, "gold", None),
    ]
    run_id = done(
        runs, outcome(tag, equal=2**40, different=1, findings=findings), outcome(tag, "clickhouse", pending=3)
    )
    run = runs.run(run_id)
    assert (run.origin, run.status, run.asked_at_ms) == (Origin.SCHEDULE, RunStatus.DONE, AT_MS)
    assert (run.started_at_ms, run.finished_at_ms, run.cause) == (AT_MS, AT_MS + 9, "")
    clickhouse, hbase = runs.results([run_id])
    assert (hbase.store, hbase.wrong, hbase.counts[Outcome.EQUAL]) == ("hbase", 1, 2**40)
    assert (clickhouse.store, clickhouse.wrong, clickhouse.counts[Outcome.PENDING]) == ("clickhouse", 0, 3)
    assert hbase.barrier_at_ms == AT_MS - 5
    kept = runs.findings(run_id, None, 0, 10)
    assert [item.finding for item in kept] == findings and kept[0].finding.stored is True
    assert [(item.place, item.tag, item.version, item.store) for item in kept] == [
        (1, tag, 1, "hbase"),
        (2, tag, 1, "hbase"),
    ]
    assert runs.run(run_id + 1_000) is None and runs.results([]) == []


def test_pages_of_findings_go_on_after_a_place_and_may_be_of_one_tag(runs, tag):
    findings = [Finding(f"u{number}", Outcome.EXTRA, None, number) for number in range(5)]
    run_id = done(runs, outcome(tag, extra=5, findings=findings), outcome("other", extra=1, findings=findings[:1]))
    assert [item.place for item in runs.findings(run_id, None, 0, 4)] == [1, 2, 3, 4]
    assert [item.place for item in runs.findings(run_id, None, 4, 4)] == [5, 6]
    assert [item.place for item in runs.findings(run_id, "other", 0, 4)] == [6]


def test_the_newest_run_of_every_tag_version_counts(runs, tag):
    done(runs, outcome(tag, missing=2), outcome(tag, version=2, equal=1))
    newest = done(runs, outcome(tag, equal=4), outcome(tag, "clickhouse", equal=4), origin=Origin.PROOF)
    failed = runs.begin(Origin.SCHEDULE, AT_MS)
    runs.give_up(failed, "flink is away", AT_MS + 1)
    found = [(n.result.version, n.result.store, n.origin, n.result.run_id == newest) for n in runs.newest()]
    expected = [
        (1, "clickhouse", Origin.PROOF, True),
        (1, "hbase", Origin.PROOF, True),
        (2, "hbase", Origin.SCHEDULE, False),
    ]
    assert found == expected
    assert verdict([n.result for n in runs.newest() if n.result.version == 1]) is Verdict.GREEN
    assert (runs.run(failed).status, runs.run(failed).cause) == (RunStatus.FAILED, "flink is away")


def test_runs_come_by_pages_the_newest_first_and_by_tag(runs, tag):
    ids = [done(runs, outcome(tag if number % 2 else "other", equal=1)) for number in range(5)]
    assert [run.id for run in runs.runs(None, None, 3)] == ids[:1:-1]
    assert [run.id for run in runs.runs(None, ids[2], 3)] == ids[1::-1]
    assert [run.id for run in runs.runs(tag, None, 9)] == [ids[3], ids[1]]


def test_a_request_is_made_once_taken_once_and_in_order(runs, tag):
    first = runs.ask(tag, 0, AT_MS)
    assert runs.ask(tag, 0, AT_MS + 1) == first
    second = runs.ask("", 0, AT_MS + 2)
    assert first.status is RunStatus.WAITING and first.started_at_ms is None
    claimed = runs.claim(AT_MS + 3)
    assert (claimed.id, claimed.status, claimed.started_at_ms) == (first.id, RunStatus.RUNNING, AT_MS + 3)
    assert runs.ask(tag, 0, AT_MS + 4).id not in (first.id, second.id)
    assert runs.claim(AT_MS + 5).id == second.id
    runs.claim(AT_MS + 6)
    assert runs.claim(AT_MS + 7) is None


def test_no_more_requests_than_a_few_may_wait(runs, tag):
    for version in range(1, MOST_WAITING + 1):
        runs.ask(tag, version, AT_MS)
    with pytest.raises(TooManyRequests, match=f"at most {MOST_WAITING}"):
        runs.ask(tag, MOST_WAITING + 1, AT_MS)
    assert runs.ask(tag, 3, AT_MS).version == 3


def test_a_run_that_could_not_compare_all_is_done_and_says_what_it_left_out(runs, tag):
    run_id = runs.begin(Origin.SCHEDULE, AT_MS)
    runs.finish(run_id, [outcome(tag, equal=1)], AT_MS, "job other: " + "x" * 2_000)
    assert runs.run(run_id).status is RunStatus.DONE
    assert runs.run(run_id).cause.startswith("job other: x") and len(runs.run(run_id).cause) == 1_000


def test_a_run_that_is_over_is_not_written_again(runs, tag):
    run_id = done(runs, outcome(tag, equal=1))
    runs.finish(run_id, [outcome(tag, missing=1)], AT_MS + 99)
    runs.give_up(run_id, "late", AT_MS + 99)
    assert runs.run(run_id).status is RunStatus.DONE
    assert [result.wrong for result in runs.results([run_id])] == [0]


def test_a_run_whose_process_ended_is_ended_and_old_runs_are_forgotten_but_for_the_newest_of_a_tag(runs, tag):
    old, newest = done(runs, outcome(tag, equal=1)), done(runs, outcome(tag, equal=2))
    gone = runs.begin(Origin.REQUEST, AT_MS)
    runs.tidy(AT_MS + LONGEST_RUN_MS + 1)
    assert (runs.run(gone).status, runs.run(gone).cause) == (RunStatus.FAILED, "its process ended")
    assert runs.run(old) is not None
    runs.tidy(AT_MS + KEPT_MS + 1)
    assert (runs.run(old), runs.run(gone)) == (None, None)
    assert runs.run(newest) is not None and len(runs.results([newest, old])) == 1


def test_the_schedule_knows_when_it_last_began(runs, tag):
    assert runs.newest_start_ms(Origin.SCHEDULE) is None
    done(runs, outcome(tag), at_ms=AT_MS + 7)
    done(runs, outcome(tag), origin=Origin.VERIFY, at_ms=AT_MS + 70)
    assert runs.newest_start_ms(Origin.SCHEDULE) == AT_MS + 7


@pytest.mark.stack
def test_of_processes_at_once_one_alone_takes_a_request_and_all_who_ask_get_the_same(stack, tag):
    real = ParityRuns(stack.settings)
    with transaction(stack.settings) as cursor:
        cursor.execute("DELETE FROM parity_runs")
    with ThreadPoolExecutor(8) as pool:
        asked = [run.id for run in pool.map(lambda number: real.ask(tag, number % 2 + 1, AT_MS), range(16))]
        claimed = [run.id for run in pool.map(lambda _: real.claim(AT_MS), range(8)) if run is not None]
    assert len(set(asked)) == 2
    assert sorted(claimed) == sorted(set(asked))


def test_a_server_that_is_away_is_said_to_be_away():
    with pytest.raises(MySQLUnavailable):
        ParityRuns(Settings(mysql=MySQL(host="127.0.0.1", port=1))).newest()
