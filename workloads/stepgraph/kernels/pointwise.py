"""One element in, one element out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, number


def of(function: Callable[[Array], Array]) -> Callable[[Attributes, Array], Array]:
    """The kernel of a numpy function that knows no attributes."""
    return lambda attributes, x: function(x)


def clip(attributes: Attributes, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    """``x`` between two bounds, each of which may be absent; where they cross, the upper one."""
    if low is not None:
        x = np.maximum(x, low.reshape(()))
    return x if high is None else np.minimum(x, high.reshape(()))


def elu(attributes: Attributes, x: Array) -> Array:
    """x above zero, alpha (e^x - 1) below."""
    return np.where(x > 0, x, number(attributes, "alpha") * np.expm1(np.minimum(x, 0)))


def erf(attributes: Attributes, x: Array) -> Array:
    """The error function."""
    from scipy.special import erf as error_function  # 0.1 s to import, and few models need it

    return np.asarray(error_function(x))


def gelu(attributes: Attributes, x: Array) -> Array:
    """x times the normal distribution's integral, or its approximation by tanh."""
    if attributes["approximate"] == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf({}, x * sqrt(0.5)))


def hard_sigmoid(attributes: Attributes, x: Array) -> Array:
    """alpha x + beta within 0 .. 1."""
    return np.clip(number(attributes, "alpha") * x + number(attributes, "beta"), 0, 1)


def hard_swish(attributes: Attributes, x: Array) -> Array:
    """x times a hard sigmoid of slope 1/6."""
    return x * np.clip(x * (1 / 6) + 0.5, 0, 1)


def leaky_relu(attributes: Attributes, x: Array) -> Array:
    """x above zero, alpha x below."""
    return np.where(x < 0, number(attributes, "alpha") * x, x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softplus(x: Array) -> Array:
    """log(1 + e^x), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


KERNELS: Mapping[str, Callable[..., Any]] = {
    "Abs": of(np.abs),
    "Ceil": of(np.ceil),
    "Clip": clip,
    "Acos": of(np.arccos),
    "Acosh": of(np.arccosh),
    "Asin": of(np.arcsin),
    "Asinh": of(np.arcsinh),
    "Atan": of(np.arctan),
    "Atanh": of(np.arctanh),
    "Cos": of(np.cos),
    "Cosh": of(np.cosh),
    "Elu": elu,
    "Erf": erf,
    "Exp": of(np.exp),
    "Floor": of(np.floor),
    "Gelu": gelu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "LeakyRelu": leaky_relu,
    "Log": of(np.log),
    "Neg": of(np.negative),
    "Not": of(np.logical_not),
    "Reciprocal": of(lambda x: 1 / x),
    "Relu": of(lambda x: np.maximum(x, 0)),
    "Round": of(np.rint),  # halves to the even one
    "Sigmoid": of(sigmoid),
    "Sign": of(np.sign),
    "Sin": of(np.sin),
    "Sinh": of(np.sinh),
    "Softplus": of(softplus),
    "Sqrt": of(np.sqrt),
    "Tanh": of(np.tanh),
}
