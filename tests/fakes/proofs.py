"""Proofs without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jobs.convergence import BuildFailed, Member, NotYet

Check = Callable[[str, int, str, str], object]


class ProofsAtOnce:
    """Every proof has its outcome when it is asked for: what `check(tag, version, text, job)` raises of each version."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def outcomes(self, wanted: Mapping[str, Sequence[Member]]) -> Mapping[str, Mapping[Member, str]]:
        """See `jobs.convergence.Proofs`."""
        found: dict[str, dict[Member, str]] = {}
        for job, members in wanted.items():
            for member in members:
                try:
                    self._check(*member, job)
                except BuildFailed as error:
                    found.setdefault(job, {})[member] = str(error)
                except NotYet:
                    continue
                else:
                    found.setdefault(job, {})[member] = ""
        return found
