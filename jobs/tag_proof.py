"""The proof of tag versions on the job that carries them, before readers see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from jobs.barrier import BarrierNotPassed, JobEnded
from jobs.compiled_versions import compiled_version
from jobs.convergence import BuildFailed, Member, NotYet
from jobs.process import wall_ms
from jobs.verification import Limits, verify
from stores import logs, metrics
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.parity import Outcome, TagParity
from tagging.parity_history import Origin, differ_reason

LIMITS = Limits(stream=300, sinks=60, batch=900)
"""A version that replays a long log is proven at a new barrier after this long: nothing is learned of it before."""

NAMED = 3
log = logs.get("jobs.tag_proof")

Verify = Callable[[Sequence[CompiledTag], Settings, Limits, str], Iterable[str | TagParity]]


class Runs(Protocol):
    """Where outcomes are kept; `stores.parity_runs.ParityRuns` is the real one."""

    def begin(self, origin: Origin, at_ms: int, tag: str = "", version: int = 0) -> int: ...

    def finish(self, run_id: int, parities: Sequence[TagParity], at_ms: int) -> None: ...


class ParityProof:
    """See `jobs.proofs.Check`. A proof that came to an outcome is kept in `runs`, one run a version."""

    def __init__(self, settings: Settings, run: Verify = verify, runs: Runs | None = None) -> None:
        self._settings = settings
        self._run = run
        self._runs = runs

    def check(self, members: Sequence[Member], job: str) -> Mapping[Member, str]:
        """See `Check`. Raises also what the stores raise while they are away."""
        compiled = [compiled_version(*member) for member in members]
        found: list[TagParity] = []
        started_ms = wall_ms()
        try:
            for item in self._run(compiled, self._settings, LIMITS, job):
                if isinstance(item, TagParity):
                    counts = {str(outcome): count for outcome, count in item.counts.items()}
                    log.info("compared", job=job, tag=item.tag, store=item.store, **counts)
                    metrics.WRONG.labels(item.tag, item.store).set(item.wrong)
                    found.append(item)
                else:
                    log.info("proving", job=job, done=item)
        except JobEnded as error:
            raise BuildFailed(str(error)) from error
        except BarrierNotPassed as error:
            raise NotYet(str(error)) from error
        return {member: self._kept(member, started_ms, found) for member in members}

    def _kept(self, member: Member, started_ms: int, found: Sequence[TagParity]) -> str:
        """Keep the outcome of one version; what stands against it."""
        own = [parity for parity in found if parity.tag == member.tag]
        if self._runs:
            run_id = self._runs.begin(Origin.PROOF, started_ms, member.tag, member.version)
            self._runs.finish(run_id, own, wall_ms())
        return "; ".join(_said(parity) for parity in own if parity.wrong)


def _said(parity: TagParity) -> str:
    """What differs in one store, with the first users by name."""
    bad = [finding for finding in parity.findings if finding.outcome not in (Outcome.EQUAL, Outcome.PENDING)]
    named = ", ".join(
        f"{f.user_id} batch {f.batch!r} stored {f.stored!r}" + (f" ({f.cause})" if f.cause else "") for f in bad[:NAMED]
    )
    return differ_reason(parity.store, parity.wrong, named)
