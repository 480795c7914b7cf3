"""Where a job left off, by what lies in the state folder."""

import os
from pathlib import Path

import pytest

from jobs.checkpoints import newest_state, note_beginning

JOB = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def put(tmp_path: Path):
    def at(folder: str, written_at: int, complete: bool = True) -> str:
        made = tmp_path / folder
        made.mkdir(parents=True)
        file = made / ("_metadata" if complete else "part")
        file.touch()
        os.utime(file, (written_at, written_at))
        return made.as_uri()

    return at


def found(tmp_path: Path) -> str | None:
    return newest_state(tmp_path.as_uri(), JOB)


def test_a_job_that_left_nothing_has_no_state(tmp_path):
    assert found(tmp_path) is None


def test_the_checkpoint_with_the_highest_number_is_the_newest(tmp_path, put):
    put(f"checkpoints/{JOB}/chk-9", 5)
    newest = put(f"checkpoints/{JOB}/chk-10", 5)
    assert found(tmp_path) == newest


def test_one_that_was_not_completed_does_not_count(tmp_path, put):
    newest = put(f"checkpoints/{JOB}/chk-1", 5)
    put(f"checkpoints/{JOB}/chk-2", 6, complete=False)
    put("savepoints/savepoint-012345-aaaaaaaaaaaa", 7, complete=False)
    assert found(tmp_path) == newest


def test_the_savepoint_that_a_job_was_stopped_with_is_newer_than_its_checkpoints(tmp_path, put):
    put(f"checkpoints/{JOB}/chk-3", 5)
    put("savepoints/savepoint-012345-aaaaaaaaaaaa", 4)
    newest = put("savepoints/savepoint-012345-bbbbbbbbbbbb", 6)
    assert found(tmp_path) == newest


def test_a_checkpoint_after_a_savepoint_is_newer(tmp_path, put):
    put("savepoints/savepoint-012345-aaaaaaaaaaaa", 4)
    newest = put(f"checkpoints/{JOB}/chk-3", 5)
    assert found(tmp_path) == newest


def test_another_jobs_state_is_not_taken(tmp_path, put):
    put("checkpoints/ffffffffffffffffffffffffffffffff/chk-3", 5)
    put("savepoints/savepoint-ffffff-aaaaaaaaaaaa", 6)
    assert found(tmp_path) is None


def test_a_job_that_ended_before_its_first_checkpoint_is_where_it_began(tmp_path, put):
    began = put("checkpoints/ffffffffffffffffffffffffffffffff/chk-7", 5)
    note_beginning(tmp_path.as_uri(), JOB, began)
    assert found(tmp_path) == began
    own = put(f"checkpoints/{JOB}/chk-1", 6)
    assert found(tmp_path) == own


def test_a_beginning_that_is_gone_is_no_state(tmp_path):
    note_beginning(tmp_path.as_uri(), JOB, (tmp_path / "checkpoints" / "ff" / "chk-7").as_uri())
    assert found(tmp_path) is None
