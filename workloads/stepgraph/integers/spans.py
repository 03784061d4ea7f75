"""The reach of a value from that of its operands, for values of which a quantised file holds no range.

A product is bounded by the sizes of its weights, which is far more than it mostly reaches: so ``LOOSE`` rules are for
values that normalisation alone has, and ``TIGHT`` ones for the model's own as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod, sqrt
from typing import get_args

import numpy as np

from nnasim.numerics.formats import GATE_FRAC
from workloads.stepgraph.graph import Array, Node, Pairwise, PointWise
from workloads.stepgraph.integers.inner_values import CELL, RECURRENT, SIGMOID, TANH, site
from workloads.stepgraph.kernels.given import number
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.normal.rewriting import Normal

Span = tuple[float, float]
"""The least and the greatest number."""

GATE_REACH = 2.0 ** (15 - GATE_FRAC)
"""The magnitude at which gates saturate, on the chip and in TensorFlow Lite's kernels: 16 bits of 2^-12 in both."""
_POINTS = 257  # of one value's span, its ends and its middle among them; each pair of two values' is looked at


def derived(normal: Normal, known: Mapping[str, Span], *, loosely: bool = False) -> dict[str, Span]:
    """``known`` spans, and those that follow for other real values of ``normal``, and for the inner values of its
    LSTMs.

    Values without a known span are left out.
    """
    spans, rules = dict(known), {**TIGHT, **LOOSE} if loosely else TIGHT
    for node in normal.graph.nodes:
        operands = [_operand(normal, name, spans) for name in node.inputs]
        rule = rules.get(node.operator)
        found = None if rule is None or None in operands[:1] else rule(normal, node, operands)
        for name, span in zip(node.outputs, found or (), strict=False):
            if span is not None and normal.graph.values[name].dtype.startswith("float"):
                spans.setdefault(name, span)
        spans |= {name: span for name, span in _inner(normal, node, operands, spans) if span is not None}
    return spans


def _operand(normal: Normal, name: str, spans: Mapping[str, Span]) -> Span | None:
    constant = normal.graph.constants.get(name)
    return spans.get(name) if constant is None or not constant.size else _of(constant)


Operands = Sequence[Span | None]
Spans = Sequence[Span | None] | None
Rule = Callable[[Normal, Node, Operands], Spans]


def _around(size: float) -> Span:
    return -size, size


def _size(span: Span) -> float:
    return max(map(abs, span))


def _union(spans: Operands) -> Span | None:
    known = [span for span in spans if span is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if len(known) == len(spans) else None


def _of(values: Array) -> Span | None:
    """The span of ``values``; None if one is not finite."""
    return (float(values.min()), float(values.max())) if np.isfinite(values).all() else None


def _kept(normal: Normal, node: Node, operands: Operands) -> Spans:
    """The span of the operand: its numbers are moved, averaged or chosen."""
    return [operands[0]] * len(node.outputs)


def _joined(normal: Normal, node: Node, operands: Operands) -> Spans:
    return [_union(operands)]


def _padded(normal: Normal, node: Node, operands: Operands) -> Spans:
    return [_union([operands[0], operands[2] if len(node.operands) > 2 else (0.0, 0.0)])]


def _chosen(normal: Normal, node: Node, operands: Operands) -> Spans:
    return [_union(operands[1:])]


def _share(normal: Normal, node: Node, operands: Operands) -> Spans:
    return [(0.0, 1.0)]


def _points(span: Span, count: int) -> Array:
    return np.linspace(*span, count)


def _point_wise(normal: Normal, node: Node, operands: Operands) -> Spans:
    """The results of the operator on points of its operands' spans, all pairs of two."""
    if any(span is None and name for name, span in zip(node.inputs, operands, strict=True)):
        return None
    spans = [span for span in operands if span is not None]
    count = _POINTS if len({span for span in spans if span[0] < span[1]}) == 1 else 33
    axes = iter(range(len(operands)))
    points = [
        None if span is None else _points(span, count if span[0] < span[1] else 1).reshape(
            [-1 if axis == place else 1 for axis in range(len(operands))]
        )
        for span, place in zip(operands, axes, strict=True)
    ]  # fmt: skip
    return [_of(apply(node.operator, node.attributes, points)[0])]


def _table(normal: Normal, node: Node, operands: Operands) -> Spans:
    (span,) = operands
    assert span is not None
    return [_of(normal.functions[node.outputs[0]](_points(span, _POINTS)))]


def _scaled(normal: Normal, node: Node, operands: Operands) -> Spans:
    (span,), factor = operands, number(node.attributes, "factor")
    assert span is not None
    return [(span[0] * factor, span[1] * factor)]


def _row(normal: Normal, node: Node, operands: Operands) -> Spans:
    """A row of an embedding."""
    return [operands[1]]


def _weighted(normal: Normal, node: Node, operands: Operands) -> Spans:
    """A product with weights (N, ...), and a bias."""
    weights = normal.graph.constants.get(node.inputs[1])
    if weights is None or operands[0] is None:
        return None
    sizes = np.abs(weights.reshape(len(weights), -1)).sum(1) * _size(operands[0])
    if len(node.operands) > 2:
        sizes = sizes + np.abs(normal.graph.constants[node.inputs[2]])
    return [_around(float(sizes.max()))]


def _product(normal: Normal, node: Node, operands: Operands) -> Spans:
    a, b = operands
    if a is None or b is None:
        return None
    return [_around(normal.graph.tensor(node.inputs[0]).shape[-1] * _size(a) * _size(b))]


def _summed(normal: Normal, node: Node, operands: Operands) -> Spans:
    (span, *_), graph = operands, normal.graph
    assert span is not None
    count = graph.tensor(node.inputs[0]).elements // graph.tensor(node.outputs[0]).elements
    return [(min(span[0] * count, 0.0), max(span[1] * count, 0.0))]


def _normed(normal: Normal, node: Node, operands: Operands) -> Spans:
    """No element is further from the mean than the square root of their number, in deviations."""
    _, gain, *bias = operands
    count = prod(normal.graph.tensor(node.inputs[1]).shape)
    size = 0.0 if gain is None else sqrt(count) * _size(gain)
    return [_around(size + (_size(bias[0]) if bias and bias[0] is not None else 0.0))]


def _recurrent(normal: Normal, node: Node, operands: Operands) -> Spans:
    """h lies within -1 and 1 if it begins there; of a projection, and of a c that grows, nothing is known."""
    start = operands[5] if len(operands) > 5 and node.inputs[5] else (0.0, 0.0)
    has_projection = len(node.inputs) > 8 and node.inputs[8]
    if start is None or has_projection:
        return None
    h = _union([_around(1.0), start])
    return [h, h, None]


def _inner(
    normal: Normal, node: Node, operands: Operands, spans: Mapping[str, Span]
) -> Iterator[tuple[str, Span | None]]:
    """The inner values of a recurrent ``node``: the sums of its gates, which saturate, and its c."""
    if node.operator not in RECURRENT:
        return
    y, constants = spans.get(node.outputs[0]), normal.graph.constants
    if operands[0] is not None and y is not None:
        heard, own, biases = (_rows(constants.get(name)) for name in (*node.inputs[1:4], "")[:3])
        sizes = heard * _size(operands[0]) + own * max(1.0, _size(y))
        size = min(GATE_REACH, float(sizes.max() + biases.max(initial=0.0)))
        yield from ((site(node, part), _around(size)) for part in (SIGMOID, TANH))
    if node.operator == "LSTM":
        yield site(node, CELL), spans.get(node.outputs[2])


def _rows(weights: Array | None) -> Array:
    """The sum of sizes along each row of weights (1, N, K), or the sizes of biases (1, 2 N), twice where two meet."""
    if weights is None:
        return np.zeros(1)
    return np.abs(weights[0]).sum(-1) if weights.ndim > 2 else 2 * np.abs(weights[0])


TIGHT: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("Reshape", "View", "Transpose", "Slice", "Split", "Expand", "Cast", "Gather", "GatherElements", "Saturate",
         "ReduceMean", "ReduceMax", "ReduceMin"), _kept,
    ),
    **dict.fromkeys((*get_args(PointWise), *get_args(Pairwise)), _point_wise),
    "Concat": _joined,
    "Shift": _joined,
    "Pad": _padded,
    "Where": _chosen,
    "Softmax": _share,
    "Embedding": _row,
    "Scale": _scaled,
    "Table": _table,
    "LSTM": _recurrent,
    "GRU": _recurrent,
}  # fmt: skip
LOOSE: Mapping[str, Rule] = {
    "Linear": _weighted,
    "Conv": _weighted,
    "Product": _product,
    "ReduceSum": _summed,
    "LayerNormalization": _normed,
}
