"""The proofs of versions in the making, beside the controller's rounds: while one waits for its job, other tags get on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple, Protocol

from jobs.convergence import BuildFailed, Member, NotYet
from stores import logs
from stores.aside import aside

AT_ONCE = 2
"""Each takes a batch run on the cluster. That of a shared job, which nobody waits for, leaves room for another."""

log = logs.get("jobs.proofs")
Causes = Mapping[Member, str]


class Check(Protocol):
    """One proof; `jobs.tag_proof.ParityProof` is the real one."""

    def check(self, members: Sequence[Member], job: str) -> Causes:
        """What stands against each version, once the job has passed a barrier; nothing where stream and batch agree.

        Raises BuildFailed where all of them fail, and NotYet.
        """


class _Proof(NamedTuple):
    """One under way: of which versions, and what comes of it; None where the job is not there yet."""

    members: tuple[Member, ...]
    outcome: Future[Causes | None]


class ConcurrentProofs:
    """See `jobs.convergence.Proofs`. One thread asks. What is lost when the process ends is proven again."""

    def __init__(self, check: Check, at_once: int = AT_ONCE) -> None:
        self._check = check
        self._at_once = at_once
        self._proofs: dict[str, _Proof] = {}

    def outcomes(self, wanted: Mapping[str, Sequence[Member]]) -> Mapping[str, Causes]:
        """See `Proofs`. Raises what the stores raise while they are away."""
        asked = {job: tuple(members) for job, members in wanted.items()}
        ended = {job: proof for job, proof in self._proofs.items() if proof.outcome.done()}
        told = {job: proof.outcome for job, proof in ended.items() if proof.members == asked.get(job)}
        for job in ended.keys() - told.keys():
            del self._proofs[job]
        for job, outcome in told.items():
            if error := outcome.exception():
                # The others are asked for again.
                del self._proofs[job]
                raise error
        for job in told:
            del self._proofs[job]
        for job, members in asked.items():
            # One of other versions than are wanted now takes its place until it ends.
            if job not in self._proofs and job not in told and len(self._proofs) < self._at_once:
                self._proofs[job] = _Proof(members, aside(f"proof of {job}", partial(self._causes, members, job)))
        return {job: causes for job, outcome in told.items() if (causes := outcome.result()) is not None}

    def _causes(self, members: Sequence[Member], job: str) -> Causes | None:
        try:
            return self._check.check(members, job)
        except NotYet as error:
            log.info("not_yet", job=job, cause=str(error))
            return None
        except BuildFailed as error:
            return dict.fromkeys(members, str(error))
