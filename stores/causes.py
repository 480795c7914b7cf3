"""What went wrong, in one line: of any error, and of a Java one its root cause."""

from __future__ import annotations

LONGEST = 500
CAUSED_BY = "Caused by: "
PY4J = ": "
FRAME = "\n\tat "


def cause_of(error: BaseException) -> str:
    """The error in one line of at most 500 characters, never empty.

    An error that Java raised is told by its root cause: its first line says only which call it came from.
    """
    text = str(error).strip()
    if FRAME in text:
        return root_cause_of(text)
    return (text or type(error).__name__).splitlines()[0][:LONGEST]


def root_cause_of(stacktrace: str) -> str:
    """The last `Caused by` of a Java stack trace in one line, or the exception itself where nothing caused it."""
    lines = stacktrace.splitlines()
    told = [line.removeprefix(CAUSED_BY) for line in lines if line.startswith(CAUSED_BY)]
    told = told or [line.removeprefix(PY4J) for line in lines if line.startswith(PY4J)] or lines[:1]
    return told[-1].strip()[:LONGEST] if told else ""
