"""Schemathesis against the application, in this process or over a port: what its checks find, and how much it asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema

DOCUMENT = "/api/v1/openapi.json"
PHASES = ("examples", "coverage", "fuzzing", "stateful")
_REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]
_CHECKS = {
    # A body beyond the limit, or a change of another revision, is refused whatever else is wrong with it.
    "negative_data_rejection": {"expected-statuses": [*_REFUSED, "5xx"]},
    # What fits its schema may still be no SQL, no cursor of this list, or a period of no days: 422 then says so.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "413", "422", "429", "503"]
    },
    # If-Match alone is required, and 428 is what HTTP has for a change without it.
    "missing_required_header": {"expected-statuses": [*_REFUSED]},
}


@dataclass
class Run:
    """What one run found. `answers` counts statuses, `asked` the answers of each operation."""

    findings: dict[str, str] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    transitions: int = 0

    def add(self, event: events.ScenarioFinished) -> None:
        """Everything that one scenario asked and found."""
        recorder = event.recorder
        for id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    key = f"{failure.operation}: {check.name}: {failure.title}"
                    self.findings.setdefault(key, f"{failure.message}\n{check.failure_info.code_sample}"[:2_000])
            interaction = recorder.interactions.get(id)
            if interaction is not None and interaction.response is not None:
                self.answers[interaction.response.status_code] += 1
                self.asked[recorder.cases[id].value.operation.label] += 1
        self.transitions += sum(1 for case in recorder.cases.values() if case.is_transition_applied)

    def report(self) -> str:
        """For a person."""
        return "\n\n".join(f"{what}\n{detail}" for what, detail in self.findings.items())


def config(phases: Iterable[str], examples: int, headers: Mapping[str, str] | None = None) -> SchemathesisConfig:
    """The same requests in every run: those of these phases, `examples` at most of an operation where they are drawn."""
    chosen = set(phases)
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            # The transport within a process does not unpack what it is sent; tests/unit/test_api_wire.py does.
            "headers": {"Accept-Encoding": "identity", **(headers or {})},
            "cache": {"enabled": False},
            "checks": _CHECKS,
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
            "phases": {phase: {"enabled": phase in chosen} for phase in PHASES},
        }
    )


def run(schema: BaseSchema) -> Run:
    """Ask everything. What keeps an operation from being asked is a finding too."""
    found = Run()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.add(event)
        elif isinstance(event, events.NonFatalError):
            found.findings[f"{event.label}: not asked"] = str(event.value)
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.EngineFinished):
            found.findings.update({f"after the run: {failure.title}": failure.message for failure in event.failures})
    return found


def labels(schema: BaseSchema) -> set[str]:
    """Every operation of a document, as a run names it."""
    return {operation.ok().label for operation in schema.get_all_operations()}
