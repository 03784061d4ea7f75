"""Point-wise subgraphs of one value become one table each.

``FUSION_RULE`` is what every result of an imported model says about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from workloads.stepgraph.graph import Array, Node, Pairwise, PointWise
from workloads.stepgraph.normal.nearest import Nearest
from workloads.stepgraph.normal.point_function import PointFunction
from workloads.stepgraph.normal.rewriting import Normal, Rewriting

FUSION_RULE = (
    "element-wise nodes between one value and the next that something else reads are one table; constants behind a "
    "product or a layer norm are folded into its own; a positive factor is what an integer is worth"
)

LONGEST = 64
"""The most nodes of one table, if it can be cut; a longer chain becomes several tables."""

_POINT_WISE = {*get_args(PointWise), *get_args(Pairwise), "Where", "Not", "Cast"}


def with_tables(normal: Normal) -> Normal:
    """``normal`` with a Table, a Scale or a View for each value of a point-wise node that something else reads."""
    work, sources = Rewriting(normal), sources_of(normal)
    made_by = {name: node for node in normal.graph.nodes for name in node.outputs}
    needed = _needed(work, sources)
    for node in normal.graph.nodes:
        (out, *_) = node.outputs
        if out not in sources:
            work.write(node)
        elif out in needed:
            _write(work, node, _function(work, made_by, sources[out], out))
    return work.finished()


def sources_of(normal: Normal) -> dict[str, str]:
    """For each value that is a function of one other, element by element, that other one."""
    graph, sources, length, nearest = normal.graph, dict[str, str](), dict[str, int](), Nearest()
    for node in graph.nodes:
        flowing = [name for name in dict.fromkeys(node.operands) if name not in graph.constants]
        numbers = [graph.constants[name] for name in node.operands if name in graph.constants]
        if node.operator not in _POINT_WISE or not flowing or not all(map(is_one_number, numbers)):
            continue
        (out,) = node.outputs
        if node.operator in ("Add", "Sub") and graph.tensor(out).dtype.startswith("int"):
            continue  # whole numbers are added as they are
        if any(graph.tensor(name).shape != graph.tensor(out).shape for name in flowing):
            continue
        above = nearest.add(out, flowing)
        if above is None:
            continue
        sources[out], length[out] = sources.get(above, above), length.get(above, 0) + nearest.nodes[out]
        if length[out] > LONGEST and graph.tensor(above).dtype.startswith("float"):  # an integer would be looked up
            sources[out], length[out] = above, nearest.nodes[out]
    return sources


def is_one_number(constant: Array) -> bool:
    """Whether ``constant`` is the same for all elements, as an exporter spreads a zero over a whole tensor."""
    return constant.size == 1 or bool(constant.size and (constant == constant.reshape(-1)[0]).all())


def _needed(work: Rewriting, sources: Mapping[str, str]) -> set[str]:
    """Values that are needed themselves, and not only on the way from a source to another value."""
    needed = set(work.kept)
    for node in reversed(work.graph.nodes):
        (out, *_) = node.outputs
        if out not in sources:
            needed.update(node.operands)
        elif out in needed:
            needed.add(sources[out])
    return needed


def _function(work: Rewriting, made_by: Mapping[str, Node], source: str, output: str) -> PointFunction:
    """The function from ``source`` to ``output``."""
    nodes, waiting, done = list[Node](), [(made_by[output], False)], set[str]()
    while waiting:
        node, is_ready = waiting.pop()
        if node.outputs[0] in done:
            continue
        if is_ready:
            done.add(node.outputs[0])
            nodes.append(node)
            continue
        waiting.append((node, True))
        waiting += [(made_by[name], False) for name in work.flowing(node) if name != source]
    named = {name for node in nodes for name in node.operands if name in work.constants}
    constants = {name: work.constants[name].reshape(-1)[:1] for name in sorted(named)}
    return PointFunction(source, output, tuple(nodes), constants)


def _is_square(function: PointFunction) -> bool:
    """Whether the function is x x alone: a multiplier does that, exactly."""
    if len(function.nodes) != 1:
        return False
    (node,) = function.nodes
    if node.operator == "Mul":
        return not function.constants
    return node.operator == "Pow" and all(float(number.reshape(())) == 2 for number in function.constants.values())


def _write(work: Rewriting, node: Node, function: PointFunction) -> None:
    """Write ``function`` in place of the ``node`` that ends it."""
    source = (function.source,)
    factor, offset = function.affine or (0.0, 0.0)
    if _is_square(function):
        work.write(Node(node.name, "Mul", 2 * source, node.outputs))
    elif (factor, offset) == (1, 0):
        work.write(Node(node.name, "View", source, node.outputs))
    elif factor > 0 and not offset and not work.dtype(node.outputs[0]).startswith("int"):
        work.fold(node)
        work.write(Node(node.name, "Scale", source, node.outputs, {"factor": factor}))
    else:
        work.functions[node.outputs[0]] = function
        work.write(Node(node.name, "Table", source, node.outputs))
