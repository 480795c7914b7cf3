"""What unit tests do without: the collector's rounds, and passwords that take long to check."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from stores.access import credentials

# A third of the time went into looking through what never goes: modules, schemas, plans.
gc.set_threshold(50_000, 50, 50)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def passwords_are_quick_to_check() -> Iterator[None]:
    """Argon2id with its smallest parameters: what makes it slow is the library's own, and is tested there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
