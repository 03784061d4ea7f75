"""Kinds of operation that compute: each a function of the reference and the operation -> its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.ir.attributes import Add, Bmm, Conv, Mean, Table
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import Op
from nnasim.numerics import ops
from nnasim.numerics.activation import ActivationUnit, table_unit, unit_kind
from nnasim.numerics.backend import Array
from nnasim.numerics.bounds import exact_type
from nnasim.numerics.conv import conv
from nnasim.numerics.formats import saturate
from nnasim.numerics.layer_norm import layer_norm
from nnasim.numerics.rescale import IDENTITY, requantise
from nnasim.numerics.softmax import POWERS, require_powers, softmax

if TYPE_CHECKING:
    from nnasim.reference.executor import Reference


def _quantise(run: Reference, op: Op) -> Array:
    """Real features -> integers."""
    return requantise(run.tensors[op.x], run.scale(op), run.bits(op), name=op.name).astype(np.int64)


def _requantise(run: Reference, op: Op) -> Array:
    """Accumulators -> the output's type."""
    return requantise(run.tensors[op.x], run.scale(op), run.bits(op), name=op.name)


# --- products -------------------------------------------------------------------------------------------------------


def _wide_weight(run: Reference, op: Op) -> NDArray[np.float64]:
    """A weight in float64, the type of products; converted only once, which makes them 6 times faster."""
    if op.weight not in run.wide:
        weight = run.tensors[op.weight]
        require_exact(run, op, weight[0].size)
        run.wide[op.weight] = weight.astype(np.float64)
    return run.wide[op.weight]


def require_exact(run: Reference, op: Op, k: int) -> None:
    """Raise NumericsError unless float64 holds every sum of ``k`` products of the operands of ``op``."""
    bits = sum(run.trace.tensors[name].bits for name in op.inputs[:2])
    exact_type(k << (bits - 2), op.name)


def _bias(run: Reference, op: Op) -> Array | None:
    return None if op.bias is None else run.tensors[op.bias].reshape(-1)


def _matmul(run: Reference, op: Op) -> Array:
    numerics, weight = run.trace.numerics, _wide_weight(run, op)
    return ops.matmul(
        run.tensors[op.x],
        weight,
        _bias(run, op),
        accumulator_bits=numerics.accumulator_bits,
        overflow=numerics.overflow,
        name=op.name,
    )


def _conv(run: Reference, op: Op) -> Array:
    numerics, told = run.trace.numerics, op.told(Conv)
    return conv(
        run.tensors[op.x],
        _wide_weight(run, op),
        _bias(run, op),
        stride=told.stride,
        dilation=told.dilation,
        pads=told.pads,
        groups=told.groups,
        accumulator_bits=numerics.accumulator_bits,
        overflow=numerics.overflow,
        name=op.name,
    )


def _bmm(run: Reference, op: Op) -> Array:
    numerics, (a, b) = run.trace.numerics, (run.tensors[name] for name in op.data)
    require_exact(run, op, a.shape[-1])
    return ops.bmm(
        a,
        b,
        transpose_b=op.told(Bmm).transpose_b,
        accumulator_bits=numerics.accumulator_bits,
        overflow=numerics.overflow,
        name=op.name,
    )


# --- element by element ---------------------------------------------------------------------------------------------


def _add(run: Reference, op: Op) -> Array:
    """The sum. With three rows, operands are brought to a common domain; with one or none they are in one already."""
    (a, b), bits, subtract = (run.tensors[name] for name in op.data), run.bits(op), op.told(Add).subtract
    rows = run.scales.get(op.name, ())
    if len(rows) == 3:
        return ops.add(a, b, *rows, bits, subtract=subtract, name=op.name)
    total = a - b if subtract else a + b
    return requantise(total, rows[0], bits, name=op.name) if rows else saturate(total, bits)


def _mul(run: Reference, op: Op) -> Array:
    a, b = (run.tensors[name] for name in op.data)
    return ops.mul(a, b, run.scale(op), run.bits(op), op.name)


def unit_of(run: Reference, op: Op) -> ActivationUnit:
    """The unit that computes a sigmoid, a tanh or a table. Raises TraceError if its scales or its table are missing."""
    if op.name not in run.units:
        run.units[op.name] = _table_unit(run, op) if op.kind == "table" else _unit(run, op)
    return run.units[op.name]


def _activation(run: Reference, op: Op) -> Array:
    """sigmoid or tanh by the chip's unit, any other function by its own table."""
    return unit_of(run, op)(run.tensors[op.x])


def _unit(run: Reference, op: Op) -> ActivationUnit:
    numerics, rows, bits = run.trace.numerics, run.rows(op), run.bits(op)
    kind = unit_kind(numerics.activation)
    if bits != kind.output_bits and len(rows) < 2:
        raise TraceError(
            "weights", f"{op.name}.rescale", len(rows), f"must be 2 rows, since {bits} bits leave the unit"
        )
    return ActivationUnit(
        kind=kind,
        function="tanh" if op.kind == "tanh" else "sigmoid",
        entry=rows[0],
        data=kind.parts(run.tensors[op.table], numerics) if op.table is not None else {},
        exit=rows[1] if bits != kind.output_bits else None,
        out_bits=bits,
    )


def _table_unit(run: Reference, op: Op) -> ActivationUnit:
    if op.table is None:
        raise TraceError("weights", op.name, None, "a table operation computes by a table, and this one reads none")
    rows, bits = run.scales.get(op.name, ()), run.bits(op)
    unit = table_unit(
        run.tensors[op.table].reshape(-1),
        run.trace.numerics,
        entry=rows[0] if rows else IDENTITY,
        exit=rows[1] if len(rows) > 1 else None,
        out_bits=bits,
        function=op.told(Table).function or op.name,
        name=op.name,
    )
    if bits < unit.kind.output_bits and unit.exit is None:
        made = f"must be 2 rows, since the table makes {unit.kind.output_bits} bits and the output has {bits}"
        raise TraceError("weights", f"{op.name}.rescale", len(rows), made)
    return unit


# --- over an axis ---------------------------------------------------------------------------------------------------


def _axis(op: Op, x: Array) -> int:
    """The axis along which ``op`` works, -1 if it is the last."""
    axis = op.axis(x.ndim)
    return -1 if axis == x.ndim - 1 else axis


def _layer_norm(run: Reference, op: Op) -> Array:
    """Normalised values, in the gate domain whatever x was; requantised if the operation has a scale."""
    x, gain, rows = run.tensors[op.x], run.tensors[op.gain].reshape(-1), run.scales.get(op.name, ())
    normal = layer_norm(x, gain, op.name, bias=_bias(run, op), axis=_axis(op, x))
    return requantise(normal, rows[0], run.bits(op), name=op.name) if rows else saturate(normal, run.bits(op))


def _softmax(run: Reference, op: Op) -> Array:
    x, table = run.tensors[op.x], POWERS
    if op.table is not None:
        table = run.tensors[op.table].reshape(-1)
        require_powers(table, op.name)
    return softmax(x, run.scale(op), run.bits(op), axis=_axis(op, x), table=table, name=op.name)


def _mean(run: Reference, op: Op) -> Array:
    return ops.mean(run.tensors[op.x], op.told(Mean).axes, run.scale(op), run.bits(op), op.name)


def _argmax(run: Reference, op: Op) -> Array:
    """Index of the largest, the first of equals."""
    x = run.tensors[op.x]
    return np.asarray(ops.argmax(x, op.axis(x.ndim)))


def _host(run: Reference, op: Op) -> NoReturn:
    raise TraceError("trace", op.name, op.kind, "only the CPU can do it, in float; it has no integers to compare")


EXECUTORS: Mapping[OpKind, Callable[[Reference, Op], Array]] = {
    "quantise": _quantise,
    "requantise": _requantise,
    "matmul": _matmul,
    "conv": _conv,
    "bmm": _bmm,
    "add": _add,
    "mul": _mul,
    "sigmoid": _activation,
    "tanh": _activation,
    "table": _activation,
    "layer_norm": _layer_norm,
    "softmax": _softmax,
    "mean": _mean,
    "argmax": _argmax,
    "host": _host,
}
