"""The function that lowers each operator of a normalised graph: the whole of what a chip can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workloads.stepgraph.graph import Node
from workloads.stepgraph.lowering import elements, gathers, moves, norms, products
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.gru import gru
from workloads.stepgraph.lowering.lstm import lstm
from workloads.stepgraph.lowering.masks import saturate

Rule = Callable[[GraphLowering, Node], None]

RULES: Mapping[str, Rule] = {
    "Linear": products.linear,
    "Conv": products.conv,
    "Product": products.product,
    "Embedding": products.embedding,
    "LSTM": lstm,
    "GRU": gru,
    "Table": elements.table,
    "Add": elements.add,
    "Sub": elements.add,
    "Mul": elements.mul,
    "LayerNormalization": norms.layer_norm,
    "Softmax": norms.softmax,
    "ReduceMean": norms.mean,
    "ArgMax": norms.argmax,
    "View": elements.view,
    "Scale": elements.scale,
    "Slice": moves.slices,
    "Split": moves.split,
    "Concat": moves.concat,
    "Shift": moves.shift,
    "Transpose": moves.transpose,
    "Expand": moves.expand,
    "Pad": moves.pad,
    "Gather": gathers.gather,
    "Saturate": saturate,
}

_WHY_NOT: Mapping[str, str] = {
    "ConvTranspose": "adds pieces that overlap",
    "CumSum": "adds up along an axis, element by element",
    "TopK": "sorts",
    "Pow": "takes powers of one value by another",
    "Where": "chooses between two values by a third",
    "GatherElements": "picks elements one by one, at places that are computed, or unevenly spaced",
    "ScatterElements": "writes elements at places that are computed at each call",
}


def no_rule(low: GraphLowering, node: Node) -> None:
    """Raise CannotLower."""
    why = _WHY_NOT.get(node.operator)
    nothing = "the chip has no operation for it"
    raise CannotLower(f"{why}: {nothing}" if why else nothing, "let the CPU run it")
