"""Two operands, broadcast to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes


def of(function: Callable[[Array, Array], Array]) -> Callable[[Attributes, Array, Array], Array]:
    """The kernel of a numpy function that knows no attributes."""
    return lambda attributes, a, b: function(a, b)


def divide(a: Array, b: Array) -> Array:
    """a / b; a quotient of integers is rounded towards zero, and is zero if b is."""
    if np.issubdtype(a.dtype, np.floating):
        return a / b
    floor, rest = np.divmod(a, b)
    return floor + ((rest != 0) & ((rest < 0) != (a < 0))).astype(a.dtype)


def power(a: Array, b: Array) -> Array:
    """a^b in the type of the base, whatever that of the exponent is."""
    if np.issubdtype(a.dtype, np.floating):
        return np.power(a, b.astype(a.dtype))
    return np.power(a.astype(np.float64), b).astype(a.dtype)


def modulo(attributes: Attributes, a: Array, b: Array) -> Array:
    """The remainder of a / b with the sign of b, or with that of a if ``fmod`` is 1."""
    return np.fmod(a, b) if attributes["fmod"] else np.mod(a, b)


KERNELS: Mapping[str, Callable[..., Any]] = {
    "Add": of(np.add),
    "Sub": of(np.subtract),
    "Mul": of(np.multiply),
    "Div": of(divide),
    "Pow": of(power),
    "Max": of(np.maximum),
    "Min": of(np.minimum),
    "Equal": of(np.equal),
    "Less": of(np.less),
    "LessOrEqual": of(np.less_equal),
    "Greater": of(np.greater),
    "GreaterOrEqual": of(np.greater_equal),
    "And": of(np.logical_and),
    "Or": of(np.logical_or),
    "Mod": modulo,
    "MatMul": of(np.matmul),
}
