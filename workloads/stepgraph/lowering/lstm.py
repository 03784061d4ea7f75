"""An LSTM as exactly the operations that this package's own recogniser has for it, projected or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers.grids import WIDE_BITS, Grid
from workloads.stepgraph.integers.inner_values import CELL, SIGMOID, TANH, site
from workloads.stepgraph.lowering.elements import activation, gate_grid, pair, table_tensor, unit_grid
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.products import Weights, weighted
from workloads.stepgraph.lowering.recurrent import GATE, SHORT_GATE, Recurrent
from workloads.stepgraph.lowering.trace_draft import Wire

ORDER = (0, 2, 1, 3)
"""ONNX's gates input, output, forget, cell as the chip's input, forget, output, cell."""


@dataclass(frozen=True, eq=False)
class _Constants:
    """The constants of all steps: weights, tables, and the format of the two products that are added up to c."""

    of_h: Weights
    projection: Weights | None
    sigmoid: tuple[str, ...]
    tanh: tuple[str, ...]
    tanh_c: tuple[str, ...]
    cell_sum: Grid


def lstm(low: GraphLowering, node: Node) -> None:
    """Lower to gates in the order input, forget, output, cell: one pass of the unit serves the three sigmoids."""
    cell = Recurrent.of(low, node)
    units, size = cell.units, cell.recurrence.shape[1]
    bias = None if cell.biases is None else cell.rows(cell.biases[0] + cell.biases[1], ORDER)
    of_x = Weights.of(low, cell.rows(cell.weight, ORDER), bias, "wx", "x")
    shared = _Constants(
        of_h=Weights.of(low, cell.rows(cell.recurrence, ORDER), None, "wh"),
        projection=None if cell.projection is None else Weights.of(low, cell.projection, None, "wp"),
        sigmoid=table_tensor(low, "sigmoid."),
        tanh=table_tensor(low, "tanh."),
        tanh_c=table_tensor(low, "tanh_c."),
        cell_sum=Grid(WIDE_BITS, "cell_sum", makers=[((low.name, site(node, CELL)), 1.0)]),
    )
    y_c = node.outputs[2]
    h, c = cell.start(cell.h, "h", size, cell.y_h), cell.start(cell.c, "c", units, y_c)
    hs = list[Wire]()
    for step, (gx,) in enumerate(cell.input_shares(of_x, [("gx", 4 * units)])):
        is_last = step == cell.steps - 1
        c_out = low.out(y_c, (units,)) if is_last else low.scratch(f"c{cell.dot(step)}", (units,), *low.grid(y_c))
        c_out = replace(c_out, key=(low.name, site(node, CELL)))
        h_out = cell.h_out(step, size)
        _step(low, node, cell, cell.dot(step), shared, gx, h, c, h_out, c_out)
        h, c = h_out, c_out
        hs.append(h)
    cell.join(hs, size)


def _step(
    low: GraphLowering, node: Node, cell: Recurrent, dot: str, shared: _Constants, gx: Wire, h: Wire, c: Wire,
    h_out: Wire, c_out: Wire,
) -> None:  # fmt: skip
    """Lower one step from (h, c) to (h_out, c_out)."""
    units, gate = cell.units, gate_grid(low)
    gh = low.scratch(f"gh{dot}", (4 * units,), GATE)
    weighted(low, f"h_mm{dot}", h, shared.of_h, [gh], (4 * units,))
    z_ifo = replace(low.scratch(f"z_ifo{dot}", (3 * units,), SHORT_GATE), key=(low.name, site(node, SIGMOID)))
    z_g = replace(low.scratch(f"z_g{dot}", (units,), SHORT_GATE), key=(low.name, site(node, TANH)))
    pair(low, f"gates{dot}", "add", gx, gh, [z_ifo, z_g])
    i, f, o, g, tc = (low.scratch(f"{name}{dot}", (units,), gate) for name in ("i", "f", "o", "g", "tc"))
    activation(low, f"sigmoid{dot}", "sigmoid", z_ifo, shared.sigmoid, [i, f, o])
    activation(low, f"tanh{dot}", "tanh", z_g, shared.tanh, [g])
    keep, update = (low.scratch(f"{name}{dot}", (units,), shared.cell_sum) for name in ("fc", "ig"))
    pair(low, f"forget{dot}", "mul", f, c, [keep])
    pair(low, f"input{dot}", "mul", i, g, [update])
    pair(low, f"cell{dot}", "add", keep, update, [c_out])
    activation(low, f"tanh_c{dot}", "tanh", c_out, shared.tanh_c, [tc], "cell_tanh")
    if shared.projection is None:
        pair(low, f"output{dot}", "mul", o, tc, [h_out])
        return
    whole = low.scratch(f"whole{dot}", (units,), unit_grid(low))
    pair(low, f"output{dot}", "mul", o, tc, [whole])
    weighted(low, f"p_mm{dot}", whole, shared.projection, [h_out], shared.projection.weight.shape[:1])
