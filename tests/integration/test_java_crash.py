"""Where a Java service of the local stack writes down that it crashed."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from deploy.local.java import java
from deploy.local.layout import Layout

SLEEP = """public class Sleep {
    public static void main(String[] a) throws Exception { System.out.println(1); Thread.sleep(60000); }
}"""


@pytest.fixture
def sleeping(tmp_path):
    """A Java process of the service `s`, with its layout, started from a folder of somebody's own."""
    layout = Layout("test", tmp_path / "stack")
    layout.log("s").parent.mkdir(parents=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "Sleep.java").write_text(SLEEP)
    subprocess.run(["javac", str(tmp_path / "Sleep.java")], check=True)
    command = java(str(tmp_path), "Sleep", heap_mb=32, layout=layout, service="s")
    with subprocess.Popen(command, cwd=tmp_path / "own", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process, layout
        process.kill()


def test_a_crash_is_written_down_among_the_logs_and_not_where_the_stack_was_started(sleeping, tmp_path):
    process, layout = sleeping
    os.kill(process.pid, signal.SIGSEGV)
    assert process.wait(60) == -signal.SIGABRT
    [crash] = layout.log("s").parent.iterdir()
    assert crash.name == f"s-crash-{process.pid}.log" and "SIGSEGV" in crash.read_text()
    assert list((tmp_path / "own").iterdir()) == []
