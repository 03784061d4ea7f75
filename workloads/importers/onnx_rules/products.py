"""ONNX's products: matrices and convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.refusals import CannotEnterError


def matmul(write: Writer, call: RawCall) -> Value:
    """The product of matrices, batches broadcast."""
    return write("MatMul", call[0], call[1])


def gemm(write: Writer, call: RawCall) -> Value:
    """alpha a b + beta c, each matrix transposed where the node says so."""
    a, b = (_turned(write, call[place], call.flag(name, 0)) for place, name in enumerate(("transA", "transB")))
    product = _times(write, write("MatMul", a, b), call.number("alpha", 1.0), "alpha")
    c, beta = call.get(2), call.number("beta", 1.0)
    return product if c is None else write("Add", product, _times(write, c, beta, "beta"))


def _turned(write: Writer, matrix: Value, transposed: int) -> Value:
    if matrix.rank != 2:
        raise CannotEnterError(f"takes matrices, not {matrix.shape}")
    return write.transpose(matrix, (1, 0)) if transposed else matrix


def _times(write: Writer, value: Value, factor: float, name: str) -> Value:
    return value if factor == 1 else write("Mul", value, write.number(factor, value, name))


def convolution(write: Writer, call: RawCall) -> Value:
    """A convolution over any number of axes, its padding in numbers."""
    x, weight, kernel = _operands(call)
    strides, dilations = _per_axis(call, "strides", kernel), _per_axis(call, "dilations", kernel)
    spans = [dilation * (width - 1) + 1 for width, dilation in zip(kernel, dilations, strict=True)]
    pads = paddings(call, x.shape[2:], spans, strides)
    return write(
        "Conv", x, weight, call.get(2), group=call.integer("group", 1), kernel_shape=kernel, strides=strides,
        dilations=dilations, pads=pads,
    )  # fmt: skip


def paddings(call: RawCall, size: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """Begins, then ends; ``auto_pad`` makes an axis of ceil(size / stride) of each ``size``, or none."""
    none = (0,) * (2 * len(spans))
    mode, pads = call.text("auto_pad", "NOTSET"), call.integers("pads", none)
    if mode == "NOTSET":
        return pads
    if mode not in ("VALID", "SAME_UPPER", "SAME_LOWER"):
        raise CannotEnterError(f"knows no auto_pad {mode!r}, only NOTSET, VALID, SAME_UPPER and SAME_LOWER")
    lacking = [
        max(0, (-(-length // stride) - 1) * stride + span - length)
        for length, span, stride in zip(size, spans, strides, strict=True)
    ]
    automatic = none if mode == "VALID" else _shared(lacking, mode)
    if any(pads) and pads != automatic:
        raise CannotEnterError(f"says auto_pad {mode}, and pads {pads} too")
    return automatic


def _shared(totals: Sequence[int], mode: str) -> tuple[int, ...]:
    """Begins and ends of these sums; an odd element is at the end, or at the beginning for SAME_LOWER."""
    less, more = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return (*more, *less) if mode == "SAME_LOWER" else (*less, *more)


def transposed_convolution(write: Writer, call: RawCall) -> Value:
    """A transposed convolution over any number of axes, its cut in numbers."""
    x, weight, kernel = _operands(call)
    strides, dilations = _per_axis(call, "strides", kernel), _per_axis(call, "dilations", kernel)
    extra = call.integers("output_padding", (0,) * len(kernel))
    if len(extra) != len(kernel):
        raise CannotEnterError(f"has output_padding {extra} for a kernel of {kernel}")
    full = [
        stride * (size - 1) + more + dilation * (width - 1) + 1
        for size, width, stride, dilation, more in zip(x.shape[2:], kernel, strides, dilations, extra, strict=True)
    ]
    pads, longer = _cut(call, x, full, strides)
    return write(
        "ConvTranspose", x, weight, call.get(2), group=call.integer("group", 1), kernel_shape=kernel, strides=strides,
        dilations=dilations, pads=pads, output_padding=tuple(a + b for a, b in zip(extra, longer, strict=True)),
    )  # fmt: skip


def _cut(call: RawCall, x: Value, full: Sequence[int], strides: Sequence[int]) -> tuple[tuple[int, ...], Sequence[int]]:
    """The elements of the ``full`` result that are cut at begins and ends, and by how many it must be extended."""
    mode, pads = call.text("auto_pad", "NOTSET"), paddings(call, x.shape[2:], full, strides)
    if call.has("output_shape"):
        wanted = call.integers("output_shape")[-len(full) :]
    elif mode in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(size * stride for size, stride in zip(x.shape[2:], strides, strict=True))
    else:
        return pads, [0] * len(full)
    if len(wanted) != len(full):
        raise CannotEnterError(f"has output_shape {wanted} for {len(full)} axes")
    less = [size - goal for size, goal in zip(full, wanted, strict=True)]
    pads = _shared([max(0, size) for size in less], "SAME_UPPER" if mode == "SAME_UPPER" else "SAME_LOWER")
    return pads, [max(0, -size) if call.has("output_shape") else 0 for size in less]


def _operands(call: RawCall) -> tuple[Value, Value, tuple[int, ...]]:
    """The input, the weight, and the kernel's sizes."""
    x, weight = call[0], call[1]
    if weight.rank < 3 or x.rank != weight.rank:
        raise CannotEnterError(f"takes (batch, channels, ...) and a weight of as many axes: {x.shape}, {weight.shape}")
    if (kernel := call.integers("kernel_shape", weight.shape[2:])) != weight.shape[2:]:
        raise CannotEnterError(f"a kernel of {kernel} does not fit a weight {weight.shape}")
    return x, weight, kernel


def _per_axis(call: RawCall, name: str, kernel: Sequence[int]) -> tuple[int, ...]:
    """A number of at least 1 for each axis of the kernel."""
    numbers = call.integers(name, (1,) * len(kernel))
    if len(numbers) != len(kernel) or min(numbers) < 1:
        raise CannotEnterError(f"has {name} {numbers} for a kernel of {tuple(kernel)}")
    return numbers


RULES: Mapping[str, Rule] = {
    "MatMul": matmul,
    "Gemm": gemm,
    "Conv": convolution,
    "ConvTranspose": transposed_convolution,
}
