"""What unit tests do without: passwords that take long to check."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from stores.access import credentials


@pytest.fixture(scope="session", autouse=True)
def passwords_are_quick_to_check() -> Iterator[None]:
    """Argon2id with its smallest parameters: what makes it slow is the library's own, and is tested there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
