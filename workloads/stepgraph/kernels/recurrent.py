"""LSTM and GRU over the frames of one call, as ONNX defines them, and the projection that ONNX's LSTM lacks."""

from __future__ import annotations

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer
from workloads.stepgraph.kernels.pointwise import sigmoid


def lstm(
    attributes: Attributes,
    x: Array,
    weight: Array,
    recurrence: Array,
    bias: Array | None = None,
    lengths: None = None,
    hidden: Array | None = None,
    cell: Array | None = None,
    peepholes: None = None,
    projection: Array | None = None,
) -> tuple[Array, Array, Array]:
    """X (T, B, I), W (1, 4H, I), R (1, 4H, P or H), B (1, 8H), initial h and c (1, B, .), projection (1, P, H).

    Gates in the order input, output, forget, cell. Gives all h (T, 1, B, .), the last h and the last c (1, B, .).
    """
    units = integer(attributes, "hidden_size")
    h = _first(hidden, x, recurrence.shape[2])
    c = _first(cell, x, units)
    sums = x @ weight[0].T + _input_and_recurrent(bias, 4 * units, x).sum(0)
    outputs = np.empty((len(x), 1, *h.shape), x.dtype)
    for frame in range(len(x)):
        gates = sums[frame] + h @ recurrence[0].T
        i, o, f = (sigmoid(gates[:, gate * units : (gate + 1) * units]) for gate in range(3))
        c = f * c + i * np.tanh(gates[:, 3 * units :])
        h = o * np.tanh(c)
        if projection is not None:
            h = h @ projection[0].T
        outputs[frame, 0] = h
    return outputs, h[None], c[None]


def gru(
    attributes: Attributes,
    x: Array,
    weight: Array,
    recurrence: Array,
    bias: Array | None = None,
    lengths: None = None,
    hidden: Array | None = None,
) -> tuple[Array, Array]:
    """X (T, B, I), W (1, 3H, I), R (1, 3H, H), B (1, 6H), initial h (1, B, H).

    Gates in the order update, reset, hidden; ``linear_before_reset`` 1 resets the product with R, 0 the h within it.
    Gives all h (T, 1, B, H) and the last (1, B, H).
    """
    units = integer(attributes, "hidden_size")
    h = _first(hidden, x, units)
    input_bias, own_bias = _input_and_recurrent(bias, 3 * units, x)
    sums = x @ weight[0].T + input_bias
    rows = recurrence[0].T
    outputs = np.empty((len(x), 1, *h.shape), x.dtype)
    for frame in range(len(x)):
        both = sums[frame, :, : 2 * units] + h @ rows[:, : 2 * units] + own_bias[: 2 * units]
        z, r = sigmoid(both[:, :units]), sigmoid(both[:, units:])
        if attributes["linear_before_reset"]:
            own = r * (h @ rows[:, 2 * units :] + own_bias[2 * units :])
        else:
            own = (r * h) @ rows[:, 2 * units :] + own_bias[2 * units :]
        h = (1 - z) * np.tanh(sums[frame, :, 2 * units :] + own) + z * h
        outputs[frame, 0] = h
    return outputs, h[None]


def _first(state: Array | None, x: Array, units: int) -> Array:
    """The state (B, units) before the first frame."""
    return np.zeros((x.shape[1], units), x.dtype) if state is None else state[0]


def _input_and_recurrent(bias: Array | None, size: int, x: Array) -> Array:
    """The two halves of a bias (1, 2 * size), as (2, size)."""
    return np.zeros((2, size), x.dtype) if bias is None else bias[0].reshape(2, size)
