"""Small graphs for Arm's reference model of TOSA: built in memory, run in this process, integers in and out.

One run takes millions of values (about 20 million requantisations a second), so that a proof is a matter of seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tosa_reference_model
import tosa_serializer as ts
from tosa_serializer import DType, Op

from nnasim.numerics.config import Rounding
from nnasim.numerics.rescale import Rescale

_TYPES = {1: DType.BOOL, 4: DType.INT4, 8: DType.INT8, 16: DType.INT16, 32: DType.INT32, 48: DType.INT48}
_NUMPY = {8: np.int8, 16: np.int16, 32: np.int32}


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph: name, shape and bits per element."""

    name: str
    shape: tuple[int, ...]
    bits: int


def _out(
    sizes: tuple[int, ...], kernel: tuple[int, ...], pads: list[int], stride: list[int], dilation: list[int]
) -> list[int]:
    """Height and width of what a kernel makes."""
    padded = (sizes[0] + pads[0] + pads[1], sizes[1] + pads[2] + pads[3])
    return [(padded[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2)]


class Graph:
    """Operators are methods: tensors in, tensor out. ``run`` evaluates and returns int64 arrays."""

    def __init__(self) -> None:
        self._graph = ts.TosaSerializer("")
        self._values: list[np.ndarray] = []
        self._constants: dict[tuple[object, ...], Tensor] = {}

    def input(self, values: np.ndarray, bits: int) -> Tensor:
        """``values`` as an input of int``bits`` (8, 16 or 32: the Python interface carries no others)."""
        tensor = Tensor(f"in{len(self._values)}", values.shape, bits)
        self._graph.addInputTensor(ts.TosaSerializerTensor(tensor.name, list(tensor.shape), _TYPES[bits]))
        self._values.append(np.ascontiguousarray(values.astype(_NUMPY[bits])))
        return tensor

    def const(self, values: np.ndarray, bits: int) -> Tensor:
        """``values`` as a constant of any width, 4 and 48 bits included. Equal constants are one, so steps share."""
        array = np.asarray(values, np.int64)
        return self._constant((array.tobytes(), array.shape, bits), array, bits, _TYPES[bits])

    def _shape(self, values: tuple[int, ...]) -> Tensor:
        return self._constant(("shape", *values), np.array(values, np.int64), 64, DType.SHAPE)

    def _constant(self, key: tuple[object, ...], array: np.ndarray, bits: int, dtype: DType) -> Tensor:
        if key not in self._constants:
            name = f"const{len(self._constants)}"
            self._graph.addConst(list(array.shape), dtype, array.ravel().tolist(), name)
            self._constants[key] = Tensor(name, array.shape, bits)
        return self._constants[key]

    def _zero(self, bits: int) -> Tensor:
        return self.const(np.zeros(1), bits)

    def _op(
        self, op: Op, inputs: list[Tensor], shape: tuple[int, ...], bits: int, kind: str, *settings: object
    ) -> Tensor:
        attribute = ts.TosaSerializerAttribute()
        getattr(attribute, f"{kind}Attribute")(*settings)
        output = self._graph.addIntermediate(list(shape), _TYPES[bits])
        self._graph.addOperator(op, [tensor.name for tensor in inputs], [output.name], attribute)
        return Tensor(output.name, shape, bits)

    def rescale(self, x: Tensor, scale: Rescale, bits: int, zero_point: int = 0) -> Tensor:
        """RESCALE to int``bits``; per channel where the scale is an array."""
        wide, per_channel = scale.bits == 31, np.ndim(scale.mult) == 1
        mult = self.const(np.reshape(scale.mult, -1), 32 if wide else 16)
        shift = self.const(np.reshape(scale.shift, -1), 8)
        rounding = ts.RoundingMode.DOUBLE_ROUND if scale.rounding == Rounding.DOUBLE else ts.RoundingMode.SINGLE_ROUND
        inputs = [x, mult, shift, self._zero(x.bits), self.const(np.array([zero_point]), bits)]
        return self._op(Op.RESCALE, inputs, x.shape, bits, "Rescale", wide, rounding, per_channel, False, False)

    def table(self, x: Tensor, table: np.ndarray) -> Tensor:
        """TABLE: int8 -> int8, or int16 -> int32 with 7 fractional bits."""
        out_bits = 8 if x.bits == 8 else 32
        return self._op(Op.TABLE, [x, self.const(table, x.bits)], x.shape, out_bits, "Table")

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        """MATMUL of (B, M, K) and (B, K, N), both int8 or both int16."""
        shape = (a.shape[0], a.shape[1], b.shape[2])
        zeros = [self._zero(a.bits), self._zero(b.bits)]
        return self._op(Op.MATMUL, [a, b, *zeros], shape, 32 if a.bits == 8 else 48, "MatMul")

    def linear(self, x: Tensor, weight: Tensor, bias: np.ndarray, accumulator_bits: int) -> Tensor:
        """CONV2D with a 1 x 1 kernel: x (1, 1, M, K) times weight (N, 1, 1, K), plus bias (N,) -> (1, 1, M, N)."""
        return self.conv(x, weight, bias, accumulator_bits, [0, 0, 0, 0], [1, 1], [1, 1])

    def conv(
        self, x: Tensor, weight: Tensor, bias: np.ndarray, accumulator_bits: int,
        pads: list[int], stride: list[int], dilation: list[int],
    ) -> Tensor:  # fmt: skip
        """CONV2D of x (1, H, W, C) with weight (N, KH, KW, C); ``pads``: top, bottom, left, right."""
        sizes = _out(x.shape[1:3], weight.shape[1:3], pads, stride, dilation)
        inputs = [x, weight, self.const(bias, accumulator_bits), self._zero(x.bits), self._zero(weight.bits)]
        settings = (pads, stride, dilation, False, _TYPES[accumulator_bits])
        return self._op(Op.CONV2D, inputs, (1, *sizes, weight.shape[0]), accumulator_bits, "Conv2d", *settings)

    def depthwise(
        self, x: Tensor, weight: Tensor, bias: np.ndarray, accumulator_bits: int,
        pads: list[int], stride: list[int], dilation: list[int],
    ) -> Tensor:  # fmt: skip
        """DEPTHWISE_CONV2D of x (1, H, W, C) with weight (KH, KW, C, M) -> (1, H', W', C M)."""
        sizes = _out(x.shape[1:3], weight.shape[:2], pads, stride, dilation)
        inputs = [x, weight, self.const(bias, accumulator_bits), self._zero(x.bits), self._zero(weight.bits)]
        settings, outputs = (pads, stride, dilation, False, _TYPES[accumulator_bits]), weight.shape[2] * weight.shape[3]
        return self._op(
            Op.DEPTHWISE_CONV2D, inputs, (1, *sizes, outputs), accumulator_bits, "DepthwiseConv2d", *settings
        )

    def reduce_sum(self, x: Tensor, axis: int) -> Tensor:
        """REDUCE_SUM of int32, which keeps the axis."""
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        return self._op(Op.REDUCE_SUM, [x], shape, 32, "ReduceSum", axis)

    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        """MUL to int32, no shift; operands of equal width (int32 products must fit int32)."""
        return self._op(Op.MUL, [a, b, self._zero(8)], a.shape, 32, "Mul")

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """ADD of two int32."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self._op(Op.ADD, [a, b], shape, 32, "Add")

    def binary(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        """SUB, MAXIMUM, MINIMUM of int32; GREATER and GREATER_EQUAL give booleans (1 bit)."""
        kind = {"GREATER": "Greater", "GREATER_EQUAL": "GreaterEqual"}.get(name)
        settings = (ts.NanPropagationMode.PROPAGATE,) if name in ("MAXIMUM", "MINIMUM") else ()
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self._op(getattr(Op, name), [a, b], shape, 1 if kind else 32, kind or name.capitalize(), *settings)

    def unary(self, name: str, x: Tensor) -> Tensor:
        """ABS of int32."""
        return self._op(getattr(Op, name), [x], x.shape, 32, name.capitalize())

    def shift_right(self, x: Tensor, by: int) -> Tensor:
        """ARITHMETIC_RIGHT_SHIFT of int32, towards minus infinity."""
        return self._op(Op.ARITHMETIC_RIGHT_SHIFT, [x, self.const(np.array([by]), 32)], x.shape, 32,
                        "ArithmeticRightShift", False)  # fmt: skip

    def select(self, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """SELECT: a where the condition holds, else b."""
        shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
        return self._op(Op.SELECT, [condition, a, b], shape, 32, "Select")

    def slice_last(self, x: Tensor, start: int, size: int) -> Tensor:
        """SLICE of the last axis."""
        shape = (*x.shape[:-1], size)
        begin = self._shape((0,) * (len(shape) - 1) + (start,))
        return self._op(Op.SLICE, [x, begin, self._shape(shape)], shape, x.bits, "Slice")

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """RESHAPE."""
        return self._op(Op.RESHAPE, [x, self._shape(shape)], shape, x.bits, "Reshape")

    def argmax(self, x: Tensor) -> Tensor:
        """ARGMAX over the last axis (int8 or int16)."""
        settings = (len(x.shape) - 1, ts.NanPropagationMode.PROPAGATE)
        return self._op(Op.ARGMAX, [x], x.shape[:-1], 32, "ArgMax", *settings)

    def gather_rows(self, rows: Tensor, index: Tensor) -> Tensor:
        """GATHER of rows (1, V, E) by int32 index (1, W) -> (1, W, E)."""
        return self._op(Op.GATHER, [rows, index], (1, index.shape[1], rows.shape[2]), rows.bits, "Gather")

    def run(self, *outputs: Tensor) -> list[np.ndarray]:
        """Evaluate; int64 arrays, one per output. RuntimeError where the model calls the result unpredictable."""
        for tensor in outputs:
            self._graph.addOutputTensor(ts.TosaSerializerTensor(tensor.name, list(tensor.shape), _TYPES[tensor.bits]))
        results, status = tosa_reference_model.run(self._graph.serialize(), self._values)
        if status != tosa_reference_model.GraphStatus.TOSA_VALID:
            raise RuntimeError(f"the reference model says {status}")
        return [value.reshape(t.shape).astype(np.int64) for value, t in zip(results, outputs, strict=True)]
