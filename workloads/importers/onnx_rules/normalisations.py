"""ONNX's normalisations: by statistics of the input, or by those of training."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.refusals import CannotEnterError


def batch_normalization(write: Writer, call: RawCall) -> Value:
    """A scale and a shift for each channel, of statistics that training has collected."""
    x = call[0]
    if call.flag("training_mode", 0):
        raise CannotEnterError("takes its statistics from what arrives", "export the module after module.eval()")
    names = ("scale", "shift", "mean", "variance")
    scale, shift, mean, variance = (call[place + 1].elements(name) for place, name in enumerate(names))
    if x.rank < 2 or any(part.shape != x.shape[1:2] for part in (scale, shift, mean, variance)):
        raise CannotEnterError(f"has statistics that do not fit the channels of {x.shape}")
    widened = variance + np.float32(call.epsilon())
    if not (np.isfinite(widened) & (widened > 0)).all():
        raise CannotEnterError("has a variance that is no finite number above 0")
    factor = scale / np.sqrt(widened)
    offset = shift - mean * factor
    column = (-1, *(1,) * (x.rank - 2))
    scaled = write("Mul", x, write.constant(factor.astype(np.float32).reshape(column), "scale"))
    return write("Add", scaled, write.constant(offset.astype(np.float32).reshape(column), "shift"))


def layer_normalization(write: Writer, call: RawCall) -> Value:
    """Layer norm over an axis and all after it."""
    axis, epsilon = call.axis(call[0], -1), call.epsilon()
    return write("LayerNormalization", call[0], call[1], call.get(2), axis=axis, epsilon=epsilon)


def rms_normalization(write: Writer, call: RawCall) -> Value:
    """x over the root of its mean square, times a scale."""
    x = call[0]
    axes = tuple(range(call.axis(x, -1), x.rank))
    mean = write("ReduceMean", write("Mul", x, x), axes=axes, keepdims=1)
    root = write("Sqrt", write("Add", mean, write.number(call.epsilon(), x, "epsilon")))
    return write("Mul", write("Div", x, root), call[1])


def group_normalization(write: Writer, call: RawCall) -> Value:
    """Group norm over the channels of each group; scale and shift for each group before opset 21, for each channel
    since.
    """
    x, groups = call[0], call.integer("num_groups")
    scale, shift = call[1], call[2]
    if call.opset < 21 and scale.shape == (groups,) and x.rank > 1 and groups and x.shape[1] % groups == 0:
        repeats = np.repeat(np.arange(groups), x.shape[1] // groups)
        picks = write.constant(repeats, "groups")
        scale, shift = (write("Gather", part, picks, axis=0) for part in (scale, shift))
    return _grouped(write, call, groups, scale, shift)


def instance_normalization(write: Writer, call: RawCall) -> Value:
    """Instance norm over all axes after each channel."""
    x = call[0]
    return _grouped(write, call, x.shape[1] if x.rank > 1 else 0, call[1], call[2])


def _grouped(write: Writer, call: RawCall, groups: int, scale: Value, shift: Value) -> Value:
    x = call[0]
    if x.rank < 3 or groups < 1 or x.shape[1] % groups or scale.shape != x.shape[1:2] or shift.shape != x.shape[1:2]:
        raise CannotEnterError(f"does not fit the channels of {x.shape} in {groups} groups")
    batch, channels, *rest = x.shape
    flat = write.reshape(x, (batch, groups, channels // groups * prod(rest)))
    ones = write.constant(np.ones(flat.shape[-1:], np.float32), "ones")
    normal = write("LayerNormalization", flat, ones, axis=2, epsilon=call.epsilon())
    column = (channels, *(1,) * len(rest))
    scaled = write("Mul", write.reshape(normal, x.shape), write.reshape(scale, column))
    return write("Add", scaled, write.reshape(shift, column))


RULES: Mapping[str, Rule] = {
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "GroupNormalization": group_normalization,
    "InstanceNormalization": instance_normalization,
}
