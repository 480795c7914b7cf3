"""Who may see what users are expected to spend: whoever may see the values of every live tag of the same amounts."""

from __future__ import annotations

from collections.abc import Sequence

from api.access.actor import current_actor, sees
from api.ports import Registry
from prediction.orders_part import OrdersPart
from tagging.access import Role
from tagging.definition import SENSITIVITIES, TagDefinition
from tagging.lineage import origins


def hidden_tags(registry: Registry, orders: OrdersPart) -> Sequence[TagDefinition]:
    """The live tags that read the column of amounts and whose values are not for whoever asks.

    A service reads no tag, and asks models all the same: of what everyone sees.
    """
    is_service = current_actor().role is Role.SERVICE
    return [
        tag
        for tag in registry.tags()
        if (orders.source, orders.amount) in {(source, column) for source, column, _ in origins(tag)}
        and not (tag.sensitivity == SENSITIVITIES[0] if is_service else sees(tag))
    ]
