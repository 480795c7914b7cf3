"""A sink as a process: `main` of every `python -m jobs.sink_*`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jobs import process
from jobs.dead_letter_limit import DeadLetterLimit, TooManyDeadLetters
from jobs.sink import Sink, SinkLoop
from stores import logs
from stores.kafka_reader import KafkaReader
from stores.settings import Settings

TOO_MANY_DEAD_LETTERS = 3
"""Exit status: a person must look before the sink goes on."""


def run(create: Callable[[Settings], Sink], linger_seconds: Callable[[Settings], float]) -> None:
    """Run a sink with this process's settings until SIGTERM, as the group `<group_prefix>.<name>`.

    Exits with TOO_MANY_DEAD_LETTERS when most messages are refused.
    """
    settings, stop = process.start()
    sink = create(settings)
    sinks = settings.sinks
    loop = SinkLoop(
        sink,
        KafkaReader(settings, f"{sinks.group_prefix}.{sink.name}", sink.topics),
        stop,
        DeadLetterLimit(sinks.dead_letters_window, sinks.dead_letters_share, sinks.dead_letters_most),
        sinks.batch_messages,
        linger_seconds(settings),
    )
    log = logs.get(f"jobs.{sink.name}")
    try:
        loop.run()
    except TooManyDeadLetters as error:
        log.error("too_many_dead_letters", cause=str(error))
        sys.exit(TOO_MANY_DEAD_LETTERS)
    except Exception as error:
        log.exception("sink_failed", cause=f"{type(error).__name__}: {error}")
        sys.exit(1)
