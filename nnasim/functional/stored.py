"""The data that a functional run needs beside a stored trace: the integers, and the inputs of the utterances."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.functional.inputs import Features, Inputs, inputs_of
from nnasim.ir.trace import Op, OpTrace
from nnasim.tensorfile import read_tensors

# features.0: the values of a trace's only input in its first utterance; with several inputs, features.0.NAME of each.
FEATURES = "features."
# steps.NAME: the values of an input call after call, from the first again if an utterance has more frames.
STEPS = "steps."


def read_constants(path: Path, trace: OpTrace) -> dict[str, NDArray[Any]]:
    """The arrays of the weights file of the trace at ``path``, which must lie beside it, by name.

    Raises TraceError if the trace names none, FileError or CheckpointError if the file cannot be read.
    """
    name = trace.weights_file
    if name is None:
        raise TraceError(path, "weights_file", None, f"a functional run needs one; {_without_weights(trace)}")
    if not name or Path(name).name != name or not name.isprintable():
        raise TraceError(path, "weights_file", name, "must be a plain file name, beside the trace")
    return read_tensors(path.parent / name)


def _without_weights(trace: OpTrace) -> str:
    """The reason why ``trace`` has no integers, or which traces have them."""
    if trace.imported is not None and trace.imported.reason:
        return f"this one is for questions of time only: {trace.imported.reason}"
    return "a trace has one if a checkpoint was decoded greedily as naive or aat, and nothing was changed afterwards"


def split_features(
    arrays: dict[str, NDArray[Any]], trace: OpTrace
) -> tuple[dict[str, NDArray[Any]], list[Features | Inputs] | None]:
    """(constants, inputs by utterance); None for inputs if the file does not hold all of them."""
    constants = {name: value for name, value in arrays.items() if not name.startswith((FEATURES, STEPS))}
    steps = {name.removeprefix(STEPS): value for name, value in arrays.items() if name.startswith(STEPS)}
    if steps:
        return constants, heard_of_steps(steps, trace, "weights")
    utterances = [_heard(arrays, trace, index) for index in range(len(trace.utterances))]
    heard: list[Features | Inputs] = [inputs for inputs in utterances if inputs is not None]
    return constants, heard if len(heard) == len(utterances) else None


def heard_of_steps(steps: Mapping[str, NDArray[Any]], trace: OpTrace, source: object) -> list[Features | Inputs]:
    """The inputs of each utterance from ``steps``, (N, *shape) by input of the trace: call after call, from the first
    again at the end.

    Raises TraceError, which names ``source``, with all faults at once.
    """
    specs = inputs_of(trace)
    wrong = [f"{name} is missing" for name in specs if name not in steps]
    wrong += [f"{name} is no input, which are {', '.join(specs)}" for name in steps if name not in specs]
    for name, spec in specs.items():
        if name in steps and not (steps[name].ndim and steps[name].size == len(steps[name]) * spec.elements > 0):
            wanted = f"(N, {', '.join(map(str, spec.shape))})"
            wrong.append(f"{name} has the shape {steps[name].shape}, must have {wanted}")
    if wrong:
        raise TraceError(source, "steps", sorted(steps), "; ".join(wrong))
    shaped = {name: _real(steps[name]).reshape(-1, *spec.shape) for name, spec in specs.items()}
    return [
        {name: values[np.arange(len(utterance.arrivals)) % len(values)] for name, values in shaped.items()}
        for utterance in trace.utterances
    ]


def _real(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def _heard(arrays: dict[str, NDArray[Any]], trace: OpTrace, index: int) -> Inputs | None:
    """The inputs of utterance ``index``, real numbers in float64; None if one of them is missing."""
    inputs = {}
    for name in inputs_of(trace):
        values = arrays.get(f"{FEATURES}{index}.{name}", arrays.get(f"{FEATURES}{index}"))
        if values is None:
            return None
        inputs[name] = _real(values)
    return inputs


def random_features(trace: OpTrace, seed: int = 0) -> list[Features | Inputs]:
    """Random inputs for a trace that has none stored, always the same for a ``seed``.

    The trace's calls are fixed, so any input will do: normally distributed reals for features that the host quantises,
    tokens of its vocabulary for an embedding, else any of its integers. Per utterance, an array for the trace's only
    input, or one for each of several.
    """
    rng = np.random.default_rng(seed)
    readers = {name: op for graph in trace.graphs.values() for op in graph.ops for name in op.data}
    heard: list[Features | Inputs] = []
    for utterance in trace.utterances:
        inputs = {
            name: _random(rng, trace, readers.get(name), (len(utterance.arrivals), *spec.shape), spec.bits)
            for name, spec in inputs_of(trace).items()
        }
        heard.append(next(iter(inputs.values())) if len(inputs) == 1 else inputs)
    return heard


def _random(
    rng: np.random.Generator, trace: OpTrace, reader: Op | None, shape: tuple[int, ...], bits: int
) -> NDArray[Any]:
    if reader is None or reader.kind == "quantise":
        return rng.normal(size=shape)
    if reader.kind == "embedding":
        return rng.integers(0, trace.tensors[reader.weight].shape[0], shape)
    most = 1 << (min(bits, 16) - 1)
    return rng.integers(-most, most, shape)
