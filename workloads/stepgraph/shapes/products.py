"""Shapes of products: matrices, convolutions and recurrent layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.kernels.given import Attributes, integer, integers
from workloads.stepgraph.shapes.elementwise import broadcast
from workloads.stepgraph.shapes.reductions import check_real


def matmul(attributes: Attributes, a: Value, b: Value) -> Tensor:
    """The tensor of (..., M, K) times (..., K, N), batches broadcast; a vector has no axis of one in the result."""
    if not a.rank or not b.rank:
        raise ValueError("takes matrices and vectors, no single number")
    if a.dtype != b.dtype or a.dtype == "bool":
        raise ValueError(f"takes numbers of one type, not {a.dtype} and {b.dtype}")
    left = a.shape if a.rank > 1 else (1, *a.shape)
    right = b.shape if b.rank > 1 else (*b.shape, 1)
    if left[-1] != right[-2]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit each other")
    rows = left[-2:-1] if a.rank > 1 else ()
    columns = right[-1:] if b.rank > 1 else ()
    return Tensor((*broadcast(left[:-2], right[:-2]), *rows, *columns), a.dtype)


def conv(attributes: Attributes, x: Value, weight: Value, bias: Value | None = None) -> Tensor:
    """The tensor (B, N, *out) of x (B, C, *T) with weight (N, C / group, *K) and bias (N,)."""
    kernel, group = _kernel(attributes, x, weight), integer(attributes, "group")
    if x.shape[1] != weight.shape[1] * group or weight.shape[0] % group:
        raise ValueError(f"{x.shape[1]} channels in {group} groups do not fit a weight {weight.shape}")
    _check_bias(bias, weight.shape[0])
    pads = integers(attributes, "pads")
    out = [
        (size + begin + end - dilation * (width - 1) - 1) // stride + 1
        for size, begin, end, width, stride, dilation in zip(
            x.shape[2:], pads, pads[len(kernel) :], kernel, *_steps(attributes, kernel), strict=False
        )
    ]
    return _output(x, weight.shape[0], out)


def conv_transpose(attributes: Attributes, x: Value, weight: Value, bias: Value | None = None) -> Tensor:
    """The tensor (B, N, *out) of x (B, C, *T) with weight (C, N / group, *K) and bias (N,)."""
    kernel, group = _kernel(attributes, x, weight), integer(attributes, "group")
    if x.shape[1] != weight.shape[0] or weight.shape[0] % group:
        raise ValueError(f"{x.shape[1]} channels in {group} groups do not fit a weight {weight.shape}")
    _check_bias(bias, weight.shape[1] * group)
    pads, extra = integers(attributes, "pads"), integers(attributes, "output_padding")
    out = [
        stride * (size - 1) + dilation * (width - 1) + 1 + more - begin - end
        for size, more, begin, end, width, stride, dilation in zip(
            x.shape[2:], extra, pads, pads[len(kernel) :], kernel, *_steps(attributes, kernel), strict=False
        )
    ]
    return _output(x, weight.shape[1] * group, out)


def _kernel(attributes: Attributes, x: Value, weight: Value) -> tuple[int, ...]:
    kernel = integers(attributes, "kernel_shape")
    for operand in (x, weight):
        check_real(operand)
    if weight.rank < 3 or x.rank != weight.rank:
        raise ValueError(f"takes (batch, channels, ...) and a weight of as many axes, not {x.shape} and {weight.shape}")
    if kernel != weight.shape[2:]:
        raise ValueError(f"a kernel of {kernel} does not fit a weight {weight.shape}")
    return kernel


def _steps(attributes: Attributes, kernel: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Strides and dilations."""
    strides, dilations = integers(attributes, "strides"), integers(attributes, "dilations")
    if len(strides) != len(kernel) or len(dilations) != len(kernel) or min((*strides, *dilations)) < 1:
        raise ValueError(f"strides {strides} or dilations {dilations} do not fit a kernel of {tuple(kernel)}")
    if len(integers(attributes, "pads")) != 2 * len(kernel):
        raise ValueError(f"pads {integers(attributes, 'pads')} do not fit a kernel of {tuple(kernel)}")
    return strides, dilations


def _check_bias(bias: Value | None, channels: int) -> None:
    check_real(bias)
    if bias is not None and bias.shape != (channels,):
        raise ValueError(f"a bias {bias.shape} does not fit {channels} channels")


def _output(x: Value, channels: int, out: Sequence[int]) -> Tensor:
    if min(out) < 1:
        raise ValueError(f"the kernel is longer than what it is given, {x.shape}")
    return Tensor((x.shape[0], channels, *out), x.dtype)


def lstm(
    attributes: Attributes, x: Value, weight: Value, recurrence: Value, *others: Value | None
) -> tuple[Tensor, ...]:
    """All h (T, 1, B, P or H), the last h and the last c (1, B, .)."""
    units = integer(attributes, "hidden_size")
    bias, _, h, c, _, projection = (*others, *(None,) * 6)[:6]
    out = units if projection is None else projection.shape[1]
    _check_gates(4, units, out, x, weight, recurrence, bias)
    steps, batch, _ = x.shape
    for state, size in ((h, out), (c, units)):
        _check_state(state, (1, batch, size))
    last_h, last_c = ((1, batch, size) for size in (out, units))
    return Tensor((steps, 1, batch, out), x.dtype), Tensor(last_h, x.dtype), Tensor(last_c, x.dtype)


def gru(
    attributes: Attributes, x: Value, weight: Value, recurrence: Value, *others: Value | None
) -> tuple[Tensor, ...]:
    """All h (T, 1, B, H) and the last (1, B, H)."""
    units = integer(attributes, "hidden_size")
    bias, _, h = (*others, *(None,) * 3)[:3]
    _check_gates(3, units, units, x, weight, recurrence, bias)
    steps, batch, _ = x.shape
    _check_state(h, (1, batch, units))
    return Tensor((steps, 1, batch, units), x.dtype), Tensor((1, batch, units), x.dtype)


def _check_gates(
    gates: int, units: int, out: int, x: Value, weight: Value, recurrence: Value, bias: Value | None
) -> None:
    check_real(x)
    if x.rank != 3:
        raise ValueError(f"takes (frames, batch, features), not {x.shape}")
    wanted = {
        "W": (weight, (1, gates * units, x.shape[2])),
        "R": (recurrence, (1, gates * units, out)),
        "B": (bias, (1, 2 * gates * units)),
    }
    for name, (given, shape) in wanted.items():
        check_real(given)
        if given is not None and given.shape != shape:
            raise ValueError(f"{name} is {given.shape}, but {units} units of input {x.shape} need {shape}")


def _check_state(state: Value | None, shape: tuple[int, ...]) -> None:
    check_real(state)
    if state is not None and state.shape != shape:
        raise ValueError(f"its first state is {state.shape}, but must be {shape}")


RULES: Mapping[str, Callable[..., Any]] = {
    "MatMul": matmul,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "LSTM": lstm,
    "GRU": gru,
}
