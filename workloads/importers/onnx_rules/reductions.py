"""ONNX's operators over all elements of an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from workloads.importers.onnx_rules.movements import axes_of
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer

Step = Callable[[Writer, Value], Value]


def reduction(operator: str, before: Step | None = None, after: Step | None = None, since: int = 18) -> Rule:
    """The rule of a reduction by ``operator``, of what ``before`` makes of each element, ``after`` of the result.

    ``since``: the opset from which on the axes are an operand.
    """

    def rule(write: Writer, call: RawCall) -> Value:
        x, keep = call[0], call.flag("keepdims", 1)
        axes, whole = axes_of(call, 1, x.rank, since), not call.flag("noop_with_empty_axes", 0)
        axes = axes or (tuple(range(x.rank)) if whole else ())
        raised = before(write, x) if before else x
        result = raised if not axes else _reduced(write, operator, raised, axes, keep)
        return after(write, result) if after else result

    return rule


def _reduced(write: Writer, operator: str, x: Value, axes: tuple[int, ...], keep: int) -> Value:
    if operator == "ReduceSum":
        return write(operator, x, write.integers(axes, "axes"), keepdims=keep)
    return write(operator, x, axes=axes, keepdims=keep)


def _one(operator: str) -> Step:
    return lambda write, x: write(operator, x)


def _square(write: Writer, x: Value) -> Value:
    return write("Mul", x, x)


def log_sum_exp(write: Writer, call: RawCall) -> Value:
    """The largest, plus the logarithm of the sum of the exponentials relative to it."""
    x, keep = call[0], call.flag("keepdims", 1)
    axes = axes_of(call, 1, x.rank, 18) or (() if call.flag("noop_with_empty_axes", 0) else tuple(range(x.rank)))
    if not axes:
        return x
    largest = write("ReduceMax", x, axes=axes, keepdims=1)
    raised = write("Exp", write("Sub", x, largest))
    total = write("Add", write("Log", write("ReduceSum", raised, write.integers(axes, "axes"), keepdims=1)), largest)
    return total if keep else write.reshape(total, [n for axis, n in enumerate(x.shape) if axis not in axes])


def place_of_extreme(turned: bool) -> Rule:
    """The rule of ArgMax, or, if the elements are ``turned`` first, of ArgMin."""

    def rule(write: Writer, call: RawCall) -> Value:
        x = write("Neg", call[0]) if turned else call[0]
        return write(
            "ArgMax", x, axis=call.axis(x, 0), keepdims=call.flag("keepdims", 1),
            select_last_index=call.flag("select_last_index", 0),
        )  # fmt: skip

    return rule


def softmax(operator: str) -> Rule:
    """A rule for softmax along an axis; before opset 13 along that axis and all after it as one."""

    def rule(write: Writer, call: RawCall) -> Value:
        x = call[0]
        axis = call.axis(x, -1 if call.opset >= 13 else 1)
        if call.opset >= 13 or prod(x.shape[axis + 1 :]) == 1:
            return write(operator, x, axis=axis)
        flat = write.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))
        return write.reshape(write(operator, flat, axis=1), x.shape)

    return rule


def running_sum(write: Writer, call: RawCall) -> Value:
    """The running sum along an axis that is an operand."""
    axis = call.from_front(call[1].whole("axis"), call[0].rank)
    given = {name: call.flag(name, 0) for name in ("exclusive", "reverse")}
    return write("CumSum", call[0], write.constant(np.array(axis, np.int64), "axis"), **given)


def global_pool(operator: str) -> Rule:
    """A rule for pooling over all axes after the channels."""

    def rule(write: Writer, call: RawCall) -> Value:
        return write(operator, call[0], axes=tuple(range(2, call[0].rank)), keepdims=1)

    return rule


RULES: Mapping[str, Rule] = {
    **{operator: reduction(operator) for operator in ("ReduceMean", "ReduceMax", "ReduceMin")},
    "ReduceSum": reduction("ReduceSum", since=13),
    "ReduceL1": reduction("ReduceSum", before=_one("Abs")),
    "ReduceL2": reduction("ReduceSum", before=_square, after=_one("Sqrt")),
    "ReduceSumSquare": reduction("ReduceSum", before=_square),
    "ReduceLogSum": reduction("ReduceSum", after=_one("Log")),
    "ReduceLogSumExp": log_sum_exp,
    "ArgMax": place_of_extreme(turned=False),
    "ArgMin": place_of_extreme(turned=True),
    "Softmax": softmax("Softmax"),
    "LogSoftmax": softmax("LogSoftmax"),
    "CumSum": running_sum,
    "GlobalAveragePool": global_pool("ReduceMean"),
    "GlobalMaxPool": global_pool("ReduceMax"),
}
