"""The inputs of a module in training: batches of streams, by input of its graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnasim.errors import InputError
from workloads.stepgraph.graph import StepGraph

Heard = Mapping[str, Tensor]


def streams_of(inputs: Any, graph: StepGraph, source: str) -> Heard:
    """``inputs``, a tensor or one for each input by name, as float64 (streams, calls, *shape).

    An array may lack the axes of size 1 that a call's input has, and have the batch where the example had one stream.
    Raises InputError, which names ``source``, the input and the shape that it must have.
    """
    by_name = dict(inputs) if isinstance(inputs, Mapping) else dict.fromkeys(graph.audio[:1], inputs)
    if missing := [name for name in graph.audio if name not in by_name]:
        raise InputError(
            source, "inputs", missing[0], f"is missing; give a tensor for each of {', '.join(graph.audio)}"
        )
    heard = {name: _shaped(by_name[name], graph.inputs[name].shape, f"{source}, input {name}") for name in graph.audio}
    counts = {name: tuple(values.shape[:2]) for name, values in heard.items()}
    if len(set(counts.values())) > 1:
        raise InputError(source, "inputs", counts, "must be as many streams and calls for every input")
    return heard


def _shaped(values: Any, shape: Sequence[int], source: str) -> Tensor:
    tensor = torch.as_tensor(values).detach().double()
    wanted = f"(streams, calls, {', '.join(map(str, shape))})"
    if tensor.ndim < 2 or 0 in tensor.shape:
        raise InputError(source, "shape", tuple(tensor.shape), f"must be {wanted}")
    without_ones = [size for size in shape if size != 1]
    if [size for size in tensor.shape[2:] if size != 1] != without_ones:
        raise InputError(source, "shape", tuple(tensor.shape), f"must be {wanted}; axes of size 1 may be left out")
    if not bool(torch.isfinite(tensor).all()):
        raise InputError(source, "inputs", "NaN or infinity", "must be finite")
    return tensor.reshape(*tensor.shape[:2], *shape)


def calls_in_a_row(heard: Sequence[Heard], graph: StepGraph) -> dict[str, NDArray[Any]]:
    """The streams of some batches one behind the other, (calls, *shape) by input, in the graph's types."""
    return {
        name: np.concatenate([values[name].flatten(0, 1).numpy() for values in heard]).astype(graph.inputs[name].dtype)
        for name in graph.audio
    }
