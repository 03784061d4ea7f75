"""Each kind of operation on a batch: the chip's integers forward, straight-through gradients back.

Tensors are float64 with a batch axis before the trace's shape, so that an axis of the trace is one higher here.
Functions that are not linear call ``nnasim.numerics``, so there is no second definition of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.module.straight import Exactly, saturated
from aat_training.quant.rounding import Requantise
from nnasim.ir.attributes import Add, Bmm, Conv, Copy, Mean, Slice
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import Op
from nnasim.numerics import ops
from nnasim.numerics.layer_norm import GAIN_FRAC, layer_norm
from nnasim.numerics.rescale import requantise
from nnasim.numerics.softmax import POWERS, softmax

if TYPE_CHECKING:
    from aat_training.module.chip_module import Call

_SOFTMAX_HALVING = 2.0**6  # softmax_scale is the step times log2(e) times this


def _quantise(call: Call, op: Op) -> Tensor:
    """Real numbers from outside; nothing is trained before them."""
    with torch.no_grad():
        integers: Tensor = requantise(call.flow(op.x).double(), call.rows(op)[0], call.bits(op), name=op.name)
        return integers


def _requantise(call: Call, op: Op) -> Tensor:
    return call.requantised(call.flow(op.x), op)


# --- products -------------------------------------------------------------------------------------------------------


def _checked(call: Call, op: Op, accumulators: Tensor) -> Tensor:
    """Accumulators that the chip can hold.

    Raises NumericsError otherwise; a chip that wraps or saturates is refused before.
    """
    ops.check_accumulator(accumulators.detach(), call.numerics.accumulator_bits, op.name)
    return accumulators


def _matmul(call: Call, op: Op) -> Tensor:
    accumulators = call.flow(op.x) @ call.constant(op.weight).T
    return _checked(call, op, accumulators if op.bias is None else accumulators + call.constant(op.bias).reshape(-1))


def _conv(call: Call, op: Op) -> Tensor:
    told, x, weight = op.told(Conv), call.flow(op.x), call.constant(op.weight)
    axes = len(told.kernel)
    pads = [side for axis in reversed(range(axes)) for side in (told.pads[axis], told.pads[axes + axis])]
    convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[axes]
    bias = None if op.bias is None else call.constant(op.bias).reshape(-1)
    out: Tensor = convolve(F.pad(x, pads), weight, bias, stride=told.stride, dilation=told.dilation, groups=told.groups)
    return _checked(call, op, out)


def _bmm(call: Call, op: Op) -> Tensor:
    a, b = (call.flow(name) for name in op.data)
    return _checked(call, op, a @ (b.transpose(-1, -2) if op.told(Bmm).transpose_b else b))


# --- element by element ---------------------------------------------------------------------------------------------


def _add(call: Call, op: Op) -> Tensor:
    (a, b), rows, bits = (call.flow(name) for name in op.data), call.scales.get(op.name, ()), call.bits(op)
    a, b = _side_by_side(a, b)
    if len(rows) == 3:
        a, b = (Requantise.apply(value, row, 32) for value, row in zip((a, b), rows, strict=False))
    total = a - b if op.told(Add).subtract else a + b
    if len(rows) == 3:
        total = saturated(total, 32)
    out: Tensor = Requantise.apply(total, rows[-1], bits) if rows else saturated(total, bits)
    return out


def _mul(call: Call, op: Op) -> Tensor:
    a, b = _side_by_side(*(call.flow(name) for name in op.data))
    return call.requantised(a * b, op)


def _side_by_side(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Operands with the same number of axes: a stretched one gets its missing axes after the batch's."""
    axes = max(a.ndim, b.ndim)
    a, b = (x.reshape(x.shape[0], *(1,) * (axes - x.ndim), *x.shape[1:]) for x in (a, b))
    return a, b


def _unit(call: Call, op: Op) -> Tensor:
    return call.unit(op)(call.flow(op.x))


# --- over an axis ---------------------------------------------------------------------------------------------------


def _layer_norm(call: Call, op: Op) -> Tensor:
    x, gain, bias = (
        call.flow(op.x),
        call.constant(op.gain).reshape(-1),
        None if op.bias is None else call.constant(op.bias),
    )
    axis, bits = call.axis(op, x), call.bits(op)
    turned = x.movedim(axis, -1)
    centred = turned - turned.mean(-1, keepdim=True)
    smooth = centred / (centred.square().mean(-1, keepdim=True) + 2.0**-2 * 2.0**-GAIN_FRAC).sqrt() * gain
    if bias is not None:
        smooth = smooth + bias.reshape(-1)
    with torch.no_grad():
        exact = layer_norm(turned, gain, op.name, bias=None if bias is None else bias.reshape(-1))
    out: Tensor = Exactly.apply(smooth, exact)
    return saturated(out.movedim(-1, axis), bits)


def _softmax(call: Call, op: Op) -> Tensor:
    x, row, bits = call.flow(op.x), call.rows(op)[0], call.bits(op)
    axis = call.axis(op, x)
    table = POWERS if op.table is None else call.constants[op.table].reshape(-1)
    with torch.no_grad():
        exact = softmax(x, row, bits, axis=-1 if axis == x.ndim - 1 else axis, table=table, name=op.name)
    worth = float(row.real) / (_SOFTMAX_HALVING * 1.4426950408889634)
    out: Tensor = Exactly.apply(torch.softmax(x * worth, axis) * 2.0 ** (bits - 1), exact)
    return out


def _mean(call: Call, op: Op) -> Tensor:
    axes = [axis + 1 for axis in op.told(Mean).axes]
    return call.requantised(call.flow(op.x).sum(axes), op)


def _argmax(call: Call, op: Op) -> Tensor:
    x = call.flow(op.x)
    return x.argmax(call.axis(op, x)).double()


# --- what only moves ------------------------------------------------------------------------------------------------


def _embedding(call: Call, op: Op) -> Tensor:
    tokens = call.flow(op.x).long()
    rows = F.embedding(tokens, call.constant(op.weight))
    return rows


def _concat(call: Call, op: Op) -> Tensor:
    parts, out = [call.flow(name) for name in op.data], op.outputs[0]
    if op.attributes is None:
        parts = [part.flatten(1) for part in parts]
    axis = 1 if op.attributes is None else op.axis(len(call.trace.tensors[out].shape)) + 1
    if call.trace.shifts(op):
        held = call.flow(out)
        parts.insert(0, held.flatten(1) if op.attributes is None else held)
    joined = torch.cat(parts, axis)
    size = call.trace.tensors[out].elements if op.attributes is None else call.trace.tensors[out].shape[axis - 1]
    return joined.narrow(axis, joined.shape[axis] - size, size)


def _split(call: Call, op: Op) -> Tensor:
    return call.flow(op.x)


def _slice(call: Call, op: Op) -> Tensor:
    told, size = op.told(Slice), call.trace.tensors[op.outputs[0]].shape
    places = told.start + told.step * torch.arange(size[told.axis])
    return call.flow(op.x).index_select(told.axis + 1, places)


def _copy(call: Call, op: Op) -> Tensor:
    x, perm, spec = call.flow(op.x), op.told(Copy).perm, call.trace.tensors[op.outputs[0]]
    if perm is not None:
        return x.permute(0, *(axis + 1 for axis in perm))
    if x[0].numel() == spec.elements:
        return x.reshape(len(x), *spec.shape)
    return x.reshape(len(x), *(1,) * (len(spec.shape) + 1 - x.ndim), *x.shape[1:]).expand(len(x), *spec.shape)


OPERATIONS: Mapping[OpKind, Callable[[Call, Op], Tensor]] = {  # all but the CPU's own, which is refused
    "quantise": _quantise,
    "requantise": _requantise,
    "matmul": _matmul,
    "conv": _conv,
    "bmm": _bmm,
    "add": _add,
    "mul": _mul,
    "sigmoid": _unit,
    "tanh": _unit,
    "table": _unit,
    "layer_norm": _layer_norm,
    "softmax": _softmax,
    "mean": _mean,
    "argmax": _argmax,
    "embedding": _embedding,
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "copy": _copy,
}
