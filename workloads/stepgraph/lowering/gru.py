"""A GRU by sums and products of two: h' = n + z (h - n), which is (1 - z) n + z h with one product less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers.grids import WIDE_BITS, Grid
from workloads.stepgraph.integers.inner_values import SIGMOID, TANH, site
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.lowering.elements import activation, gate_grid, pair, table_tensor
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.products import Weights, weighted
from workloads.stepgraph.lowering.recurrent import GATE, SHORT_GATE, Recurrent
from workloads.stepgraph.lowering.trace_draft import Wire

ALL, FIRST_TWO, LAST = (0, 1, 2), (0, 1), (2,)
"""ONNX's gates update, reset, hidden: the two sigmoids are neighbours already."""


@dataclass(frozen=True, eq=False)
class _Constants:
    """The constants of all steps. ``of_h``: for all gates if the product is reset, for two if h is; then ``of_reset_h``
    is for the third.
    """

    of_h: Weights
    of_reset_h: Weights | None
    sigmoid: tuple[str, ...]
    tanh: tuple[str, ...]


def gru(low: GraphLowering, node: Node) -> None:
    """Lower to z, r and n from the products of x and h; r resets the product with h, or h itself before it."""
    cell = Recurrent.of(low, node)
    units, resets_product = cell.units, bool(integer(node.attributes, "linear_before_reset"))
    of_input, of_h = cell.biases or (None, None)
    if of_input is not None and of_h is not None:
        # What is added to h's product without being reset may as well be added to x's.
        kept = np.concatenate([np.zeros(2 * units), of_h[2 * units :]]) if resets_product else None
        of_input, of_h = of_input + (of_h if kept is None else of_h - kept), kept
    of_x = Weights.of(low, cell.weight, of_input, "wx", "x")
    shared = _Constants(
        of_h=Weights.of(low, cell.rows(cell.recurrence, ALL if resets_product else FIRST_TWO), of_h, "wh", "h_mm"),
        of_reset_h=None if resets_product else Weights.of(low, cell.rows(cell.recurrence, LAST), None, "wn"),
        sigmoid=table_tensor(low, "sigmoid."),
        tanh=table_tensor(low, "tanh."),
    )
    h, hs = cell.start(cell.h, "h", units, cell.y_h), list[Wire]()
    for step, shares in enumerate(cell.input_shares(of_x, [("gx_zr", 2 * units), ("gx_n", units)])):
        h_out = cell.h_out(step, units)
        _step(low, node, units, cell.dot(step), shared, shares, h, h_out)
        h = h_out
        hs.append(h)
    cell.join(hs, units)


def _step(
    low: GraphLowering, node: Node, units: int, dot: str, shared: _Constants, shares: Sequence[Wire], h: Wire,
    h_out: Wire,
) -> None:  # fmt: skip
    """Lower one step from h to h_out."""
    (gx_zr, gx_n), gate = shares, gate_grid(low)
    z_zr = replace(low.scratch(f"z_zr{dot}", (2 * units,), SHORT_GATE), key=(low.name, site(node, SIGMOID)))
    z_n = replace(low.scratch(f"z_n{dot}", (units,), SHORT_GATE), key=(low.name, site(node, TANH)))
    z, r, n = (low.scratch(f"{name}{dot}", (units,), gate) for name in ("z", "r", "n"))
    if shared.of_reset_h is None:
        # r meets the product in the multiplier, which takes 16 bits.
        gh_zr, gh_n = (low.scratch(f"gh_{part}{dot}", (size,), SHORT_GATE) for part, size in
                       (("zr", 2 * units), ("n", units)))  # fmt: skip
        weighted(low, f"h_mm{dot}", h, shared.of_h, [gh_zr, gh_n], (3 * units,))
    else:
        gh_zr = low.scratch(f"gh_zr{dot}", (2 * units,), GATE)
        weighted(low, f"h_mm{dot}", h, shared.of_h, [gh_zr], (2 * units,))
    pair(low, f"gates{dot}", "add", gx_zr, gh_zr, [z_zr])
    activation(low, f"sigmoid{dot}", "sigmoid", z_zr, shared.sigmoid, [z, r])
    own = low.scratch(f"own{dot}", (units,), GATE)
    if shared.of_reset_h is None:
        pair(low, f"reset{dot}", "mul", r, gh_n, [own])
    else:
        reset = low.scratch(f"rh{dot}", (units,), h.grid, h.factor)
        pair(low, f"reset{dot}", "mul", r, h, [reset])
        weighted(low, f"n_mm{dot}", reset, shared.of_reset_h, [own], (units,))
    pair(low, f"candidate{dot}", "add", gx_n, own, [z_n])
    activation(low, f"tanh{dot}", "tanh", z_n, shared.tanh, [n])
    away = low.scratch(f"away{dot}", (units,), Grid(16, "double"))
    back = low.scratch(f"back{dot}", (units,), Grid(WIDE_BITS, "sum", reach=2.0))
    pair(low, f"distance{dot}", "add", h, n, [away], subtract=True)
    pair(low, f"update{dot}", "mul", z, away, [back])
    pair(low, f"output{dot}", "add", n, back, [h_out])
