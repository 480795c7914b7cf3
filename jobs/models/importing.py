"""Models that were made elsewhere: an ONNX file and its definition beside it become the next version, checked and measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.live_tags import Carried
from jobs.models import definitions, features
from jobs.models.training import Trainer, libraries
from prediction.definition import ModelDefinition, parse_model
from prediction.onnx_entry import entered, explained
from prediction.onnx_file import LARGEST_BYTES, OnnxProblem
from prediction.training import evaluated
from stores.models.registry import Models, ModelVersion

LIBRARIES = ("numpy", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Submitted:
    """What somebody brought: a definition as text and read, and the ONNX file's content."""

    definition: ModelDefinition
    text: str
    content: bytes


def read(path: Path) -> Submitted:
    """The file at `path` and the definition beside it: NAME.onnx and NAME.toml. Raises OnnxProblem, ModelProblem."""
    beside = path.with_suffix(".toml")
    if path.suffix != ".onnx" or not path.is_file() or not beside.is_file():
        raise OnnxProblem(f"got {path}, allowed a file NAME.onnx, beside it its definition NAME.toml ({beside})")
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise OnnxProblem(f"{path}: got {size:,} bytes, allowed {LARGEST_BYTES:,}")
    text = beside.read_text(encoding="utf-8")
    definition = parse_model(text, beside.name)
    if definition.name in definitions.builtin():
        raise OnnxProblem(f"{beside}: got the name {definition.name}, which is a built-in model's; allowed any other")
    return Submitted(definition, text, path.read_bytes())


@dataclass(frozen=True)
class Importer:
    """Enters models. `trainer`: whose training sets they are measured on."""

    models: Models
    trainer: Trainer

    def add(
        self, submitted: Submitted, carried: Carried, tick_ms: int, who: str, now_ms: int
    ) -> Iterator[str | ModelVersion]:
        """Lines of progress, then the version that was made. The file is checked before anything is recomputed.

        Raises OnnxProblem, UnusableFeature, BadValue, TooLittleHistory, TrainingProblem, and what the stores raise.
        """
        definition = submitted.definition
        held = self.models.model(definition.name)
        if held is not None and (kind := parse_model(held.definition, held.name).kind) != definition.kind:
            raise OnnxProblem(
                f"model {definition.name}: got the kind {definition.kind}, allowed {kind}, or another name"
            )
        tags = features.resolve(definition, carried)
        pipeline, facts = entered(definition, features.features_of(tags), submitted.content)
        yield f"{len(submitted.content):,} bytes, {facts.nodes} nodes, opset {facts.opset}: sound, and answers with probabilities"
        taken = yield from self.trainer.take(definition, tags, tick_ms, now_ms)
        measured = evaluated(definition, explained(pipeline, taken.rows.columns), taken.rows)
        onnx = {
            "sha256": hashlib.sha256(submitted.content).hexdigest(),
            "producer": facts.producer,
            "opset": facts.opset,
        }
        lineage = {**measured.lineage, **taken.lineage, **libraries(LIBRARIES), "onnx": onnx}
        self.models.define(definition.name, submitted.text, who, now_ms)
        how = f"entered: the ONNX file {onnx['sha256']}"
        content, metrics = measured.pipeline.to_bytes(), measured.metrics
        yield self.models.add(definition.name, content, metrics, lineage, who, now_ms, how)
