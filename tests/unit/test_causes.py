"""An error in one line, for those who wait for what failed."""

from __future__ import annotations

import pytest

from stores.causes import cause_of, root_cause_of

FROM_JAVA = """An error occurred while calling o147593.executeSql.
: org.apache.flink.table.api.TableException: Failed to execute sql
\tat org.apache.flink.table.api.internal.TableEnvironmentImpl.executeInternal(TableEnvironmentImpl.java:1)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
CAUSED = f"""{FROM_JAVA}Caused by: org.apache.flink.util.FlinkException: Failed to execute job 'preview'.
\tat org.apache.flink.Two(Two.java:2)
Caused by: java.net.ConnectException: Connection refused: /127.0.0.1:28081
\t... 3 more
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CAUSED, "java.net.ConnectException: Connection refused: /127.0.0.1:28081"),
        (FROM_JAVA, "org.apache.flink.table.api.TableException: Failed to execute sql"),
        ("java.lang.IllegalStateException: no\n\tat A.b(A.java:1)\n", "java.lang.IllegalStateException: no"),
    ],
)
def test_an_error_of_java_is_told_by_its_root_cause(text: str, line: str):
    assert cause_of(RuntimeError(text)) == line
    assert root_cause_of(text) == line


def test_another_error_is_told_by_its_first_line_of_at_most_500_characters():
    assert cause_of(ValueError("first\nsecond")) == "first"
    assert len(cause_of(ValueError("x" * 1000))) == 500


@pytest.mark.parametrize("error", [ZeroDivisionError(), ValueError(" \n ")])
def test_an_error_that_says_nothing_is_told_by_its_name(error: Exception):
    assert cause_of(error) == type(error).__name__
