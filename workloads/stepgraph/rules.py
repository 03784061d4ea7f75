"""Which function lowers which node of a normalised graph: the whole of what a chip can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workloads.stepgraph import lowering_elements, lowering_gathers, lowering_moves, lowering_norms, lowering_products
from workloads.stepgraph.graph import Node
from workloads.stepgraph.graph_lowering import CannotLower, GraphLowering
from workloads.stepgraph.lowering_gru import gru
from workloads.stepgraph.lowering_lstm import lstm
from workloads.stepgraph.lowering_masks import saturate

Rule = Callable[[GraphLowering, Node], None]

RULES: Mapping[str, Rule] = {
    "Linear": lowering_products.linear,
    "Conv": lowering_products.conv,
    "Product": lowering_products.product,
    "Embedding": lowering_products.embedding,
    "LSTM": lstm,
    "GRU": gru,
    "Table": lowering_elements.table,
    "Add": lowering_elements.add,
    "Sub": lowering_elements.add,
    "Mul": lowering_elements.mul,
    "LayerNormalization": lowering_norms.layer_norm,
    "Softmax": lowering_norms.softmax,
    "ReduceMean": lowering_norms.mean,
    "ArgMax": lowering_norms.argmax,
    "View": lowering_elements.view,
    "Scale": lowering_elements.scale,
    "Slice": lowering_moves.slices,
    "Split": lowering_moves.split,
    "Concat": lowering_moves.concat,
    "Shift": lowering_moves.shift,
    "Transpose": lowering_moves.transpose,
    "Expand": lowering_moves.expand,
    "Pad": lowering_moves.pad,
    "Gather": lowering_gathers.gather,
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
