"""The integers of operations: weights, biases, tables, and rows (mult, shift), each from its real values.

Every function takes the notes of a lowering and, last, the scales; it returns constants by their names in a weights
file. All are computed as for this package's own recogniser, so that the same model gives the same integers either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.activation import Function, build_unit, unit_kind
from nnasim.numerics.bounds import bound, require_no_overflow
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, highest, lowest
from nnasim.numerics.layer_norm import quantise_gain, quantise_norm_bias
from nnasim.numerics.rescale import Rescale
from nnasim.numerics.softmax import POWERS, softmax_scale
from nnasim.numerics.weights import matmul_scale, quantise_bias, quantise_weight
from workloads.stepgraph.graph import Array
from workloads.stepgraph.integers.scales import Scales
from workloads.stepgraph.lowering.trace_draft import Filler, Wire

if TYPE_CHECKING:
    from workloads.stepgraph.lowering.products import Weights

Constants = Mapping[str, Array]
BEYOND_RANGE = 2.0**12
"""Times the end of 8 or 16 bits: beyond what 32 bits hold in practice, and within what their sum can."""
SUM_GUARD = 2.0**-12
"""The domain of a sum against the coarser operand's step: as much as a multiplier of 15 bits can scale up."""


def constants_of(fillers: Iterable[Filler], scales: Scales) -> dict[str, Array]:
    """All constants.

    Raises NumericsError for what the chip's formats cannot hold, InputError for a value that calibration has not met.
    """
    constants = dict[str, Array]()
    for filler in fillers:
        constants.update(filler(scales))
    return constants


def rows(*scales: Rescale) -> Array:
    """Scales as rows (mult, shift), int64 (n, 2)."""
    pairs = [np.stack(np.broadcast_arrays(np.atleast_1d(s.mult), np.atleast_1d(s.shift)), axis=-1) for s in scales]
    return np.concatenate(pairs).astype(np.int64)


def integers(values: Array, step: float, bits: int) -> Array:
    """Integers of ``bits`` that stand for ``values``: half up, saturated."""
    steps = np.floor(np.asarray(values, np.float64) / step + 0.5)
    return np.clip(steps, lowest(bits), highest(bits)).astype(np.int8 if bits <= 8 else np.int32)


def _scale(real: float, name: str, scales: Scales) -> Rescale:
    numerics = scales.numerics
    return Rescale.of(real, numerics.multiplier_bits, rounding=numerics.rounding, name=name)


def arrival(op: str, out: Wire, scales: Scales) -> Constants:
    """Real numbers from outside -> integers, by a multiplier of 15 bits on every chip."""
    return {f"{op}.rescale": rows(Rescale.of(1.0 / scales.step(out), name=op))}


def constant(wire: Wire, values: Array, scales: Scales) -> Constants:
    """A constant operand."""
    return {wire.tensor: integers(values, scales.step(wire), wire.grid.bits)}


def initial(wire: Wire, values: Array, scales: Scales) -> Constants:
    """The initial value of a state."""
    return {f"{wire.tensor}.initial": integers(values, scales.step(wire), wire.grid.bits)}


def requantised(op: str, x: Wire, out: Wire, scales: Scales) -> Constants:
    """The row that converts one format into another."""
    return {f"{op}.rescale": rows(_scale(scales.step(x) / scales.step(out), op, scales))}


def weighted(op: str, behind: str, weights: Weights, x: Wire, out: Wire, scales: Scales) -> Constants:
    """Weight and bias of the product ``op`` and the rows of the requantise ``behind`` it, output channel by channel."""
    numerics = scales.numerics
    matrix = weights.weight.reshape(len(weights.weight), -1).astype(np.float64)
    made = matmul_scale(np.abs(matrix).max(1), scales.step(x), scales.step(out), numerics, op)
    whole = quantise_weight(matrix, made.weight_step, numerics.weight_bits, op)
    bias = None
    if weights.bias is not None:  # in float32, which is where training holds the integers of a bias
        bias = quantise_bias(np.asarray(weights.bias), made.acc_step, name=op).astype(np.float32).astype(np.float64)
    _require_room(op, whole, bias, numerics)
    constants = {weights.tensors[0]: whole.reshape(weights.weight.shape).astype(np.int8)}
    if bias is not None:
        constants[weights.tensors[1]] = bias.astype(np.int32)
    return {**constants, f"{behind}.rescale": rows(made.requant)}


def _require_room(op: str, weight: Array, bias: Array | None, numerics: NumericsConfig) -> None:
    """Raise NumericsError if an accumulator that must not overflow could do so."""
    if numerics.overflow == "error":
        bits = numerics.activation_bits, numerics.weight_bits, numerics.accumulator_bits
        require_no_overflow(bound(op, weight.shape[1], *bits, weight, bias))


def product(behind: str, a: Wire, b: Wire, out: Wire, scales: Scales) -> Constants:
    """The rows of the requantise behind a product of two values."""
    return {f"{behind}.rescale": rows(_scale(scales.step(a) * scales.step(b) / scales.step(out), behind, scales))}


def mul(op: str, a: Wire, b: Wire, out: Wire, scales: Scales) -> Constants:
    """The row of an element-wise product."""
    return product(op, a, b, out, scales)


def add(op: str, a: Wire, b: Wire, out: Wire, scales: Scales) -> Constants:
    """The rows of a sum: none in one domain, one where the operands share it, else one for each operand and the sum."""
    of_a, of_b, of_out = (scales.step(wire) for wire in (a, b, out))
    if of_a == of_b == of_out:
        return {}
    if of_a == of_b:
        return {f"{op}.rescale": rows(_scale(of_a / of_out, op, scales))}
    reach = sum(_reach(wire, scales) for wire in (a, b))
    domain = max(max(of_a, of_b) * SUM_GUARD, reach * 2.0**-30)
    parts = of_a / domain, of_b / domain, domain / of_out
    return {f"{op}.rescale": rows(*(_scale(real, op, scales) for real in parts))}


def _reach(wire: Wire, scales: Scales) -> float:
    """The reach of a value: that of 16 bits; with 32 bits, twice that of its histogram."""
    if wire.grid.rule == "truth":
        return scales.step(wire)
    if wire.grid.bits <= 16:
        return scales.step(wire) * (1 << (wire.grid.bits - 1))
    return 2 * scales.reach(wire.grid, wire.grid.bits, "max") * wire.factor


def saturate(op: str, scales: Scales) -> Constants:
    """The rows of a sum with the end of the range, doubled so that no value brings it back."""
    return {f"{op}.rescale": rows(*(_scale(real, op, scales) for real in (1.0, BEYOND_RANGE, 1.0)))}


def embedding(weight: str, out: Wire, values: Array, scales: Scales) -> Constants:
    """The rows of an embedding, in the format of its output; symmetric, as weights are."""
    limit = highest(out.grid.bits)
    return {weight: np.clip(integers(values, scales.step(out), out.grid.bits), -limit, limit)}


def activation(
    op: str, function: Function, tables: tuple[str, ...], x: Wire, out: Wire, scales: Scales
) -> Constants:  # fmt: skip
    """Entry, exit and constants of the chip's own sigmoid or tanh."""
    assert x.key is not None
    numerics, in_step = scales.numerics, scales.step(x)
    table_range = scales.histogram(x.key).table_range(scales.method(x.key), function, numerics, in_step, x.grid.bits)
    unit = build_unit(function, numerics, in_scale=in_step, table_range=table_range, out_bits=out.grid.bits, name=op)
    joined = unit_kind(numerics.activation).joined(unit.data, numerics)
    constants = {} if joined is None else {tables[0]: joined.astype(np.int32)}
    entry_and_exit = (unit.entry,) if unit.exit is None else (unit.entry, unit.exit)
    return {**constants, f"{op}.rescale": rows(*entry_and_exit)}


def softmax(op: str, table: str, x: Wire, scales: Scales) -> Constants:
    """The powers of two of a softmax, and the row that brings distances from the largest into them."""
    powers = POWERS.astype(np.int32)
    return {table: powers, f"{op}.rescale": rows(softmax_scale(scales.step(x), scales.numerics, op))}


def mean(op: str, count: int, x: Wire, out: Wire, scales: Scales) -> Constants:
    """The row of a mean, which also divides by the count."""
    return {f"{op}.rescale": rows(_scale(scales.step(x) / (count * scales.step(out)), op, scales))}


def layer_norm(
    op: str, tensors: tuple[str, ...], gain: Array, bias: Array | None, out: Wire, scales: Scales
) -> Constants:
    """Gain and bias at 2^-12, and the row out of that domain where the result is not in it.

    Raises NumericsError for a gain beyond an int16.
    """
    if np.abs(gain).max(initial=0.0) >= 8:
        raise NumericsError(tensors[0], "gain", float(np.abs(gain).max()), "must be below 8, the reach of 16 bits")
    constants = {tensors[0]: quantise_gain(gain).astype(np.int32)}
    if bias is not None:
        constants[tensors[1]] = quantise_norm_bias(bias).astype(np.int32)
    if out.grid.rule != "gate" or out.factor != 1:
        constants[f"{op}.rescale"] = rows(_scale(2.0**-GATE_FRAC / scales.step(out), op, scales))
    return constants
