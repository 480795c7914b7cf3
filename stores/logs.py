"""Logs of Tagstream's processes: one JSON object a line on stderr, with level, time in UTC and the logger's name."""

from __future__ import annotations

import logging
import os
import sys

import structlog

LEVEL_VARIABLE = "TAGSTREAM_LOG_LEVEL"


def configure(default: str = "INFO") -> None:
    """Send every log of this process to stderr as JSON. Called once, by the process's `main`.

    TAGSTREAM_LOG_LEVEL chooses the lowest level that is written, `default` where it is not set. Raises ValueError for an
    unknown level.
    """
    named = os.environ.get(LEVEL_VARIABLE, default).upper()
    levels = logging.getLevelNamesMapping()
    if named not in levels:
        raise ValueError(f"{LEVEL_VARIABLE}: no level {named!r}; allowed: {', '.join(sorted(levels))}")
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    # Libraries log by `logging`: the same lines for them.
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(levels[named])
    # What they say below a warning is of no use to who runs a command, and stands before what is.
    for theirs in ("alembic", "apache_beam"):
        logging.getLogger(theirs).setLevel(logging.WARNING)
    for ours in ("api", "deploy", "jobs", "stores"):
        # PyFlink raises the root's level when it makes a table environment; our lines must outlive that.
        logging.getLogger(ours).setLevel(levels[named])


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger. `log.info("batch_written", rows=12)` says what happened: an event's name and values, never secrets."""
    return structlog.stdlib.get_logger(name)
