"""Trains the lookalike models that the API asked for: a thread of the process of crowds, one leader at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prediction.definition import ModelDefinition, ModelProblem, parse_model
from prediction.lookalike_asking import REFUSED, standing
from stores import logs
from stores.causes import cause_of
from stores.clickhouse import ClickHouseRefused
from stores.models.registry import Model, Models, ModelVersion
from tagging.crowd_parsing import CrowdProblems

WHO = "crowds"
LOOKED_AT = 100
"""Lines of a model's trail: what comes after a question is few of them."""
SAID_NO = (ValueError, LookupError, CrowdProblems, ClickHouseRefused)
log = logs.get("jobs.lookalikes")

Train = Callable[[ModelDefinition, str], Iterator[str | ModelVersion]]
"""(definition, its text) -> lines of progress, then the version. Raises one of SAID_NO, and what the stores raise."""


@dataclass(frozen=True)
class LookalikeWorker:
    """Trains one asked model after the other. One that is killed midway leaves the question open, and the next trains it anew."""

    models: Models
    train: Train
    leads: Callable[[], bool]
    now_ms: Callable[[], int]

    def step(self) -> bool:
        """Train the first model that waits. False when none does. Raises MySQLUnavailable and ClickHouseUnavailable."""
        if not self.leads():
            return False
        for model in self.models.models():
            definition = _lookalike(model)
            if definition is not None and standing(self.models.audit(model.name, LOOKED_AT))[0] == "asked":
                self._train(definition, model.definition)
                return True
        return False

    def _train(self, definition: ModelDefinition, text: str) -> None:
        try:
            for step in self.train(definition, text):
                said = f"version {step.version}" if isinstance(step, ModelVersion) else step
                log.info("lookalike", model=definition.name, said=said)
        except SAID_NO as error:
            # No waiting mends it: whoever asked is told, and may ask again.
            cause = cause_of(error)
            log.warning("lookalike_refused", model=definition.name, cause=cause)
            self.models.note(definition.name, WHO, REFUSED + cause, self.now_ms())


def _lookalike(model: Model) -> ModelDefinition | None:
    try:
        definition = parse_model(model.definition, model.name)
    except ModelProblem:
        return None
    return definition if definition.kind == "lookalike" else None
