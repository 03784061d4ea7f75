"""The inner values of an LSTM or a GRU: not values of the graph, but in need of a range on a chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.kernels.recurrent import gru_steps, lstm_steps

SIGMOID, TANH, CELL = "sigmoid", "tanh", "cell"


def site(node: Node, part: str) -> str:
    """The calibration's key for a ``part`` of ``node``: the input of its sigmoids and its tanh, or its cell state."""
    return f"{node.name}.{part}"


def inner_values(node: Node, operands: Sequence[Array | None]) -> Iterator[tuple[str, Array]]:
    """(site, values of all frames of a call) for a recurrent ``node``; nothing for any other."""
    parts = _PARTS.get(node.operator)
    if parts is not None:
        with np.errstate(all="ignore"):  # what overflows is refused by name where it is counted
            made = parts(node.attributes, *operands)
        yield from ((site(node, part), values) for part, values in made.items())


def _lstm(*operands: Any) -> Mapping[str, Array]:
    steps = list(lstm_steps(*operands))
    gates, units = np.stack([step.gates for step in steps]), steps[0].c.shape[-1]
    return {
        SIGMOID: gates[..., : 3 * units],
        TANH: gates[..., 3 * units :],
        CELL: np.stack([step.c for step in steps]),
    }


def _gru(*operands: Any) -> Mapping[str, Array]:
    steps = list(gru_steps(*operands))
    return {
        SIGMOID: np.stack([step.gates for step in steps]),
        TANH: np.stack([step.candidate for step in steps]),
    }


_PARTS: Mapping[str, Callable[..., Mapping[str, Array]]] = {"LSTM": _lstm, "GRU": _gru}
RECURRENT = tuple(_PARTS)
