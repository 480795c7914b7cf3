"""A sink as a process: `main` of every `python -m jobs.sink_*`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jobs import process
from jobs.dead_letter_limit import DeadLetterLimit, TooManyDeadLetters
from jobs.sink import Reader, Sink, SinkLoop
from stores import logs
from stores.kafka_reader import KafkaReader
from stores.settings import Settings

TOO_MANY_DEAD_LETTERS = 3
"""Exit status: a person must look before the sink goes on."""


def run(create: Callable[[Settings], Sink], linger_seconds: Callable[[Settings], float]) -> None:
    """Run a sink with this process's settings until SIGTERM, as the group `<group_prefix>.<name>`.

    Exits with TOO_MANY_DEAD_LETTERS when most messages are refused.
    """

    def reading(settings: Settings) -> tuple[Sink, Reader]:
        sink = create(settings)
        return sink, KafkaReader(settings, f"{settings.sinks.group_prefix}.{sink.name}", sink.topics)

    run_reading(reading, linger_seconds, lambda settings: settings.sinks.batch_messages)


def run_reading(
    create: Callable[[Settings], tuple[Sink, Reader]],
    linger_seconds: Callable[[Settings], float],
    batch_messages: Callable[[Settings], int],
) -> None:
    """The same for a sink that has a reader of its own."""
    settings, stop = process.start()
    sink, reader = create(settings)
    sinks = settings.sinks
    loop = SinkLoop(
        sink,
        reader,
        stop,
        DeadLetterLimit(sinks.dead_letters_window, sinks.dead_letters_share, sinks.dead_letters_most),
        batch_messages(settings),
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
