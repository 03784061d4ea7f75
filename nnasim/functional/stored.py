"""What a functional run needs beside a stored trace: the integers, and the features that the utterances heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.functional.cosimulate import Features
from nnasim.ir.trace import OpTrace
from nnasim.tensorfile import read_tensors

FEATURES = "features."  # features.0 belongs to the first utterance of the trace


def read_constants(path: Path, trace: OpTrace) -> dict[str, NDArray[Any]]:
    """The arrays of the trace's weights file, which must lie beside it. Raises TraceError, CheckpointError."""
    name = trace.weights_file
    if name is None:
        which = "a trace of a checkpoint has one where the chip computes alone: greedy, of naive or aat, itself decoded"
        raise TraceError(path, "weights_file", None, f"a functional run needs one; {which}")
    if Path(name).name != name:
        raise TraceError(path, "weights_file", name, "must be a plain file name, beside the trace")
    return read_tensors(path.parent / name)


def split_features(
    arrays: dict[str, NDArray[Any]], trace: OpTrace
) -> tuple[dict[str, NDArray[Any]], list[Features] | None]:
    """(constants, features by utterance); None where the file holds no features."""
    constants = {name: value for name, value in arrays.items() if not name.startswith(FEATURES)}
    names = [f"{FEATURES}{index}" for index in range(len(trace.utterances))]
    if not all(name in arrays for name in names):
        return constants, None
    return constants, [arrays[name].astype(np.float64) for name in names]


def random_features(trace: OpTrace, seed: int = 0) -> list[Features]:
    """Seeded normal features for a trace that comes without: the invocations are the trace's, so any input will do."""
    rng = np.random.default_rng(seed)
    size = sum(spec.elements for spec in trace.tensors.values() if spec.role == "input")
    return [rng.normal(size=(len(utterance.arrivals), size)) for utterance in trace.utterances]
