"""The inputs of the utterances in a functional run: an array for each input, with a value for every frame."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.ir.trace import OpTrace, TensorSpec, Utterance

Features = NDArray[np.float64]  # (frames, features) of a trace with one input
Inputs = Mapping[str, NDArray[Any]]
"""By name of the input: (frames, *shape)."""


def inputs_of(trace: OpTrace) -> dict[str, TensorSpec]:
    """The tensors that arrive from the host."""
    return {name: spec for name, spec in trace.tensors.items() if spec.role == "input"}


def inputs_by_name(trace: OpTrace, utterance: Utterance, heard: Features | Inputs) -> Inputs:
    """``heard`` by name of the input, each value in the input's shape; a single array is used for every input.

    Raises TraceError unless each input has a value of its size for every frame.
    """
    source, frames = f"features of {utterance.id}", len(utterance.arrivals)
    specs = inputs_of(trace)
    given = dict.fromkeys(specs, heard) if isinstance(heard, np.ndarray) else heard
    if lacking := [name for name in specs if name not in given]:
        raise TraceError(source, lacking[0], None, "is missing: every input of the trace needs its values")
    if unknown := [name for name in given if name not in specs]:
        raise TraceError(source, unknown[0], None, f"is no input of the trace; may be {', '.join(specs) or 'none'}")
    return {name: _values(source, name, np.asarray(given[name]), spec, frames) for name, spec in specs.items()}


def _values(source: str, name: str, values: NDArray[Any], spec: TensorSpec, frames: int) -> NDArray[Any]:
    if not values.ndim or len(values) != frames or prod(values.shape[1:]) != spec.elements:
        wanted = [[frames, spec.elements]] + [[frames, *spec.shape]] * (len(spec.shape) > 1)
        allowed = f"must have the shape {' or '.join(map(str, wanted))}"
        raise TraceError(source, name, list(values.shape), allowed)
    return values.reshape(frames, *spec.shape)
