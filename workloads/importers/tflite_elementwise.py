"""Operators of TensorFlow Lite that treat every element alike, and reductions over axes."""

from __future__ import annotations

from collections.abc import Callable

import tflite

from workloads.importers.tflite_emission import Emission
from workloads.importers.tflite_file import FileOperator
from workloads.importers.tflite_layout import CHANNELS_FIRST, CHANNELS_LAST, turned
from workloads.importers.tflite_products import activate, activated
from workloads.importers.tflite_values import axis_of, spread
from workloads.stepgraph.graph import Attribute
from workloads.stepgraph.refusals import CannotEnterError

Rule = Callable[[Emission, FileOperator], None]


def like(emission: Emission, operator: FileOperator, index: int) -> str:
    """An operand in the order of output 0."""
    return emission.operand(index, operator.outputs[0])


def pointwise(onnx: str) -> Rule:
    """The rule of an operator of one operand."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        (x,) = operator.inputs
        emission.result(onnx, [like(emission, operator, x)], emission.shape(x))

    return rule


def chain(*onnx: str) -> Rule:
    """The rule of several operators of one operand, one after the other."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        (x,) = operator.inputs
        value, shape = like(emission, operator, x), emission.shape(x)
        for step in onnx[:-1]:
            value = emission.before(step, [value], shape)
        emission.result(onnx[-1], [value], shape)

    return rule


def clip(low: float, high: float) -> Rule:
    """The rule that clips the operand to bounds."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        (x,) = operator.inputs
        bounds = [emission.real("low", low), emission.real("high", high)]
        emission.result("Clip", [like(emission, operator, x), *bounds], emission.shape(x))

    return rule


def pairwise(onnx: str, options: str = "") -> Rule:
    """The rule of an operator of two operands that are spread to one shape.

    ``options``: their kind, if the operator can fuse an activation.
    """

    def rule(emission: Emission, operator: FileOperator) -> None:
        a, b = operator.inputs
        shape = spread(emission.shape(a), emission.shape(b))
        operands = [like(emission, operator, index) for index in (a, b)]
        if options:
            activated(emission, emission.options(options), onnx, operands, shape, {})
        else:
            emission.result(onnx, operands, shape)

    return rule


def not_equal(emission: Emission, operator: FileOperator) -> None:
    """Write the negation of equality."""
    a, b = operator.inputs
    shape = spread(emission.shape(a), emission.shape(b))
    equal = emission.before("Equal", [like(emission, operator, index) for index in (a, b)], shape)
    emission.result("Not", [equal], shape)


def square(emission: Emission, operator: FileOperator) -> None:
    """Write the operand times itself."""
    (x,) = operator.inputs
    value = like(emission, operator, x)
    emission.result("Mul", [value, value], emission.shape(x))


def squared_difference(emission: Emission, operator: FileOperator) -> None:
    """Write the difference times itself."""
    a, b = operator.inputs
    shape = spread(emission.shape(a), emission.shape(b))
    difference = emission.before("Sub", [like(emission, operator, index) for index in (a, b)], shape)
    emission.result("Mul", [difference, difference], shape)


def leaky_relu(emission: Emission, operator: FileOperator) -> None:
    """Write x above zero, and x times a slope below."""
    (x,) = operator.inputs
    alpha = float(emission.options("LeakyReluOptions").Alpha())
    emission.result("LeakyRelu", [like(emission, operator, x)], emission.shape(x), alpha=alpha)


def prelu(emission: Emission, operator: FileOperator) -> None:
    """Write a slope below zero that is data: max(x, 0) + slope * min(x, 0)."""
    x, slope = operator.inputs
    shape, value = spread(emission.shape(x), emission.shape(slope)), like(emission, operator, x)
    zero = emission.real("zero", 0.0)
    above = emission.before("Max", [value, zero], emission.shape(x))
    below = emission.before("Min", [value, zero], emission.shape(x))
    sloped = emission.before("Mul", [below, like(emission, operator, slope)], shape)
    emission.result("Add", [above, sloped], shape)


def gelu(emission: Emission, operator: FileOperator) -> None:
    """Write GELU, exact or by tanh."""
    (x,) = operator.inputs
    word = "tanh" if emission.options("GeluOptions").Approximate() else "none"
    emission.result("Gelu", [like(emission, operator, x)], emission.shape(x), approximate=word)


def select(emission: Emission, operator: FileOperator) -> None:
    """Write the choice of one of two by a condition."""
    condition, a, b = operator.inputs
    shapes = [emission.shape(index) for index in operator.inputs]
    if operator.operator == "SELECT" and len(shapes[0]) == 1 and len(shapes[1]) > 1:
        raise CannotEnterError("chooses whole rows", "export with SELECT_V2")
    emission.result("Where", [like(emission, operator, index) for index in (condition, a, b)], spread(*shapes))


def cast(emission: Emission, operator: FileOperator) -> None:
    """Write a conversion to another type."""
    (x,) = operator.inputs
    to = emission.dtype(operator.outputs[0])
    emission.result("Cast", [like(emission, operator, x)], emission.shape(x), to=to)


def quantise(emission: Emission, operator: FileOperator) -> None:
    """Write nothing in reals, unless the new integers span other reals than the old: then clip the values to their
    range.
    """
    (x,) = operator.inputs
    before, after = (emission.graph.tensors[index].quantisation for index in (x, operator.outputs[0]))
    value = like(emission, operator, x)
    if before is None or after is None or before.spans_as(after):
        emission.alias(value, emission.shape(x))
        return
    low, high = after.span
    bounds = [emission.real("low", low), emission.real("high", high)]
    emission.result("Clip", [value, *bounds], emission.shape(x))


def softmax(onnx: str) -> Rule:
    """A rule for softmax over the last axis, of the operand times beta."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        (x,) = operator.inputs
        value, shape = like(emission, operator, x), emission.shape(x)
        beta = emission.options("SoftmaxOptions").Beta() if onnx == "Softmax" else 1.0
        if beta != 1.0:
            value = emission.before("Mul", [value, emission.real("beta", beta)], shape)
        axis = axis_of(-1, len(shape), emission.follows(operator.outputs[0]))
        emission.result(onnx, [value], shape, axis=axis)

    return rule


def reduction(onnx: str) -> Rule:
    """A rule for a reduction over constant axes."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        x, axes = operator.inputs
        shape = emission.shape(x)
        along = {axis % len(shape) for axis in emission.numbers(axes, "axes") if axis_of(axis, len(shape), False) >= 0}
        _reduce(emission, onnx, x, along, bool(emission.options("ReducerOptions").KeepDims()))

    return rule


def _reduce(emission: Emission, onnx: str, x: int, along: set[int], keep: bool) -> None:
    """Reduce axes ``along`` of the file's order; in the order of the data where the output has all axes."""
    shape = emission.shape(x)
    one = tuple(1 if axis in along else size for axis, size in enumerate(shape))
    first = emission.follows(x)
    axes = tuple(sorted(axis_of(axis, len(shape), first) for axis in along))
    inputs = [emission.form(x, first)]
    attributes: dict[str, Attribute] = {"keepdims": 1, "axes": axes}
    if onnx == "ReduceSum":
        inputs, attributes = [*inputs, emission.integers("axes", axes)], {"keepdims": 1}
    if keep:
        emission.result(onnx, inputs, one, **attributes)
        return
    ordered, dtype = turned(one, CHANNELS_FIRST) if first else one, emission.dtype(x)
    value = emission.helper(onnx, inputs, ordered, onnx.lower(), dtype, **attributes)
    if first:
        value = emission.helper("Transpose", [value], one, "channels_last", dtype, perm=CHANNELS_LAST)
    kept = tuple(size for axis, size in enumerate(shape) if axis not in along)
    emission.result("Reshape", [value, emission.integers("shape", kept)], kept)


def arg_max(emission: Emission, operator: FileOperator) -> None:
    """Write the place of the greatest along a constant axis, which is dropped."""
    x, along = operator.inputs
    axis, shape = emission.number(along, "axis"), emission.shape(x)
    axis = axis_of(axis, len(shape), False)
    kept = shape[:axis] + shape[axis + 1 :]
    place = emission.helper("ArgMax", [emission.written(x)], kept, "place", "int64", axis=axis, keepdims=0)
    emission.result("Cast", [place], kept, to=emission.dtype(operator.outputs[0]))


def pool(onnx: str) -> Rule:
    """The rule of a pool over all places, as a reduction."""

    def rule(emission: Emission, operator: FileOperator) -> None:
        (x,) = operator.inputs
        options, shape = emission.options("Pool2DOptions"), emission.shape(x)
        if len(shape) != 4 or (options.FilterHeight(), options.FilterWidth()) != shape[1:3]:
            raise CannotEnterError(
                "pools over parts of its data", "only a pool over all places is known: use a convolution"
            )
        if options.Padding() != tflite.Padding.VALID and (options.StrideH(), options.StrideW()) != shape[1:3]:
            raise CannotEnterError("pools over padding", "use VALID padding")
        one = (shape[0], 1, 1, shape[3])
        inputs = [emission.form(x, True)]
        attributes: dict[str, Attribute] = {"keepdims": 1, "axes": (2, 3)}
        word = options.FusedActivationFunction()
        if word == tflite.ActivationFunctionType.NONE:
            emission.result(onnx, inputs, one, **attributes)
        else:
            activate(emission, word, emission.before_activation(onnx, inputs, one, **attributes), one)

    return rule


def cum_sum(emission: Emission, operator: FileOperator) -> None:
    """Write the running sum along a constant axis."""
    x, along = operator.inputs
    options, shape = emission.options("CumsumOptions"), emission.shape(x)
    axis = emission.number(along, "axis")
    place = axis_of(axis, len(shape), emission.follows(operator.outputs[0]))
    inputs = [like(emission, operator, x), emission.integers("axis", [place])]
    emission.result("CumSum", inputs, shape, exclusive=int(options.Exclusive()), reverse=int(options.Reverse()))
