"""Processes of the local stack: real ones, small ones."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from deploy.local.process import LOG_BYTES, Process, birth


@pytest.fixture
def place(tmp_path):
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.fixture
def process(place):
    found = Process(place / "run" / "service.json", place / "logs" / "service.log")
    yield found
    found.stop(0)


def start(process, place, script):
    process.start(["bash", "-c", script], {}, place, place / "tmp")


def until(answer, seconds=10):
    end = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def ended(pid):
    # An orphan that has ended may stay a zombie for a moment: reaping it is the first process's business, not ours.
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_started_process_is_found_again_by_its_record(process, place):
    start(process, place, "echo here; exec sleep 60")
    again = Process(place / "run" / "service.json", place / "logs" / "service.log")
    assert again.pid() == process.pid() is not None
    until(lambda: again.last_lines() == "here")
    assert again.memory_bytes() > 0


def test_stop_ends_children_too_and_forgets_the_process(process, place):
    start(process, place, "sleep 60 & echo $!; wait")
    child = int(until(process.last_lines))
    assert process.stop()
    assert process.pid() is None
    assert ended(child)


def test_one_that_does_not_stop_when_asked_is_killed(process, place):
    start(process, place, "trap '' TERM; echo ready; while true; do sleep 0.05; done")
    until(process.last_lines)
    assert process.stop(seconds=0.3) is False
    assert process.pid() is None


def test_a_recycled_pid_is_neither_found_nor_killed(process, place):
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        (place / "run").mkdir()
        boot = birth(stranger.pid).partition("/")[0]
        (place / "run" / "service.json").write_text(json.dumps({"pid": stranger.pid, "birth": f"{boot}/1"}))
        assert process.pid() is None
        process.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_of_before_the_machine_was_started_is_not_found(process, place):
    start(process, place, "exec sleep 60")
    record = place / "run" / "service.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "birth": "another-boot/" + known["birth"].partition("/")[2]}))
    assert process.pid() is None


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}'])
def test_a_record_that_was_half_written_means_down(process, place, text):
    (place / "run").mkdir()
    (place / "run" / "service.json").write_text(text)
    assert process.pid() is None


def test_children_that_outlived_a_killed_parent_end_before_the_next_start(process, place):
    start(process, place, "sleep 60 & echo $!; wait")
    orphan = int(until(process.last_lines))
    os.kill(process.pid(), signal.SIGKILL)
    until(lambda: process.pid() is None)
    assert psutil.pid_exists(orphan)
    start(process, place, "exec sleep 60")
    assert not psutil.pid_exists(orphan)
    assert process.pid() is not None


def test_strays_of_another_service_are_left_alone(process, place):
    other = Process(place / "run" / "other.json", place / "logs" / "other.log")
    other.start(["sleep", "60"], {}, place, place / "tmp")
    try:
        process.end_strays()
        assert other.pid() is not None
    finally:
        other.stop()


def test_each_start_has_an_empty_folder_for_temporary_files(process, place):
    (place / "tmp" / "left").mkdir()
    (place / "tmp" / "left" / "file").write_text("x")
    start(process, place, 'ls "$TMPDIR" | wc -l; echo "$TMPDIR"')
    assert until(lambda: len(process.last_lines().split()) == 2 and process.last_lines().split()) == [
        "0",
        str(place / "tmp"),
    ]


def test_a_log_is_appended_to_and_put_aside_when_it_has_grown_large(process, place):
    log = place / "logs" / "service.log"
    log.parent.mkdir()
    log.write_text("before\n")
    start(process, place, "echo after")
    until(lambda: process.last_lines() == "before\nafter")
    with log.open("r+b") as file:
        file.truncate(LOG_BYTES + 1)
    process.stop()
    start(process, place, "echo fresh")
    until(lambda: process.last_lines() == "fresh")
    assert (place / "logs" / "service.log.old").stat().st_size == LOG_BYTES + 1


def test_what_cannot_be_started_says_so(process, place):
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        process.start(["no-such-program"], {}, place, place / "tmp")
    assert process.pid() is None


def test_its_environment_is_ours_and_what_the_service_adds(process, place, monkeypatch):
    monkeypatch.setenv("OURS", "a")
    script = "import os; print(os.environ['OURS'] + os.environ['ITS'])"
    process.start([sys.executable, "-c", script], {"ITS": "b"}, place, place / "tmp")
    until(lambda: process.last_lines() == "ab")
