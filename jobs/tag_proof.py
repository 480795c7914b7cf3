"""The proof of one tag version on its own job, before readers see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from jobs.barrier import BarrierNotPassed, JobEnded
from jobs.compiled_versions import compiled_version
from jobs.convergence import BuildFailed, NotYet
from jobs.process import wall_ms
from jobs.verification import Limits, verify
from stores import logs, metrics
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.parity import Outcome, TagParity
from tagging.parity_history import Origin, differ_reason

LIMITS = Limits(stream=60, sinks=60, batch=900)
"""A version that replays a long log is asked again in the next round: other tags wait no longer than this for it."""

NAMED = 3
log = logs.get("jobs.tag_proof")

Verify = Callable[[Sequence[CompiledTag], Settings, Limits, str], Iterable[str | TagParity]]


class Runs(Protocol):
    """Where outcomes are kept; `stores.parity_runs.ParityRuns` is the real one."""

    def begin(self, origin: Origin, at_ms: int, tag: str = "", version: int = 0) -> int: ...

    def finish(self, run_id: int, parities: Sequence[TagParity], at_ms: int) -> None: ...


class ParityProof:
    """See `jobs.convergence.Check`. A proof that came to an outcome is kept in `runs`."""

    def __init__(self, settings: Settings, run: Verify = verify, runs: Runs | None = None) -> None:
        self._settings = settings
        self._run = run
        self._runs = runs

    def check(self, tag: str, version: int, text: str, job: str) -> None:
        """See `Check`. Raises also what the stores raise while they are away."""
        compiled = compiled_version(tag, version, text)
        found: list[TagParity] = []
        started_ms = wall_ms()
        try:
            for item in self._run((compiled,), self._settings, LIMITS, job):
                if isinstance(item, TagParity):
                    log.info("compared", job=job, store=item.store, **{str(o): n for o, n in item.counts.items()})
                    metrics.WRONG.labels(tag, item.store).set(item.wrong)
                    found.append(item)
                else:
                    log.info("proving", job=job, done=item)
        except JobEnded as error:
            raise BuildFailed(str(error)) from error
        except BarrierNotPassed as error:
            raise NotYet(str(error)) from error
        if self._runs:
            run_id = self._runs.begin(Origin.PROOF, started_ms, tag, version)
            self._runs.finish(run_id, found, wall_ms())
        wrong = [parity for parity in found if parity.wrong]
        if wrong:
            raise BuildFailed("; ".join(_said(parity) for parity in wrong))


def _said(parity: TagParity) -> str:
    """What differs in one store, with the first users by name."""
    bad = [finding for finding in parity.findings if finding.outcome not in (Outcome.EQUAL, Outcome.PENDING)]
    named = ", ".join(
        f"{f.user_id} batch {f.batch!r} stored {f.stored!r}" + (f" ({f.cause})" if f.cause else "") for f in bad[:NAMED]
    )
    return differ_reason(parity.store, parity.wrong, named)
