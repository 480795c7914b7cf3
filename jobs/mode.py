"""How the one text is run."""

from enum import StrEnum


class Mode(StrEnum):
    """Flink's two runtime modes."""

    STREAM = "streaming"
    BATCH = "batch"
