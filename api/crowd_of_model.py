"""A lookalike model tells of its crowd: who may not see the crowd's users may not ask it who is like them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.access.actor import current_actor, require_sight_of_versions
from api.ports import Registry
from tagging import bound_rules
from tagging.access import Role
from tagging.definition import SENSITIVITIES

OF_CROWD = frozenset(
    {
        "signs",
        "best",
        "curve",
        "seeds",
        "others",
        "sampled_seeds",
        "sampled_others",
        "held_out_seeds",
        "held_out_others",
    }
    | {"classes", "base_rate_learned", "rule"}
)
"""What metrics and lineage hold that counts or describes the crowd; GET /crowds/<name>/lookalikes tells it to who may know."""


def told(found: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics, or a lineage, as everyone may read it."""
    hidden = OF_CROWD if "seeds" in found or "rule" in found else frozenset()
    return {name: value for name, value in found.items() if name not in hidden}


def require_crowd_sight(lineage: Mapping[str, Any], registry: Registry) -> None:
    """Raises ApiError where the model was learned from a crowd whose users are not for whoever asks.

    It tells of the tag versions that the rule was read with then, whatever is live now.
    """
    if "rule" not in lineage:
        return
    asked = list(bound_rules.read(lineage["rule"]).versions.items())
    if current_actor().role is Role.SERVICE:
        # A service reads no tag, and asks models all the same: of what everyone sees.
        known = {place: registry.version(*place) for place in asked}
        asked = [place for place, tag in known.items() if tag is None or tag.sensitivity != SENSITIVITIES[0]]
    require_sight_of_versions(registry, asked)
