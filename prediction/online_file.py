"""A learner's state as a file: arrays and JSON in numpy's zip format, never pickle. The same state gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from prediction.drift import LossDrift
from prediction.ftrl import Ftrl, Parameters
from prediction.guarding import Guard, Health
from prediction.online import Rules, State
from prediction.prequential import Scored
from prediction.remembered import Remembered

FORMAT = 1
Arrays = Mapping[str, NDArray[Any]]


class WrongSnapshot(ValueError):
    """A file that is no learner's state of this format. The text says what was found."""


def to_bytes(state: State) -> bytes:
    """The file's content."""
    hashes, labels, times = state.remembered.arrays()
    arrays: dict[str, NDArray[Any]] = {
        "said": np.frombuffer(orjson.dumps(_said(state), option=orjson.OPT_SORT_KEYS), np.uint8),
        "remembered_hashes": hashes,
        "remembered_labels": labels,
        "remembered_times": times,
        **_weights("weights", state.ftrl),
    }
    if state.good is not None:
        arrays |= _weights("good", state.good)
    written = io.BytesIO()
    np.savez_compressed(written, **arrays)
    return written.getvalue()


def from_bytes(content: bytes) -> State:
    """The state that `to_bytes` wrote. Raises WrongSnapshot."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        said = orjson.loads(arrays["said"].tobytes())
        if said["format"] != FORMAT:
            raise WrongSnapshot(f"a learner's snapshot: got format {said['format']!r}, allowed {FORMAT}")
        return _state(said, arrays)
    except (OSError, EOFError, BadZipFile, KeyError, TypeError, ValueError) as error:
        if isinstance(error, WrongSnapshot):
            raise
        raise WrongSnapshot(f"a learner's snapshot: {type(error).__name__}: {error}") from error


def _said(state: State) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": state.model,
        "rules": asdict(state.rules),
        "marks": {str(partition): offset for partition, offset in state.marks.items()},
        "examples": state.examples,
        "positives": state.positives,
        "good": state.good is not None,
        "good_examples": state.good_examples,
        "window_number": state.window_number,
        # Without `asdict`: it copies what is inside, for what is written at once.
        "window": [vars(each) for each in state.window],
        "reference": state.reference,
        "guard": asdict(state.guard),
        "losses": state.loss.seen,
        "loss_rose": state.loss_rose,
        "forgotten_ms": state.remembered.forgotten_ms,
    }


def _state(said: Mapping[str, Any], arrays: Arrays) -> State:
    rules = Rules(**{**said["rules"], "parameters": Parameters(**said["rules"]["parameters"])})
    remembered = Remembered.of_arrays(
        rules.remembered,
        said["forgotten_ms"],
        *(arrays[f"remembered_{name}"] for name in ("hashes", "labels", "times")),
    )
    return State(
        model=said["model"],
        rules=rules,
        ftrl=_ftrl("weights", rules.parameters, arrays),
        good=_ftrl("good", rules.parameters, arrays) if said["good"] else None,
        remembered=remembered,
        marks={int(partition): offset for partition, offset in said["marks"].items()},
        examples=said["examples"],
        positives=said["positives"],
        good_examples=said["good_examples"],
        window_number=said["window_number"],
        window=[Scored(**each) for each in said["window"]],
        reference=said["reference"],
        guard=Guard(**{**said["guard"], "health": Health(said["guard"]["health"])}),
        loss=LossDrift(said["losses"]),
        loss_rose=said["loss_rose"],
    )


def _weights(name: str, ftrl: Ftrl) -> dict[str, NDArray[Any]]:
    """The coordinates that were ever learned. Of 2^bits few are."""
    places = np.flatnonzero(ftrl.n).astype(np.uint32)
    return {f"{name}_places": places, f"{name}_z": ftrl.z[places], f"{name}_n": ftrl.n[places]}


def _ftrl(name: str, parameters: Parameters, arrays: Arrays) -> Ftrl:
    found = Ftrl(parameters)
    places = arrays[f"{name}_places"]
    if len(places) and int(places.max()) >= len(found.z):
        raise WrongSnapshot(f"a learner's snapshot: coordinate {int(places.max())}, allowed below {len(found.z)}")
    found.z[places], found.n[places] = arrays[f"{name}_z"], arrays[f"{name}_n"]
    return found
