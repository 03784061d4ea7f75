"""Operators of TensorFlow Lite with weights: convolutions, fully connected layers, products of two matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import tflite

from workloads.importers.tflite_emission import Emission
from workloads.importers.tflite_file import FileOperator
from workloads.importers.tflite_layout import CHANNELS_FIRST, turned
from workloads.importers.tflite_values import spread
from workloads.stepgraph.graph import Attribute
from workloads.stepgraph.refusals import CannotEnterError


def conv_2d(emission: Emission, operator: FileOperator) -> None:
    """Write a convolution, its weights as (out, height, width, in); several groups if the data has more channels."""
    options = emission.options("Conv2DOptions")
    x, weights, bias = _three(operator)
    channels, inputs = _image(emission, x)[3], _kernel(emission, weights)[3]
    if inputs < 1 or channels % inputs:
        raise CannotEnterError(f"has weights of {inputs} channels on data of {channels}")
    groups = channels // inputs
    _convolve(emission, x, emission.weight(weights, CHANNELS_FIRST), bias, groups, options)


def depthwise_conv_2d(emission: Emission, operator: FileOperator) -> None:
    """Write a convolution of each channel on its own, its weights as (1, height, width, out)."""
    options = emission.options("DepthwiseConv2DOptions")
    x, weights, bias = _three(operator)
    channels = _image(emission, x)[3]
    one, _, _, outputs = _kernel(emission, weights)
    if one != 1 or outputs % channels:
        raise CannotEnterError(f"has {outputs} depthwise filters for {channels} channels")
    _convolve(emission, x, emission.weight(weights, (3, 0, 1, 2)), bias, channels, options)


def _three(operator: FileOperator) -> tuple[int, int, int]:
    """Data, weights, and bias or -1."""
    x, weights, bias, *_ = (*operator.inputs, -1, -1, -1)
    return x, weights, bias


def _image(emission: Emission, x: int) -> tuple[int, ...]:
    shape = emission.shape(x)
    if len(shape) != 4 or min(shape) < 1 or not emission.follows(x):
        raise CannotEnterError(f"runs over data of shape {shape}, not (batch, height, width, channels)")
    return shape


def _kernel(emission: Emission, weights: int) -> tuple[int, ...]:
    shape = emission.shape(weights)
    if len(shape) != 4 or min(shape) < 1:
        raise CannotEnterError(f"has weights of shape {shape}, not of four axes")
    return shape


def _convolve(emission: Emission, x: int, kernel: str, bias: int, groups: int, options: object) -> None:
    batch, *sizes, _ = _image(emission, x)
    outputs, _, *lengths = emission.constants[kernel].shape
    strides = _positive("stride", options.StrideH(), options.StrideW())  # type: ignore[attr-defined]
    dilations = _positive("dilation", options.DilationHFactor(), options.DilationWFactor())  # type: ignore[attr-defined]
    spans = [(length - 1) * dilation + 1 for length, dilation in zip(lengths, dilations, strict=True)]
    pads, places = padding(options.Padding(), sizes, spans, strides)  # type: ignore[attr-defined]
    inputs = [emission.form(x, True), kernel, *_bias(emission, bias, outputs)]
    attributes: dict[str, Attribute] = {
        "kernel_shape": tuple(lengths), "strides": strides, "dilations": dilations, "pads": pads, "group": groups,
    }  # fmt: skip
    activated(emission, options, "Conv", inputs, (batch, *places, outputs), attributes)


def padding(
    word: int, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pads (begins, then ends) and the places of the result, of SAME or VALID padding."""
    if word == tflite.Padding.VALID:
        places = tuple((size - span) // stride + 1 for size, span, stride in zip(sizes, spans, strides, strict=True))
        if min(places) < 1:
            raise CannotEnterError(f"has a kernel that spans {tuple(spans)} of data that has {tuple(sizes)}")
        return (0,) * (2 * len(places)), places
    if word != tflite.Padding.SAME:
        raise CannotEnterError(f"has the unknown padding {word}, neither SAME nor VALID")
    places = tuple(-(-size // stride) for size, stride in zip(sizes, strides, strict=True))
    lacks = [
        max((place - 1) * stride + span - size, 0)
        for place, stride, span, size in zip(places, strides, spans, sizes, strict=True)
    ]
    return (*(lack // 2 for lack in lacks), *(lack - lack // 2 for lack in lacks)), places


def _positive(what: str, *numbers: int) -> tuple[int, ...]:
    if min(numbers) < 1:
        raise CannotEnterError(f"has the {what} {numbers}")
    return numbers


def _bias(emission: Emission, bias: int, outputs: int) -> list[str]:
    if bias < 0:
        return []
    if emission.shape(bias) != (outputs,):
        raise CannotEnterError(f"has a bias of shape {emission.shape(bias)} for {outputs} outputs")
    return [emission.weight(bias, (0,))]


def transpose_conv(emission: Emission, operator: FileOperator) -> None:
    """Write a transposed convolution, its weights as (out, height, width, in)."""
    options = emission.options("TransposeConvOptions")
    shape, weights, x, bias, *_ = (*operator.inputs, -1, -1, -1, -1)
    batch, *sizes, channels = _image(emission, x)
    outputs, *lengths, inputs = _kernel(emission, weights)
    if inputs != channels:
        raise CannotEnterError(f"has weights of {inputs} channels on data of {channels}")
    whole = emission.numbers(shape, "shape")
    if len(whole) != 4 or min(whole) < 1:
        raise CannotEnterError(f"makes the shape {whole}, not (batch, height, width, channels)")
    places = whole[1:3]
    strides = _positive("stride", options.StrideH(), options.StrideW())
    pads, back = padding(options.Padding(), places, lengths, strides)
    if back != tuple(sizes):
        raise CannotEnterError(f"makes {places} of {tuple(sizes)}, which no convolution undoes")
    begins, ends = pads[:2], pads[2:]
    full = [(size - 1) * stride + length for size, stride, length in zip(sizes, strides, lengths, strict=True)]
    beyond = tuple(p + a + b - f for p, a, b, f in zip(places, begins, ends, full, strict=True))
    kernel = emission.weight(weights, (3, 0, 1, 2))
    attributes: dict[str, Attribute] = {
        "kernel_shape": tuple(lengths), "strides": strides, "dilations": (1, 1), "pads": pads, "group": 1,
        "output_padding": beyond,
    }  # fmt: skip
    inputs_ = [emission.form(x, True), kernel, *_bias(emission, bias, outputs)]
    activated(emission, options, "ConvTranspose", inputs_, (batch, *places, outputs), attributes)


def fully_connected(emission: Emission, operator: FileOperator) -> None:
    """Write a product with weights (out, in) of flattened data, and a bias."""
    options = emission.options("FullyConnectedOptions")
    x, weights, bias = _three(operator)
    if options.WeightsFormat() != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise CannotEnterError("has shuffled weights", "convert without weights shuffled for one processor")
    shape = emission.shape(weights)
    if len(shape) != 2 or min(shape) < 1:
        raise CannotEnterError(f"has weights of shape {shape}, not (out, in)")
    outputs, width = shape
    given = emission.shape(x)
    if prod(given) % width or (options.KeepNumDims() and given[-1:] != (width,)):
        raise CannotEnterError(f"has weights of {width} inputs on data of shape {given}")
    rows = given[:-1] if options.KeepNumDims() else (prod(given) // width,)
    data, kernel = _flat(emission, x, weights, (*rows, width))
    inputs = [data, kernel]
    if bias < 0:
        activated(emission, options, "MatMul", inputs, (*rows, outputs), {})
        return
    product = emission.before_activation("MatMul", inputs, (*rows, outputs))
    activated(emission, options, "Add", [product, *_bias(emission, bias, outputs)], (*rows, outputs), {})


def _flat(emission: Emission, x: int, weights: int, shape: tuple[int, ...]) -> tuple[str, str]:
    """Data in ``shape`` and weights (in, out). Data that is channels first stays so: the weights' rows move instead."""
    image = emission.kept_flat.get(x, x)
    whole = emission.shape(image)
    if emission.follows(image) and whole[0] == 1 and shape == (1, prod(whole)):
        _, height, width, channels = whole
        kernel = emission.weight(weights, (1, 0))
        rows = np.arange(shape[1]).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
        moved = emission.derived(kernel, emission.constants[kernel][rows], emission.affine.get(kernel))
        return emission.reshape(emission.form(image, True), shape, "flat"), moved
    data = emission.written(x)
    if emission.shape(x) != shape:
        data = emission.reshape(data, shape, "flat")
    if emission.is_constant(weights):
        return data, emission.weight(weights, (1, 0))
    turned_shape = turned(emission.shape(weights), (1, 0))
    return data, emission.helper("Transpose", [emission.written(weights)], turned_shape, "weights", perm=(1, 0))


def batch_matmul(emission: Emission, operator: FileOperator) -> None:
    """Write a product of the last two axes of each."""
    options = emission.options("BatchMatMulOptions")
    names, shapes = [], []
    for index, adjoint, suffix in zip(operator.inputs, (options.AdjX(), options.AdjY()), "ab", strict=False):
        name, shape = emission.written(index), emission.shape(index)
        if len(shape) < 2:
            raise CannotEnterError(f"multiplies data of shape {shape}")
        if adjoint:
            perm = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
            shape = turned(shape, perm)
            name = emission.helper("Transpose", [name], shape, f"{suffix}.transpose", perm=perm)
        names.append(name)
        shapes.append(shape)
    (*above, m, k), (*below, other, n) = shapes
    if k != other:
        raise CannotEnterError(f"multiplies {shapes[0]} by {shapes[1]}")
    emission.result("MatMul", names, (*spread(tuple(above), tuple(below)), m, n))


def activated(
    emission: Emission, options: object, operator: str, inputs: Sequence[str], shape: Sequence[int],
    attributes: dict[str, Attribute],
) -> None:  # fmt: skip
    """Write the node that makes the output, and after it the activation that the file has fused into it."""
    word = options.FusedActivationFunction()  # type: ignore[attr-defined]
    if word == tflite.ActivationFunctionType.NONE:
        emission.result(operator, inputs, shape, **attributes)
        return
    value = emission.before_activation(operator, inputs, shape, **attributes)
    activate(emission, word, value, shape)


def activate(emission: Emission, word: int, value: str, shape: Sequence[int]) -> None:
    """Write the output as one of the schema's activations of ``value``."""
    kinds = tflite.ActivationFunctionType
    if word == kinds.RELU:
        emission.result("Relu", [value], shape)
    elif word == kinds.TANH:
        emission.result("Tanh", [value], shape)
    elif word in (kinds.RELU6, kinds.RELU_N1_TO_1):
        low, high = (0.0, 6.0) if word == kinds.RELU6 else (-1.0, 1.0)
        emission.result("Clip", [value, emission.real("low", low), emission.real("high", high)], shape)
    else:
        raise CannotEnterError(
            f"has the fused activation {word}, which is not one of RELU, RELU6, RELU_N1_TO_1 and TANH"
        )
