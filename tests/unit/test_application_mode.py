"""The tags' job in application mode: which state it continues from, and which cluster a batch run goes to."""

import pytest

from jobs.application import OtherSQL, check_state
from jobs.flink_environment import job_options
from jobs.mode import Mode
from stores.flink_jobs import KnownJob
from stores.settings import Flink, Settings

OLD, NEW = "a" * 64, "b" * 64
KNOWN = KnownJob("tags", OLD, "0" * 32)


def test_the_first_start_and_the_same_sql_need_no_leave():
    check_state(None, NEW, "")
    check_state(KNOWN, OLD, "")


def test_other_sql_does_not_continue_from_the_state_that_is_there():
    with pytest.raises(OtherSQL, match=f"state of other SQL.*--replays={NEW[:12]}"):
        check_state(KNOWN, NEW, "")


def test_leave_to_replay_is_given_for_one_sql_and_not_for_the_next():
    check_state(KNOWN, NEW, NEW[:12])
    with pytest.raises(OtherSQL):
        check_state(KNOWN, "c" * 64, NEW[:12])


def test_a_job_that_stays_here_names_no_cluster():
    here = job_options(Settings(), Mode.STREAM, "tags", here=True)
    there = job_options(Settings(), Mode.STREAM, "tags")
    assert there.keys() - here.keys() == {"execution.target", "execution.attached", "rest.address", "rest.port"}
    assert here.items() <= there.items()


def test_batch_runs_go_to_a_cluster_of_their_own_where_one_is_named():
    both = Settings(flink=Flink(rest_url="http://application:8081", batch_rest_url="http://session:8082"))
    assert job_options(both, Mode.BATCH, "parity")["rest.address"] == "session"
    assert job_options(both, Mode.BATCH, "parity")["rest.port"] == "8082"
    assert job_options(both, Mode.STREAM, "tags")["rest.address"] == "application"
    one = Settings(flink=Flink(rest_url="http://application:8081"))
    assert job_options(one, Mode.BATCH, "parity")["rest.address"] == "application"
