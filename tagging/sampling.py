"""A part of the users by a hash of their ids: the same users whenever it is asked, whatever they did."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

MOST_USERS = 10_000
"""About as many are sampled at most; of fewer, all."""
_DIGITS = 4
_HASHES = 16**_DIGITS


@dataclass(frozen=True)
class Sample:
    """The users whose hash is among the first `hashes` of 65,536."""

    hashes: int

    @property
    def share(self) -> float:
        """The part of the users that is expected in it."""
        return self.hashes / _HASHES

    @property
    def is_everyone(self) -> bool:
        """Whether nobody is left out."""
        return self.hashes >= _HASHES

    @property
    def below(self) -> str:
        """The first hash outside it, in hexadecimal digits."""
        return f"{self.hashes:0{_DIGITS}x}"

    def holds(self, user_id: str) -> bool:
        """Whether a user is in it."""
        hashed = hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()
        return self.is_everyone or hashed[:_DIGITS] < self.below


def sample_of(users: int, most: int = MOST_USERS) -> Sample:
    """About `most` of so many users, all when there are no more."""
    return Sample(_HASHES if users <= most else max(1, _HASHES * most // users))
