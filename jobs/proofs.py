"""The proofs of versions in the making, beside the controller's rounds: while one waits for its job, other tags get on."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from jobs.convergence import BuildFailed, Member, NotYet
from stores import logs

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


class _Proof:
    """One under way, in a thread that does not keep the process from ending: what is lost by that is proven again."""

    def __init__(self, check: Check, members: Sequence[Member], job: str) -> None:
        self.members = tuple(members)
        self._check, self._job = check, job
        self._causes: Causes = {}
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"proof of {job}", daemon=True)
        self._thread.start()

    @property
    def is_under_way(self) -> bool:
        return self._thread.is_alive()

    def causes(self) -> Causes | None:
        """Its outcome; None where the job is not there yet. Raises what the stores raise while they are away."""
        if isinstance(self._error, NotYet):
            log.info("not_yet", job=self._job, cause=str(self._error))
            return None
        if isinstance(self._error, BuildFailed):
            return dict.fromkeys(self.members, str(self._error))
        if self._error:
            raise self._error
        return self._causes

    def _run(self) -> None:
        try:
            self._causes = self._check.check(self.members, self._job)
        except Exception as error:  # Whoever asks for the outcome raises it.
            self._error = error


class ConcurrentProofs:
    """See `jobs.convergence.Proofs`. One thread asks."""

    def __init__(self, check: Check, at_once: int = AT_ONCE) -> None:
        self._check = check
        self._at_once = at_once
        self._proofs: dict[str, _Proof] = {}

    def outcomes(self, wanted: Mapping[str, Sequence[Member]]) -> Mapping[str, Causes]:
        """See `Proofs`. Raises what the stores raise while they are away."""
        # One of other versions than are wanted now takes its place until it ends.
        asked = {job: tuple(members) for job, members in wanted.items()}
        self._proofs = {
            job: proof for job, proof in self._proofs.items() if proof.is_under_way or proof.members == asked.get(job)
        }
        found = self._ended(asked)
        for job, members in asked.items():
            if job not in self._proofs and job not in found and len(self._proofs) < self._at_once:
                self._proofs[job] = _Proof(self._check, members, job)
        return {job: causes for job, causes in found.items() if causes is not None}

    def _ended(self, asked: Mapping[str, tuple[Member, ...]]) -> dict[str, Causes | None]:
        """The outcomes of those that have ended, which are forgotten."""
        found: dict[str, Causes | None] = {}
        for job, proof in self._proofs.items():
            if not proof.is_under_way and proof.members == asked.get(job):
                try:
                    found[job] = proof.causes()
                except Exception:
                    # The others are asked for again.
                    del self._proofs[job]
                    raise
        for job in found:
            del self._proofs[job]
        return found
