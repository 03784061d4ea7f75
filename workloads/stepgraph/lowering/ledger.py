"""The fate of every node of a foreign model: on the chip, on the CPU, a view, folded, or refused. None is left out.

Multiply-accumulates are counted twice, from the shapes of the model's own nodes and from the operations of the trace,
and must agree node by node.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from nnasim.errors import NnasimError
from workloads.stepgraph.graph import Node, StepGraph
from workloads.stepgraph.integers.step_sets import StepSets
from workloads.stepgraph.normal.rewriting import Normal

Fate = Literal["chip", "cpu", "view", "folded", "refused"]
FATES: tuple[Fate, ...] = ("chip", "cpu", "view", "folded", "refused")
_HEAVIEST_FIRST: tuple[Fate, ...] = ("refused", "cpu", "chip")


@dataclass(frozen=True)
class Row:
    """One node. ``ops``: operations of the trace that do its work; ``why``: of a refused one; ``macs``: its own."""

    graph: str
    node: str
    operator: str
    fate: Fate
    ops: tuple[str, ...] = ()
    why: str = ""
    macs: int = 0


@dataclass(frozen=True)
class Ledger:
    """One row for each node of each graph."""

    rows: tuple[Row, ...]

    @property
    def counts(self) -> dict[Fate, int]:
        """Nodes by fate."""
        found = Counter(row.fate for row in self.rows)
        return {fate: found[fate] for fate in FATES}

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one call of each graph, from the model's own shapes."""
        return sum(row.macs for row in self.rows)

    def of(self, *fates: Fate) -> tuple[Row, ...]:
        """The rows of these fates."""
        return tuple(row for row in self.rows if row.fate in fates)

    def by_operator(self) -> dict[tuple[str, Fate], int]:
        """Nodes by operator and fate."""
        return dict(sorted(Counter((row.operator, row.fate) for row in self.rows).items()))


@dataclass(frozen=True)
class Lowered:
    """The fate of a node of a normalised graph. ``macs``: those of its operations ``ops``."""

    fate: Fate
    ops: tuple[str, ...] = ()
    why: str = ""
    macs: int = 0


class LedgerError(NnasimError):
    """A node that is accounted for nowhere, or wrongly: a defect of this package, found before it becomes a result."""


def ledger_of(graph: str, origin: StepGraph, normal: Normal, lowered: Mapping[str, Lowered]) -> tuple[Row, ...]:
    """A row for each node of ``origin``; ``lowered``: by the first value of each node of ``normal``.

    Raises LedgerError if a node is accounted for nowhere, or its multiply-accumulates are not its operations'.
    """
    shares = defaultdict[str, dict[str, Lowered]](dict)
    for value, names in normal.made_of.items():
        for node in names:
            if value in lowered:
                shares[node][value] = lowered[value]
    rows = [_row(graph, origin, node, list(shares[node.name].values()), normal) for node in origin.nodes]
    _check_macs(rows, shares)
    return tuple(rows)


def _row(graph: str, origin: StepGraph, node: Node, shares: Sequence[Lowered], normal: Normal) -> Row:
    is_folded = node.name in normal.folded
    if not shares and not is_folded:
        raise LedgerError(f"{graph}: {node.name} ({node.operator}) is accounted for nowhere")
    fates = {share.fate for share in shares}
    fate: Fate = next((fate for fate in _HEAVIEST_FIRST if fate in fates), "view")
    if is_folded and fate != "refused":
        fate = "folded"
    return Row(
        graph=graph,
        node=node.name,
        operator=node.operator,
        fate=fate,
        ops=tuple(dict.fromkeys(op for share in shares for op in share.ops)),
        why=next((share.why for share in shares if share.why), ""),
        macs=macs_of(origin, node),
    )


def _check_macs(rows: Sequence[Row], shares: Mapping[str, Mapping[str, Lowered]]) -> None:
    """Raise LedgerError unless nodes that multiply, and the operations that stand for them, count alike.

    Several operations may stand for one node, and one for several nodes: what hangs together is counted together.
    """
    sets, multiplying = StepSets[tuple[str, str]](), [row for row in rows if row.macs]
    for row in multiplying:
        for value in shares[row.node]:
            sets.join(("node", row.node), ("share", value))
    own, found = Counter[tuple[str, str]](), dict[tuple[str, str], dict[str, int]]()
    for row in multiplying:
        root, _ = sets.root(("node", row.node))
        own[root] += row.macs
        found.setdefault(root, {}).update({value: share.macs for value, share in shares[row.node].items()})
    for row in multiplying:
        root, _ = sets.root(("node", row.node))
        made = sum(found[root].values())
        if row.fate != "refused" and own[root] != made:
            where = f"{row.graph}: {row.node} ({row.operator})"
            raise LedgerError(f"{where} takes {own[root]} multiply-accumulates by its shapes, and {made} in the trace")


def macs_of(graph: StepGraph, node: Node) -> int:
    """The multiply-accumulates of ``node``, by the shapes of its operands and results; 0 except for products."""
    count = _MACS.get(node.operator)
    return 0 if count is None else count(graph, node)


def _matmul(graph: StepGraph, node: Node) -> int:
    return graph.tensor(node.outputs[0]).elements * graph.tensor(node.inputs[0]).shape[-1]


def _conv(graph: StepGraph, node: Node) -> int:
    return graph.tensor(node.outputs[0]).elements * prod(graph.tensor(node.inputs[1]).shape[1:])


def _conv_transpose(graph: StepGraph, node: Node) -> int:
    return graph.tensor(node.inputs[0]).elements * prod(graph.tensor(node.inputs[1]).shape[1:])


def _recurrent(graph: StepGraph, node: Node) -> int:
    steps, batch, _ = graph.tensor(node.inputs[0]).shape
    weights = [graph.tensor(name).elements for name in node.inputs[1:3]]
    projection = node.inputs[8] if len(node.inputs) > 8 and node.inputs[8] else ""
    return steps * batch * (sum(weights) + (graph.tensor(projection).elements if projection else 0))


_MACS: Mapping[str, Callable[[StepGraph, Node], int]] = {
    "MatMul": _matmul,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "LSTM": _recurrent,
    "GRU": _recurrent,
}
