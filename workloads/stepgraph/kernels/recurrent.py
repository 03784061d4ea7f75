"""LSTM and GRU over the frames of one call, as ONNX defines them, and the projection that ONNX's LSTM lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer
from workloads.stepgraph.kernels.pointwise import sigmoid


class LstmStep(NamedTuple):
    """One frame: the ``gates`` (B, 4H) before their functions, h and c (B, .) after it."""

    gates: Array
    h: Array
    c: Array


def lstm_steps(
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
) -> Iterator[LstmStep]:
    """Each frame of an LSTM on X (T, B, I), with W (1, 4H, I), R (1, 4H, P or H) and B (1, 8H).

    Initial h and c are (1, B, .), the projection (1, P, H), gates in the order input, output, forget, cell.
    """
    units = integer(attributes, "hidden_size")
    h = _first(hidden, x, recurrence.shape[2])
    c = _first(cell, x, units)
    sums = x @ weight[0].T + _input_and_recurrent(bias, 4 * units, x).sum(0)
    for frame in range(len(x)):
        gates = sums[frame] + h @ recurrence[0].T
        i, o, f = (sigmoid(gates[:, gate * units : (gate + 1) * units]) for gate in range(3))
        c = f * c + i * np.tanh(gates[:, 3 * units :])
        h = o * np.tanh(c)
        if projection is not None:
            h = h @ projection[0].T
        yield LstmStep(gates, h, c)


def lstm(attributes: Attributes, x: Array, *others: Any) -> tuple[Array, Array, Array]:
    """All h (T, 1, B, .), the last h and the last c (1, B, .) of ``lstm_steps``."""
    steps = list(lstm_steps(attributes, x, *others))
    return np.stack([step.h for step in steps])[:, None], steps[-1].h[None], steps[-1].c[None]


class GruStep(NamedTuple):
    """One frame: ``gates`` (B, 2H), update and reset, and ``candidate`` (B, H) before their functions, h after it."""

    gates: Array
    candidate: Array
    h: Array


def gru_steps(
    attributes: Attributes,
    x: Array,
    weight: Array,
    recurrence: Array,
    bias: Array | None = None,
    lengths: None = None,
    hidden: Array | None = None,
) -> Iterator[GruStep]:
    """Each frame of a GRU on X (T, B, I), with W (1, 3H, I), R (1, 3H, H), B (1, 6H) and initial h (1, B, H).

    Gates in the order update, reset, hidden; ``linear_before_reset`` 1 resets the product with R, 0 the h within it.
    """
    units = integer(attributes, "hidden_size")
    h = _first(hidden, x, units)
    input_bias, own_bias = _input_and_recurrent(bias, 3 * units, x)
    sums = x @ weight[0].T + input_bias
    rows = recurrence[0].T
    for frame in range(len(x)):
        both = sums[frame, :, : 2 * units] + h @ rows[:, : 2 * units] + own_bias[: 2 * units]
        z, r = sigmoid(both[:, :units]), sigmoid(both[:, units:])
        if attributes["linear_before_reset"]:
            own = r * (h @ rows[:, 2 * units :] + own_bias[2 * units :])
        else:
            own = (r * h) @ rows[:, 2 * units :] + own_bias[2 * units :]
        candidate = sums[frame, :, 2 * units :] + own
        h = (1 - z) * np.tanh(candidate) + z * h
        yield GruStep(both, candidate, h)


def gru(attributes: Attributes, x: Array, *others: Any) -> tuple[Array, Array]:
    """All h (T, 1, B, H) and the last (1, B, H) of ``gru_steps``."""
    steps = list(gru_steps(attributes, x, *others))
    return np.stack([step.h for step in steps])[:, None], steps[-1].h[None]


def _first(state: Array | None, x: Array, units: int) -> Array:
    """The state (B, units) before the first frame."""
    return np.zeros((x.shape[1], units), x.dtype) if state is None else state[0]


def _input_and_recurrent(bias: Array | None, size: int, x: Array) -> Array:
    """The two halves of a bias (1, 2 * size), as (2, size)."""
    return np.zeros((2, size), x.dtype) if bias is None else bias[0].reshape(2, size)
