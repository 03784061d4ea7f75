"""Constants behind a product or a layer norm, such as a bias or a batch norm, become part of its own constants."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.normal.rewriting import Normal, Rewriting

_VIEWS = "Reshape", "View"


@dataclass(frozen=True, eq=False)
class _Line:
    """factor x + offset, both broadcast against x; None for a factor of 1 and an offset of 0."""

    factor: Array | None = None
    offset: Array | None = None


def with_folded_constants(normal: Normal) -> Normal:
    """``normal`` with each Add, Sub, Mul, Div and Neg by a constant folded into what alone feeds it, where possible."""
    work = Rewriting(normal)
    for node in normal.graph.nodes:
        if not _fold(work, node):
            work.write(node)
    return work.finished()


def _fold(work: Rewriting, node: Node) -> bool:
    line = _line(work, node)
    if line is None:
        return False
    value = work.flowing(node)[0]
    if work.shape(value) != work.shape(node.outputs[0]):
        return False
    return _fold_into(work, node, line, value, node.outputs[0]) or _fold_into_sum(work, node, line, value)


def _fold_into(work: Rewriting, node: Node, line: _Line, value: str, out: str) -> bool:
    """Write ``out`` as what ``line`` makes of ``value``, if the constants of what makes that can take it."""
    carrier = _carrier(work, value)
    if carrier is None:
        return False
    along = _Line(*(_along(work, carrier, value, part) for part in (line.factor, line.offset)))
    if (along.factor is None) != (line.factor is None) or (along.offset is None) != (line.offset is None):
        return False
    _write(work, node, carrier, along, out)
    return True


def _fold_into_sum(work: Rewriting, node: Node, line: _Line, value: str) -> bool:
    """Whether an addition to a sum could be moved to one of its operands, which it then was."""
    sum_ = work.maker(value, "Add") if line.factor is None and work.is_private(value) else None
    if sum_ is None or any(work.shape(name) != work.shape(value) for name in sum_.inputs):
        return False
    if len(set(sum_.inputs)) == 1:
        return False  # it is there twice, and would be made anew for one of both
    raised = work.value(f"{node.outputs[0]}.operand", work.shape(value))
    for place, operand in enumerate(sum_.inputs):
        if operand not in work.constants and _fold_into(work, node, line, operand, raised):
            inputs = (*sum_.inputs[:place], raised, *sum_.inputs[place + 1 :])
            work.write(replace(sum_, inputs=inputs, outputs=node.outputs))
            return True
    return False


def _line(work: Rewriting, node: Node) -> _Line | None:
    """The line with constants that ``node`` applies to its one computed operand; None if there is none."""
    if node.operator == "Neg":
        return _Line(factor=np.array(-1.0))
    if node.operator not in ("Add", "Sub", "Mul", "Div") or len(node.inputs) != 2:
        return None
    (a, b), constants = node.inputs, work.constants
    if b in constants and a not in constants:
        c = constants[b].astype(np.float64)
        if node.operator == "Div" and not c.all():
            return None
        of_second = {"Add": _Line(None, c), "Sub": _Line(None, -c), "Mul": _Line(c)}
        return of_second.get(node.operator) or _Line(1 / c)
    if a in constants and b not in constants:
        c = constants[a].astype(np.float64)
        of_first = {"Add": _Line(None, c), "Sub": _Line(np.array(-1.0), c), "Mul": _Line(c)}
        return of_first.get(node.operator)
    return None


def _carrier(work: Rewriting, value: str) -> Node | None:
    """The product or layer norm that alone, but for views, makes ``value`` for one reader."""
    while work.is_private(value) and (view := work.maker(value, *_VIEWS)):
        value = view.inputs[0]
    carrier = work.maker(value, "Linear", "Conv", "LayerNormalization")
    if carrier is None or not work.is_private(value) or not set(carrier.inputs[1:]) <= set(work.constants):
        return None
    return carrier


def _along(work: Rewriting, carrier: Node, value: str, part: Array | None) -> Array | None:
    """``part``, which meets ``value``, as one number for each of the carrier's channels; None if it is not that."""
    if part is None:
        return None
    spread = np.broadcast_to(part, work.shape(value)).reshape(work.shape(carrier.outputs[0]))
    if carrier.operator == "Conv":
        spread = np.moveaxis(spread, 1, -1)
    rows = spread.reshape(-1, _channels(work, carrier))
    return rows[0] if bool((rows == rows[0]).all()) else None


def _channels(work: Rewriting, carrier: Node) -> int:
    """The number of outputs that have constants of their own."""
    weight = work.constants[carrier.inputs[1]]
    return weight.size if carrier.operator == "LayerNormalization" else len(weight)


def _write(work: Rewriting, node: Node, carrier: Node, line: _Line, out: str) -> None:
    """Write ``carrier`` anew with the ``line`` of ``node`` in its constants, so that it makes ``out``."""
    x, weight, *biases = carrier.inputs
    values = work.constants[weight]
    bias = work.constants[biases[0]] if biases and biases[0] else None
    if line.factor is not None:
        scaled = (values.reshape(len(line.factor), -1) * line.factor[:, None]).reshape(values.shape)
        weight = work.constant(f"{node.name}.weight", scaled)
        bias = None if bias is None else bias * line.factor.reshape(bias.shape)
    if line.offset is not None:
        like = values.shape if carrier.operator == "LayerNormalization" else line.offset.shape
        offset = line.offset.reshape(like)
        bias = offset if bias is None else bias + offset
    constants = (weight,) if bias is None else (weight, work.constant(f"{node.name}.bias", bias))
    work.fold(node)
    shape = work.shape(carrier.outputs[0])
    if shape == work.shape(out):
        work.write(replace(carrier, inputs=(x, *constants), outputs=(out,)), carrier, node)
        return
    made = work.value(f"{out}.product", shape)
    work.write(replace(carrier, inputs=(x, *constants), outputs=(made,)), carrier, node)
    work.write(Node(f"{node.name}.view", "View", (made,), (out,)))
