"""All tensors of a model, and the run of its graphs on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.backend import Array
from nnasim.numerics.rescale import Rescale
from nnasim.reference import computing, moving
from nnasim.reference.constants import initial_states, stored_scales, stored_tensors

Integers = NDArray[np.int64]


class Reference:
    """All tensors of a model, and methods that run a graph of it, or one operation.

    ``constants``: weights, biases and tables by tensor name, ``OP.rescale`` rows (mult, shift) by operation, initial
    values of states as ``STATE.initial``.
    ``tensors``: every tensor's integers, states included; inputs are set by the caller, features as float64.
    ``scales``: the rows of each operation that has any; ``wide``, ``units``: weights in float64 and activation units,
    made at their first use.
    """

    def __init__(self, trace: OpTrace, constants: Mapping[str, NDArray[Any]]) -> None:
        self.trace = trace
        self.tensors: dict[str, NDArray[Any]] = dict(stored_tensors(trace, constants))
        self.initial: Mapping[str, Integers] = initial_states(trace, constants)
        self.scales: Mapping[str, tuple[Rescale, ...]] = stored_scales(trace, constants)
        self.wide: dict[str, NDArray[np.float64]] = {}
        self.units: dict[str, ActivationUnit] = {}
        self.reset()

    def reset(self) -> None:
        """Give every state its initial value: the start of an utterance."""
        for name, values in self.initial.items():
            self.tensors[name] = values

    def run(self, graph: str) -> None:
        """Run one call of ``graph``."""
        for op in self.trace.graphs[graph].ops:
            self.execute(op)

    def execute(self, op: Op) -> None:
        """Execute one operation: compute its outputs from the current values of its inputs."""
        for name, values in self.results(op).items():
            self.tensors[name] = values

    def results(self, op: Op) -> dict[str, Integers]:
        """The results of ``op`` on the current values of its inputs, by output."""
        values = EXECUTORS[op.kind](self, op)
        shapes = [self.trace.tensors[name].shape for name in op.outputs]
        return dict(zip(op.outputs, parts(values, shapes, op), strict=True))

    def bits(self, op: Op) -> int:
        """Bits of what ``op`` makes."""
        return self.trace.tensors[op.outputs[0]].bits

    def scale(self, op: Op) -> Rescale:
        """The first row of ``op``, or all rows if they belong to channels. Raises TraceError if there is none."""
        return self.rows(op)[0]

    def rows(self, op: Op) -> tuple[Rescale, ...]:
        """The rows of ``op``. Raises TraceError if there is none."""
        rows = self.scales.get(op.name)
        if rows is None:
            raise TraceError("weights", f"{op.name}.rescale", None, "is missing")
        return rows


def parts(values: NDArray[Any], shapes: Sequence[tuple[int, ...]], op: Op) -> Iterator[NDArray[Any]]:
    """``values``, what ``op`` makes, in parts of ``shapes``: along a split's axis, else along the last.

    If ``shapes`` have fewer axes than ``values``, the parts follow one another: calls that ran as one have made them.
    """
    if len(shapes) == 1:
        yield values.reshape(shapes[0])
        return
    axes = len(shapes[0])
    if axes < values.ndim:
        values, axis, sizes = values.reshape(-1), 0, [prod(shape) for shape in shapes]
    else:
        axis = op.axis(axes) if op.kind == "split" else axes - 1
        sizes = [shape[axis] for shape in shapes]
        values = values.reshape(*shapes[0][:axis], sum(sizes), *shapes[0][axis + 1 :])
    start = 0
    for shape, size in zip(shapes, sizes, strict=True):
        yield values[(slice(None),) * axis + (slice(start, start + size),)].reshape(shape)
        start += size


Executor = Callable[[Reference, Op], Array]

EXECUTORS: Mapping[OpKind, Executor] = {**computing.EXECUTORS, **moving.EXECUTORS}
