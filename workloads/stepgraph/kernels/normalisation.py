"""Kernels that scale a vector by its own statistics."""

from __future__ import annotations

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer, number


def softmax(attributes: Attributes, x: Array) -> Array:
    """e^x over its sum along ``axis``."""
    raised = np.exp(x - _largest(attributes, x))
    return raised / np.sum(raised, axis=integer(attributes, "axis"), keepdims=True)


def log_softmax(attributes: Attributes, x: Array) -> Array:
    """The logarithm of softmax, taken before anything underflows."""
    shifted = x - _largest(attributes, x)
    return shifted - np.log(np.sum(np.exp(shifted), axis=integer(attributes, "axis"), keepdims=True))


def layer_normalization(attributes: Attributes, x: Array, scale: Array, bias: Array | None = None) -> Array:
    """Zero mean and unit variance over ``axis`` and all behind it, then times ``scale``, plus ``bias``."""
    axes = tuple(range(integer(attributes, "axis"), x.ndim))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centred * centred, axis=axes, keepdims=True)
    scaled = centred / np.sqrt(variance + number(attributes, "epsilon")) * scale
    return scaled if bias is None else scaled + bias


def _largest(attributes: Attributes, x: Array) -> Array:
    return np.max(x, axis=integer(attributes, "axis"), keepdims=True)
