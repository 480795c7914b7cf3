"""What unit tests do without: the collector's rounds."""

from __future__ import annotations

import gc

# A third of the time went into looking through what never goes: modules, schemas, plans.
gc.set_threshold(50_000, 50, 50)


def pytest_collection_finish() -> None:
    gc.freeze()
