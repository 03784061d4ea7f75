"""The content of a weights file, checked against its trace: tensors, scales of operations, initial values of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import Op, OpTrace, TensorSpec
from nnasim.numerics.config import Rounding
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.rescale import Rescale

Arrays = Mapping[str, NDArray[Any]]
Integers = NDArray[np.int64]

SCALE, INITIAL = ".rescale", ".initial"
ROWS: Mapping[OpKind, tuple[int, ...]] = {
    "add": (1, 3),
    "mul": (1,),
    "sigmoid": (1, 2),
    "tanh": (1, 2),
    "table": (1, 2),
    "layer_norm": (1,),
    "softmax": (1,),
    "mean": (1,),
}
"""The numbers of rows (mult, shift) that an operation may have, if a row is not a channel's.

add: of the sum; or of a, b and the sum. sigmoid, tanh, table: into the unit; or into it and out of it. softmax: what
``numerics.softmax.softmax_scale`` says. layer_norm: out of the gate domain. mean: with 1 / n in it.
"""
BY_CHANNEL: tuple[OpKind, ...] = ("quantise", "requantise")


def stored_tensors(trace: OpTrace, constants: Arrays) -> dict[str, Integers]:
    """Weights, biases and tables as int64, of the shapes of their tensors. Raises TraceError unless all are there.

    ``require_bits`` checks whether they fit their bits.
    """
    tensors = {
        name: _integers(name, values, trace.tensors.get(name))
        for name, values in constants.items()
        if not _is_beside(name, trace)
    }
    for graph in trace.graphs.values():
        for op in graph.ops:
            for name in op.inputs:
                if trace.tensors[name].role in ("weight", "bias", "table") and name not in tensors:
                    raise TraceError("weights", name, None, f"is missing; op {op.name} reads it")
    return tensors


def _is_beside(name: str, trace: OpTrace) -> bool:
    """Whether an array belongs to an operation or a state, and is no tensor itself."""
    return name not in trace.tensors and name.endswith((SCALE, INITIAL))


def initial_states(trace: OpTrace, constants: Arrays) -> dict[str, Integers]:
    """The value of each state before an utterance: ``STATE.initial``, or zeros. Raises TraceError for a value of an
    unknown state.
    """
    states = {name: spec for name, spec in trace.tensors.items() if spec.role == "state"}
    for name in constants:
        if name.endswith(INITIAL) and _is_beside(name, trace) and name.removesuffix(INITIAL) not in states:
            raise TraceError("weights", name, None, "belongs to no state of the trace")
    initial = {name: np.zeros(spec.shape, np.int64) for name, spec in states.items()}
    for name, spec in states.items():
        if name + INITIAL in constants:
            initial[name] = _integers(name + INITIAL, constants[name + INITIAL], spec)
            require_bits(name + INITIAL, initial[name], spec)
    return initial


def _integers(name: str, values: NDArray[Any], spec: TensorSpec | None) -> Integers:
    if spec is None or spec.shape != values.shape:
        wanted = "is unknown to the trace" if spec is None else f"must have shape {spec.shape}"
        raise TraceError("weights", name, values.shape, wanted)
    if values.dtype.kind not in "iu":
        raise TraceError("weights", name, values.dtype.name, "must hold integers")
    return values.astype(np.int64)


def require_bits(name: str, values: Integers, spec: TensorSpec) -> None:
    """Raise TraceError, which names ``name``, unless all of ``values`` fit the bits of their tensor."""
    low, high = int(values.min()), int(values.max())
    if not lowest(spec.bits) <= low <= high <= highest(spec.bits):
        raise TraceError("weights", name, high if high > highest(spec.bits) else low, f"must fit {spec.bits} bits")


def stored_scales(trace: OpTrace, constants: Arrays) -> dict[str, tuple[Rescale, ...]]:
    """The scales of each operation that has any: one, for all channels or one per channel, or as many as in ``ROWS``.

    Raises TraceError for another number of rows, NumericsError for a row that no Rescale can hold.
    """
    return {
        op.name: _scales(trace, op, constants[op.name + SCALE])
        for graph in trace.graphs.values()
        for op in graph.ops
        if op.name + SCALE in constants
    }


def _scales(trace: OpTrace, op: Op, rows: NDArray[Any]) -> tuple[Rescale, ...]:
    name, count = op.name + SCALE, len(rows)
    if rows.ndim != 2 or rows.shape[1] != 2 or not count:
        raise TraceError("weights", name, rows.shape, "must be rows (mult, shift)")
    if op.kind in BY_CHANNEL:
        shape = trace.tensors[op.x].shape
        axis = op.axis(len(shape))
        if count not in (1, shape[axis]):
            raise TraceError("weights", name, count, f"must be 1 row, or {shape[axis]}: one for each along axis {axis}")
        whole = _rescale(trace, op, rows[0] if count == 1 else rows.T)
        return (whole.along(axis, len(shape)),)
    allowed = ROWS.get(op.kind, ())
    if count not in allowed:
        wanted = f"must be {' or '.join(map(str, allowed))} rows" if allowed else f"a {op.kind} has none"
        raise TraceError("weights", name, count, wanted)
    return tuple(_rescale(trace, op, row) for row in rows)


def _rescale(trace: OpTrace, op: Op, row: NDArray[Any]) -> Rescale:
    """(mult, shift) of ``op``; what quantises the input has 15 bits and single rounding on every chip."""
    bits, rounding = trace.numerics.multiplier_bits, trace.numerics.rounding
    if op.kind == "quantise":
        bits, rounding = 15, Rounding.SINGLE
    return Rescale.checked(row[0], row[1], bits, rounding=rounding, name=op.name + SCALE)
