"""Elements at constant places, which need not be neighbours: as pieces of an even step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nnasim import limits
from workloads.stepgraph.graph import Node
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import Shape

_COMPUTED = "picks elements at places that are computed at each call"
MOST_PIECES = limits.GATHERED_PIECES


def gather(low: GraphLowering, node: Node) -> None:
    """Lower a choice of constant places along an axis, neighbours or not, to pieces of an even step, joined."""
    (x, index), (value,) = node.inputs, node.outputs
    if not low.graph.is_constant(index) or low.graph.is_constant(x):
        raise CannotLower(_COMPUTED)
    axis, places = integer(node.attributes, "axis"), low.graph.constants[index].reshape(-1)
    size, whole = low.shape(x)[axis], low.shape(x)
    runs = _even_runs([int(place) % size for place in places])
    if len(runs) > MOST_PIECES:
        raise CannotLower(f"picks {len(runs)} pieces, more than {MOST_PIECES}", "let the CPU run it")
    tensor, grid = low.shaped(x, whole), low.wire(x).grid

    def cut(count: int) -> Shape:
        return (*whole[:axis], count, *whole[axis + 1 :])

    out, parts = low.out(value, cut(len(places))), list[str]()
    for number, run in enumerate(runs):
        part = out if len(runs) == 1 else low.scratch(f"part{number}", cut(len(run)), grid)
        step = run[1] - run[0] if len(run) > 1 else 1
        low.op(f"part{number}", "slice", "movement", [tensor], [part.tensor], axis=axis, start=run[0], step=step)
        parts.append(part.tensor)
    if len(runs) > 1:
        low.op("", "concat", "movement", parts, [out.tensor], axis=axis)


def _even_runs(places: Sequence[int]) -> list[list[int]]:
    """``places`` cut into runs of an even step other than 0."""
    runs = [[places[0]]]
    for before, place in pairwise(places):
        run = runs[-1]
        step = place - before
        if step and (len(run) == 1 or run[1] - run[0] == step):
            run.append(place)
        else:
            runs.append([place])
    return runs
