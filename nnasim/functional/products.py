"""The result of one tile on the MAC array: rows of a weight times an activation, or two computed operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnasim.errors import SimulationError
from nnasim.functional.packing import Integers
from nnasim.functional.weights import Rows
from nnasim.ir.attributes import Bmm, Conv
from nnasim.ir.program import MatmulCommand
from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics import ops
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.conv import conv


def product_of_tile(
    op: Op, command: MatmulCommand, operands: Sequence[Integers], rows: Rows | None, trace: OpTrace
) -> Integers:
    """Accumulators of the tile, int64: (..., n) of a matmul, (..., n, *out) of a conv, all of a bmm (``rows``: None).

    Raises SimulationError for an operation that the array does not compute, NumericsError as ``ops.matmul`` does.
    """
    if rows is None:
        return _bmm(op, operands, trace.numerics)
    bias = rows.bias if op.bias is not None else None
    if op.kind == "conv":
        return _conv(op, command, operands[0], Rows(rows.weight, bias), trace)
    if op.kind != "matmul":
        raise SimulationError(f"functional run: the array has no {op.kind}")
    numerics = trace.numerics
    bits, overflow = numerics.accumulator_bits, numerics.overflow
    product: Integers = ops.matmul(
        operands[0], rows.weight, bias, accumulator_bits=bits, overflow=overflow, name=op.name
    )
    return product


def _conv(op: Op, command: MatmulCommand, x: Integers, rows: Rows, trace: OpTrace) -> Integers:
    """Rows of whole groups, or of a part of one, and the channels that those groups read."""
    told, (outputs, channels, *kernel) = op.told(Conv), trace.tensors[op.weight].shape
    first, groups = command.row // (outputs // told.groups), command.groups
    read: tuple[Any, ...] = (..., slice(first * channels, (first + groups) * channels), *(slice(None) for _ in kernel))
    made: Integers = conv(
        x[read],
        rows.weight.reshape(command.n, channels, *kernel),
        rows.bias,
        stride=told.stride,
        dilation=told.dilation,
        pads=told.pads,
        groups=groups,
        accumulator_bits=trace.numerics.accumulator_bits,
        overflow=trace.numerics.overflow,
        name=op.name,
    )
    return made


def _bmm(op: Op, operands: Sequence[Integers], numerics: NumericsConfig) -> Integers:
    made: Integers = ops.bmm(
        *operands,
        transpose_b=op.told(Bmm).transpose_b,
        accumulator_bits=numerics.accumulator_bits,
        overflow=numerics.overflow,
        name=op.name,
    )
    return made
