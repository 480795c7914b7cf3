"""The tag that a lookalike model's scores are read by, so that a crowd is a rule over it like over any other."""

from __future__ import annotations

from prediction.definition import ModelDefinition
from prediction.lookalike import DECIMALS
from tagging.definition import LONGEST_HEADER_VALUE, TagDefinition, definition_text

_SQL = """-- A model has one score a user: the newest.
SELECT user_id, CAST(ROUND(MAX(score), {decimals}) AS DECIMAL({digits}, {decimals})) AS value
FROM scores
WHERE model = '{model}'
GROUP BY user_id"""


def score_tag(definition: ModelDefinition, sensitivity: str) -> str:
    """A tag's text. `sensitivity`: that of the strictest tag that the crowd or the model reads, for a score tells of both."""
    description = (
        f"How much a user is like the crowd {definition.label.crowd}, by the model {definition.name}: from 0 to 1."
    )
    return definition_text(
        TagDefinition(
            name=definition.name,
            title=definition.title,
            description=description[:LONGEST_HEADER_VALUE],
            value_type="decimal",
            dimension="behaviour",
            owner=definition.owner,
            # The name is a model's, checked when it was read: letters, digits and _ alone.
            sql=_SQL.format(decimals=DECIMALS, digits=DECIMALS + 1, model=definition.name),
            sensitivity=sensitivity,
        )
    )
