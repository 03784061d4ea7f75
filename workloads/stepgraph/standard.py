"""One way to say each thing: what exporters write in several ways is written in one, so that two readers agree.

Every reader ends here. In the standard form
- every attribute is written out, axes count from the front, and shapes and bounds are numbers (``attributes.py``);
- what changes nothing is gone: a reshape to the same shape, a slice of everything, a cast to the same type, a sum with
  zeros, a product with ones; and so is a value that is not read, and one that an equal node has computed already;
- a reshape of a reshape is one reshape; a transpose of a transpose is one transpose, of as few axes as say the same, so
  that one which only moves axes of a single element is a reshape;
- what picks constant neighbours along an axis is a slice, whatever its operator was; slices that share out a whole axis
  are a split, and a split of which a part is not read is slices;
- the constant of a commutative operator comes second, and has no leading axes of a single element; 1 / x is a
  reciprocal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from workloads.stepgraph import moves
from workloads.stepgraph.attributes import complete
from workloads.stepgraph.draft import Draft, used_constants
from workloads.stepgraph.graph import Attribute, FoldedNode, Node, Pairwise, StepGraph, Tensor
from workloads.stepgraph.sharing import with_splits

_NEUTRAL = {"Add": 0, "Sub": 0, "Mul": 1, "Div": 1}
_COMMUTATIVE = {"Add", "Mul", "Max", "Min", "Equal", "And", "Or"}


def standard_form(graph: StepGraph) -> StepGraph:
    """``graph`` in the standard form that is described above. It computes the same values, bit by bit."""
    draft = Draft(graph)
    for node in draft.old:
        node, tensors = _complete(draft, node)
        _RULES.get(node.operator, Draft.add)(draft, node, tensors)
    standard = with_splits(draft.finished())
    names = {node.name for node in standard.nodes}
    gone = (FoldedNode(node.name, node.operator) for node in graph.nodes if node.name not in names)
    return replace(standard, constants=used_constants(standard), folded=(*graph.folded, *gone))


def _complete(draft: Draft, node: Node) -> tuple[Node, Sequence[Tensor]]:
    """``node`` with the draft's names, without absent inputs at its end, with all attributes and all outputs."""
    names = [draft.name(name) if name else "" for name in node.inputs]
    while names and not names[-1]:
        names.pop()
    node = replace(node, inputs=tuple(names))
    node = replace(node, attributes=_attributes(draft, node))
    if node.operator in ("LSTM", "GRU"):
        return _recurrent(draft, node)
    return node, [draft.graph.values[name] for name in node.outputs]


def _attributes(draft: Draft, node: Node) -> dict[str, Attribute]:
    """All attributes of ``node``; what its operands' shapes decide where it says nothing."""
    rank = len(draft.tensor(node.inputs[0]).shape)
    given: Mapping[str, Attribute] = node.attributes
    if node.operator in ("Conv", "ConvTranspose"):
        kernel = draft.tensor(node.inputs[1]).shape[2:]
        ones, zeros = (1,) * len(kernel), (0,) * len(kernel)
        usual = {"strides": ones, "dilations": ones, "pads": zeros + zeros, "output_padding": zeros}
        given = {"kernel_shape": kernel, **usual, **given}
    elif node.operator == "Transpose":
        given = {"perm": tuple(reversed(range(rank))), **given}
    elif node.operator in ("ReduceMean", "ReduceMax", "ReduceMin"):
        given = {"axes": tuple(range(rank)), **given}
    return complete(node.operator, given, rank)


def _recurrent(draft: Draft, node: Node) -> tuple[Node, Sequence[Tensor]]:
    """``node`` with its last states too, which ONNX lets a file leave out."""
    x, units = draft.tensor(node.inputs[0]), int(node.attributes["hidden_size"])  # type: ignore[arg-type]
    steps, batch, _ = x.shape
    h = draft.tensor(node.inputs[2]).shape[2]
    shapes = {"Y": (steps, 1, batch, h), "Y_h": (1, batch, h)}
    if node.operator == "LSTM":
        shapes["Y_c"] = (1, batch, units)
    given = dict(zip(shapes, node.outputs, strict=False))
    outputs = tuple(given.get(part) or draft.fresh(f"{node.name}.{part}") for part in shapes)
    return replace(node, outputs=outputs), [Tensor(shape, x.dtype) for shape in shapes.values()]


def _pairwise(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Put a constant second, if the order does not matter, and without leading axes of one element."""
    names = node.inputs
    if len(names) == 2 and node.operator in _COMMUTATIVE and names[0] in draft.constants:
        names = names[::-1]
    rank = max((len(draft.tensor(name).shape) for name in names if name not in draft.constants), default=0)
    if len(tensors[0].shape) == rank:
        names = tuple(_without_leading_axes(draft, name) for name in names)
    if _changes_nothing(draft, node.operator, names, tensors[0]):
        draft.alias(node.outputs[0], names[0])
    elif node.operator == "Div" and _is_all(draft, names[0], 1) and draft.tensor(names[1]) == tensors[0]:
        draft.add(Node(node.name, "Reciprocal", names[1:], node.outputs), tensors)
    else:
        draft.add(replace(node, inputs=names), tensors)


def _where(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Constants without leading axes of one, where what flows has all axes of the result."""
    flowing = [len(draft.tensor(name).shape) for name in node.inputs if name not in draft.constants]
    if len(tensors[0].shape) in flowing:
        node = replace(node, inputs=tuple(_without_leading_axes(draft, name) for name in node.inputs))
    draft.add(node, tensors)


def _changes_nothing(draft: Draft, operator: str, names: Sequence[str], result: Tensor) -> bool:
    """Whether the second operand is neutral; x + 0 is x but for the sign of a zero."""
    if operator not in _NEUTRAL or len(names) != 2 or names[0] in draft.constants:
        return False
    return draft.tensor(names[0]) == result and _is_all(draft, names[1], _NEUTRAL[operator])


def _is_all(draft: Draft, name: str, number: float) -> bool:
    """Whether ``name`` is a constant of floats that all are ``number``."""
    values = draft.constants.get(name)
    return values is not None and values.dtype.kind == "f" and bool(np.all(values == number))


def _layer_normalization(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a layer norm without a bias of zeros."""
    plain = len(node.inputs) > 2 and _is_all(draft, node.inputs[2], 0)
    draft.add(replace(node, inputs=node.inputs[:2]) if plain else node, tensors)


def _without_leading_axes(draft: Draft, name: str) -> str:
    if name not in draft.constants:
        return name
    values = draft.constants[name]
    while values.ndim and values.shape[0] == 1:
        values = values[0]
    return draft.constant(f"{name}.plain", values) if values.shape != draft.constants[name].shape else name


def _sum(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a sum with its axes in numbers."""
    rank = len(draft.tensor(node.inputs[0]).shape)
    axes = draft.numbers(node.inputs[1]) if len(node.inputs) > 1 else range(rank)
    named = draft.integers(f"{node.name}.axes", sorted(axis % rank for axis in axes))
    draft.add(replace(node, inputs=(node.inputs[0], named)), tensors)


_RULES: Mapping[str, Callable[[Draft, Node, Sequence[Tensor]], None]] = {
    **dict.fromkeys(get_args(Pairwise), _pairwise),
    "Where": _where,
    "ReduceSum": _sum,
    "LayerNormalization": _layer_normalization,
    "Reshape": moves.reshape,
    "Expand": moves.expand,
    "Cast": moves.cast,
    "Concat": moves.concat,
    "Pad": moves.pad,
    "Slice": moves.slices,
    "Gather": moves.gather,
    "Split": moves.split,
    "Transpose": moves.transpose,
}
