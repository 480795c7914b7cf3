"""What becomes of an order. Its course follows from the seed, its id and its buyer, so a restart can take it up."""

from __future__ import annotations

import random
from typing import NamedTuple

from deploy.demo.personas import Persona, Traits

DELETED = "deleted"
"""Not a status: the row is deleted."""

LEGAL: dict[str, frozenset[str]] = {
    "placed": frozenset({"paid", "cancelled"}),
    "paid": frozenset({"shipped", "cancelled", "refunded"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset({"refunded", DELETED}),
    "refunded": frozenset(),
    "cancelled": frozenset({DELETED}),
}


class Step(NamedTuple):
    """One change of an order's status, `hours` after the one before it."""

    status: str
    hours: float


def course(seed: int, order_id: str, persona: Persona) -> tuple[Step, ...]:
    """What happens to an order after it was placed; each step is legal after the one before it."""
    rng = random.Random(f"order:{seed}:{order_id}")
    if rng.random() < persona.cancel_chance:
        cancelled = Step("cancelled", rng.uniform(0.2, 6))
        return (cancelled, Step(DELETED, rng.uniform(12, 48))) if rng.random() < 0.15 else (cancelled,)
    steps = [Step("paid", rng.uniform(0.02, 0.5))]
    if rng.random() < 0.01:
        return (*steps, Step("cancelled", rng.uniform(0.5, 3)))
    refunded = rng.random() < persona.refund_chance
    if refunded and rng.random() < 0.2:
        return (*steps, Step("refunded", rng.uniform(0.5, 3)))
    steps += [Step("shipped", rng.uniform(2, 36)), Step("delivered", rng.uniform(12, 72))]
    if refunded:
        steps.append(Step("refunded", rng.uniform(4, 96)))
    elif rng.random() < 0.004:
        steps.append(Step(DELETED, rng.uniform(24, 96)))
    return tuple(steps)


def is_last(seed: int, order_id: str, traits: Traits) -> bool:
    """Whether the buyer leaves for good after this order. Only one that stays as a row can be: so the rows tell who has left.

    Who orders many times at once stays: they would be gone after their first time, and nobody's orders would look like fraud.
    """
    if not traits.persona.honest:
        return False
    if random.Random(f"leaves:{seed}:{order_id}").random() >= traits.leaves:
        return False
    return course(seed, order_id, traits.persona)[-1].status == "delivered"


def remaining(steps: tuple[Step, ...], status: str) -> tuple[Step, ...]:
    """The steps that are still to come for an order that has reached `status`."""
    if status == "placed":
        return steps
    for place, step in enumerate(steps):
        if step.status == status:
            return steps[place + 1 :]
    return ()
