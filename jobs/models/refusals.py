"""Keeps in a model's audit trail why a training by command or by schedule made no version, or one that could not go live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prediction.definition import ModelDefinition
from prediction.lookalike_asking import REFUSED
from prediction.promotion import NotBetter
from stores.models.registry import Models

NOT_LIVE = "not put into use: "


@contextmanager
def noted(
    models: Models, definition: ModelDefinition, text: str, who: str, now_ms: Callable[[], int]
) -> Iterator[None]:
    """Writes a refusal down and raises it on. A model that has no row yet gets one, so that it can be seen without a version.

    The text of a model that has one stays: its live version scores by it.
    """
    try:
        yield
    except (ValueError, LookupError) as error:
        kept = NOT_LIVE if isinstance(error, NotBetter) else REFUSED
        if models.model(definition.name) is None:
            models.define(definition.name, text, who, now_ms())
        models.note(definition.name, who, f"{kept}{error}", now_ms())
        raise
