"""torch's reductions, normalisations and searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from workloads.importers.torch_calls import AtenCall, Value
from workloads.importers.torch_writer import Writer, subject
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

Say = Callable[[Writer, AtenCall], str | tuple[str, ...]]


def _axes(write: Writer, call: AtenCall) -> tuple[int, ...]:
    """The axes that are reduced; all if the call names none."""
    rank, given = len(write.tensor(subject(write, call)).shape), call.get("dim", ())
    named = (given,) if isinstance(given, int) else tuple(given)
    return tuple(sorted(axis % rank for axis in named)) or tuple(range(rank))


def reduction(operator: str) -> Say:
    """A rule for a reduction over axes, in the type of the result."""

    def write_node(write: Writer, call: AtenCall) -> str:
        x, axes = write.cast(subject(write, call), call.tensors[0].dtype), _axes(write, call)
        keep = int(call.get("keepdim", False))
        if operator == "ReduceSum":
            return write.add(operator, [x, write.integers(*axes)], call.shape, keepdims=keep)
        return write.add(operator, [x], call.shape, axes=axes, keepdims=keep)

    return write_node


def extreme(end: str) -> Say:
    """The rule of the "Max" or "Min": of two tensors, of everything, or along an axis with its place."""

    def write_nodes(write: Writer, call: AtenCall) -> str | tuple[str, ...]:
        x = subject(write, call)
        if "other" in call.arguments:
            return write.add(end, [x, write.name(call["other"])], call.shape)
        if "dim" not in call.arguments:
            return write.add(f"Reduce{end}", [x], call.shape, axes=_axes(write, call), keepdims=0)
        axes, keep = _axes(write, call), int(call["keepdim"])
        value = write.add(f"Reduce{end}", [x], call.shape, axes=axes, keepdims=keep)
        turned = x if end == "Max" else write.add("Neg", [x], write.tensor(x).shape)
        return value, _place(write, turned, axes[0], keep, call.shape)

    return write_nodes


def _place(write: Writer, x: str, axis: int, keep: int, shape: Sequence[int]) -> str:
    return write.add("ArgMax", [x], shape, "int64", axis=axis, keepdims=keep, select_last_index=0)


def place_of_extreme(write: Writer, call: AtenCall) -> str:
    """The place of the largest or the smallest: along an axis, or of all elements."""
    x = subject(write, call)
    if call.operator == "aten.argmin":
        x = write.add("Neg", [x], write.tensor(x).shape)
    if call["dim"] is None:
        return write.reshape(_place(write, write.reshape(x, (write.tensor(x).elements,)), 0, 0, ()), call.shape)
    return _place(write, x, _axes(write, call)[0], int(call["keepdim"]), call.shape)


def along(operator: str) -> Say:
    """The rule of a function of all elements along an axis."""

    def write_node(write: Writer, call: AtenCall) -> str:
        return write.add(
            operator, [write.cast(subject(write, call), "float32")], call.shape, axis=_axes(write, call)[0]
        )

    return write_node


def log_sum_exp(write: Writer, call: AtenCall) -> str:
    """The logarithm of a sum of powers of e, the largest of which is taken out before anything overflows."""
    x, axes = subject(write, call), _axes(write, call)
    shape = write.tensor(x).shape
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    largest = write.add("ReduceMax", [x], kept, axes=axes, keepdims=1)
    raised = write.add("Exp", [write.add("Sub", [x, largest], shape)], shape)
    total = write.add("ReduceSum", [raised, write.integers(*axes)], kept, keepdims=1)
    return write.reshape(write.add("Add", [write.add("Log", [total], kept), largest], kept), call.shape)


def norm(write: Writer, call: AtenCall) -> str:
    """The norm along axes: the root of the sum of squares, or the sum of magnitudes."""
    x, axes, keep = subject(write, call), _axes(write, call), int(call["keepdim"])
    shape = write.tensor(x).shape
    if call["ord"] not in (1, 2):
        raise CannotEnterError(f"is a norm of order {call['ord']}")
    squared = call["ord"] == 2
    sizes = write.add("Mul", [x, x], shape) if squared else write.add("Abs", [x], shape)
    total = write.add("ReduceSum", [sizes, write.integers(*axes)], call.shape, keepdims=keep)
    return write.add("Sqrt", [total], call.shape) if squared else total


def running_sum(write: Writer, call: AtenCall) -> str:
    """The running sum along an axis."""
    axis = write.constant(np.array(_axes(write, call)[0], np.int64))
    return write.add("CumSum", [write.cast(subject(write, call), call.tensors[0].dtype), axis], call.shape)


def top_k(write: Writer, call: AtenCall) -> tuple[str, ...]:
    """The k largest or smallest and where they are."""
    outputs = {"values": call.tensors[0], "indices": call.tensors[1]}
    return write.add_several(
        "TopK", [subject(write, call), write.integers(call["k"])], outputs, axis=_axes(write, call)[0],
        largest=int(call["largest"]), sorted=1,
    )  # fmt: skip


def layer_norm(write: Writer, call: AtenCall) -> str:
    """Layer norm over the last axes."""
    shape = tuple(call["normalized_shape"])
    scale = (
        write.constant(np.ones(shape, np.float32), "scale") if call["weight"] is None else write.name(call["weight"])
    )
    inputs = [subject(write, call), scale] + ([] if call["bias"] is None else [write.name(call["bias"])])
    axis = len(call.shape) - len(shape)
    return write.add("LayerNormalization", inputs, call.shape, axis=axis, epsilon=float(call["eps"]))


def group_norm(write: Writer, call: AtenCall) -> str:
    """Group norm over the channels of each group and all axes after them, then a scale and a shift for each channel."""
    x = subject(write, call)
    batch, channels, *rest = call.shape
    grouped = (batch, call["num_groups"], channels // call["num_groups"] * int(np.prod(rest)))
    scale = write.constant(np.ones(grouped[-1:], np.float32), "scale")
    flat = write.reshape(x, grouped)
    normal = write.add("LayerNormalization", [flat, scale], grouped, axis=2, epsilon=float(call["eps"]))
    return _per_channel(write, call, write.reshape(normal, call.shape))


def batch_norm(write: Writer, call: AtenCall) -> str:
    """A scale and a shift for each channel, both of statistics that were collected in training."""
    mean, variance = (write.array(call[name], name) for name in ("running_mean", "running_var"))
    weight, bias = (_array(write, call[name]) for name in ("weight", "bias"))
    scale = (1 if weight is None else weight) / np.sqrt(variance + np.float32(call["eps"]))
    shift = (0 if bias is None else bias) - mean * scale
    column = (-1, *(1,) * (len(call.shape) - 2))
    scaled = write.add("Mul", [subject(write, call), write.constant(_column(scale, column), "scale")], call.shape)
    return write.add("Add", [scaled, write.constant(_column(shift, column), "shift")], call.shape)


def instance_norm(write: Writer, call: AtenCall) -> str:
    """Instance norm over all axes after the channels, for a batch of one; then a scale and a shift for each channel."""
    if call.shape[0] != 1 or "running_mean" in call.arguments:
        raise CannotEnterError("takes its statistics from a batch", "call module.eval() first")
    ones = write.constant(np.ones(call.shape[2:], np.float32), "scale")
    normal = write.add(
        "LayerNormalization", [subject(write, call), ones], call.shape, axis=2, epsilon=float(call["eps"])
    )
    return _per_channel(write, call, normal)


def _per_channel(write: Writer, call: AtenCall, x: str) -> str:
    """``x`` times the weight and plus the bias of its channels, if there are any."""
    for operator, name in (("Mul", "weight"), ("Add", "bias")):
        if call[name] is not None:
            column = write.reshape(write.name(call[name]), (call.shape[1], *(1,) * (len(call.shape) - 2)))
            x = write.add(operator, [x, column], call.shape)
    return x


def _array(write: Writer, value: Value | None) -> Array | None:
    return None if value is None else write.array(value, "weight")


def _column(values: Array, shape: Sequence[int]) -> Array:
    return values.astype(np.float32).reshape(shape)


def variance(write: Writer, call: AtenCall) -> str:
    """The mean square of the distance from the mean; the count is ``correction`` less than the elements."""
    x, axes = subject(write, call), _axes(write, call)
    shape = write.tensor(x).shape
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    mean = write.add("ReduceMean", [x], kept, axes=axes, keepdims=1)
    centred = write.add("Sub", [x, mean], shape)
    square = write.add("Mul", [centred, centred], shape)
    result = write.add("ReduceMean", [square], call.shape, axes=axes, keepdims=int(call.get("keepdim", False)))
    count = int(np.prod([shape[axis] for axis in axes]))
    correction = call.get("correction", int(call.get("unbiased", True)))
    if not correction:
        return result
    return write.add("Mul", [result, write.operand(count / (count - correction), "float32")], call.shape)


REDUCTIONS: Mapping[str, Say] = {
    "aten.mean": reduction("ReduceMean"),
    "aten.sum": reduction("ReduceSum"),
    "aten.amax": reduction("ReduceMax"),
    "aten.amin": reduction("ReduceMin"),
    "aten.max": extreme("Max"),
    "aten.min": extreme("Min"),
    **dict.fromkeys(("aten.argmax", "aten.argmin"), place_of_extreme),
    "aten.softmax": along("Softmax"),
    "aten.log_softmax": along("LogSoftmax"),
    "aten.var": variance,
    "aten.logsumexp": log_sum_exp,
    "aten.linalg_vector_norm": norm,
    "aten.cumsum": running_sum,
    "aten.topk": top_k,
    "aten.layer_norm": layer_norm,
    "aten.group_norm": group_norm,
    "aten._native_batch_norm_legit_no_training": batch_norm,
    "aten._native_batch_norm_legit": instance_norm,
}
