"""Where the training of a model stands, told by its audit trail: for lookalikes the API asks there, a job answers there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

ASKED = "training asked"
REFUSED = "training refused: "
TRAINED = "trained"
State = Literal["asked", "trained", "refused", "defined"]


class Deed(Protocol):
    """A line of the trail; `stores.models.registry.Deed` is one."""

    @property
    def what(self) -> str: ...


def standing(deeds: Sequence[Deed]) -> tuple[State, str]:
    """By the newest line of `deeds` (the newest first) that says: the state, and why a training was refused."""
    for deed in deeds:
        if deed.what == ASKED:
            return "asked", ""
        if deed.what == TRAINED:
            return "trained", ""
        if deed.what.startswith(REFUSED):
            return "refused", deed.what.removeprefix(REFUSED)
    return "defined", ""
