"""The proof of one tag version on its own job, before readers see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from jobs.barrier import BarrierNotPassed, JobEnded
from jobs.convergence import BuildFailed, NotYet
from jobs.tag_jobs import compiled_version
from jobs.verify import Limits, verify
from stores import logs, metrics
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.parity import Outcome, TagParity

LIMITS = Limits(stream=60, sinks=60, batch=900)
"""A version that replays a long log is asked again in the next round: other tags wait no longer than this for it."""

NAMED = 3
log = logs.get("jobs.tag_proof")

Verify = Callable[[Sequence[CompiledTag], Settings, Limits, str], Iterable[str | TagParity]]


class ParityProof:
    """See `jobs.convergence.Check`."""

    def __init__(self, settings: Settings, run: Verify = verify) -> None:
        self._settings = settings
        self._run = run

    def check(self, tag: str, version: int, text: str, job: str) -> None:
        """See `Check`. Raises also what the stores raise while they are away."""
        compiled = compiled_version(tag, version, text)
        wrong: list[TagParity] = []
        try:
            for item in self._run((compiled,), self._settings, LIMITS, job):
                if isinstance(item, TagParity):
                    log.info("compared", job=job, store=item.store, **{str(o): n for o, n in item.counts.items()})
                    metrics.WRONG.labels(tag, item.store).set(item.wrong)
                    wrong += [item] if item.wrong else []
        except JobEnded as error:
            raise BuildFailed(str(error)) from error
        except BarrierNotPassed as error:
            raise NotYet(str(error)) from error
        if wrong:
            raise BuildFailed("; ".join(_said(parity) for parity in wrong))


def _said(parity: TagParity) -> str:
    """What differs in one store, with the first users by name."""
    bad = [finding for finding in parity.findings if finding.outcome not in (Outcome.EQUAL, Outcome.PENDING)]
    named = ", ".join(f"{f.user_id} batch {f.batch!r} stored {f.stored!r}" for f in bad[:NAMED])
    return f"{parity.store}: {parity.wrong} users differ between stream and batch, as {named}"
