"""What a definition says of a model that was made elsewhere: its file's input and output, and how each tag becomes numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
MOST_CATEGORIES = 256
MOST_CLASSES = 64


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OnnxFeature(_Part):
    """How a tag version becomes columns.

    A number: (x - mean) / scale, of sign(x) ln(1 + |x|) in place of x where `log`. A boolean: 0 or 1. A string: one column a
    category, and one for all others. Last a column that is 1 where the user has no value, the others being 0; with a `default`
    there is no such column: who has no value has that one.
    """

    version: Annotated[int, Field(strict=True, ge=1)]
    log: bool = False
    mean: Finite = 0.0
    scale: Annotated[Finite, Field(gt=0)] = 1.0
    categories: Annotated[tuple[str, ...], Field(max_length=MOST_CATEGORIES)] = ()
    default: bool | int | float | str | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> OnnxFeature:
        twice = sorted({name for name in self.categories if self.categories.count(name) > 1})
        if twice:
            raise ValueError(f"categories: named twice: {twice}")
        if isinstance(self.default, float) and not math.isfinite(self.default):
            raise ValueError(f"default: got {self.default}, allowed a finite number")
        return self


class OnnxPart(_Part):
    """An ONNX file's input (one user's columns, in order of `features`) and output, the probability of each class.

    `classes` names the output's columns of a next_value model; others have "no" and "yes", or the chance of "yes" alone.
    """

    input: Word
    output: Word
    classes: Annotated[tuple[Word, ...], Field(max_length=MOST_CLASSES)] = ()
    features: Mapping[str, OnnxFeature]

    def problem(self, kind: str, names: tuple[str, ...]) -> str | None:
        """What does not fit a model of this kind and these features; None where all does."""
        if set(self.features) != set(names):
            missing, more = sorted(set(names) - set(self.features)), sorted(set(self.features) - set(names))
            return f"onnx.features: missing {missing}, not in features {more}; allowed: each of features once"
        if (kind == "next_value") != bool(self.classes):
            return (
                f"onnx.classes: got {list(self.classes)} for a {kind} model, allowed for next_value models, "
                "which need three or more"
            )
        if self.classes and len(set(self.classes)) < max(3, len(self.classes)):
            return f"onnx.classes: got {list(self.classes)}, allowed three or more, each once"
        return None
