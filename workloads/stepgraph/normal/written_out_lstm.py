"""An LSTM cell that an exporter wrote out gate by gate is an LSTM: its gates then share a pass, as a chip's do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.normal.rewriting import Normal, Rewriting

_GATES = "iofg"
"""In ONNX's order: input, output, forget, cell."""


@dataclass(frozen=True)
class _Cell:
    """The parts of a cell: ``order``, the part of the sum for each gate of ``_GATES``; the two products; c before,
    after.

    ``parts``: all nodes that the cell is made of, except the one that makes h.
    """

    order: tuple[int, ...]
    products: tuple[Node, Node]
    before: str
    after: Node
    parts: tuple[Node, ...] = ()


def with_whole_lstms(normal: Normal) -> Normal:
    """``normal`` with an LSTM in place of each cell that is found in it."""
    found = _Search(normal).cells()
    if not found:
        return normal
    work, ends = Rewriting(normal), {cell.after.outputs[0] for cell in found.values()}
    for node in normal.graph.nodes:
        cell = found.get(node.outputs[0])
        if cell is not None:
            _write(work, node, cell)
        elif node.outputs[0] not in ends:
            work.write(node)
    return work.finished()


class _Search:
    """Looks for h = o tanh(c), c = f c + i g, all four gates parts of the sum of two products."""

    def __init__(self, normal: Normal) -> None:
        self._normal, self._work = normal, Rewriting(normal)
        for node in normal.graph.nodes:
            self._work.write(node)

    def cells(self) -> Mapping[str, _Cell]:
        """The cells by the value that is their h."""
        pairs = ((node, self._cell(node)) for node in self._normal.graph.nodes if node.operator == "Mul")
        return {node.outputs[0]: replace(cell, parts=self._parts(node, cell)) for node, cell in pairs if cell}

    def _parts(self, node: Node, cell: _Cell) -> tuple[Node, ...]:
        """The nodes between the two products, these included, and ``node``."""
        found, waiting = dict[str, Node](), [*node.inputs]
        while waiting:
            part = self._work.maker(waiting.pop())
            if part is not None and part.outputs[0] not in found and part.outputs[0] != cell.before:
                found[part.outputs[0]] = part
                waiting += () if part in cell.products else part.inputs
        return tuple(found.values())

    def _cell(self, node: Node) -> _Cell | None:
        for output, squashed in (node.inputs, node.inputs[::-1]):
            state = self._inside(squashed, "Tanh")
            after = state and self._work.maker(state, "Add")
            if not (state and after):
                continue
            for kept, new in (after.inputs, after.inputs[::-1]):
                found = self._gates(output, kept, new)
                if found is not None:
                    parts, before = found
                    return self._of_one_sum(parts, before, after)
        return None

    def _gates(self, output: str, kept: str, new: str) -> tuple[tuple[str, ...], str] | None:
        """The inputs of the four functions, in the order of ``_GATES``, and c before: of f c and of i g."""
        keep, update = self._work.maker(kept, "Mul"), self._work.maker(new, "Mul")
        if keep is None or update is None or not (self._is_private(kept) and self._is_private(new)):
            return None
        forget = next((name for name in keep.inputs if self._inside(name, "Sigmoid")), None)
        before = next((name for name in keep.inputs if name != forget), None)
        by = {operator: [self._inside(name, operator) for name in update.inputs] for operator in ("Sigmoid", "Tanh")}
        i, g = (next((value for value in by[operator] if value), None) for operator in ("Sigmoid", "Tanh"))
        o, f = self._inside(output, "Sigmoid"), forget and self._inside(forget, "Sigmoid")
        return ((i, o, f, g), before) if i and o and f and g and before else None

    def _of_one_sum(self, parts: Sequence[str], before: str, after: Node) -> _Cell | None:
        split = self._work.maker(parts[0], "Split")
        if split is None or sorted(split.outputs) != sorted(parts) or not all(map(self._is_private, parts)):
            return None
        shape, total = self._work.shape(split.inputs[0]), self._work.maker(split.inputs[0], "Add")
        is_row = all(size == 1 for size in shape[:-1]) and integer(split.attributes, "axis") == len(shape) - 1
        if total is None or not is_row or not self._is_private(split.inputs[0]):
            return None
        products = [self._work.maker(name, "Linear") for name in total.inputs]
        if None in products or not all(map(self._is_private, total.inputs)):
            return None
        first, second = (product for product in products if product is not None)
        # The product with a bias is x's, as the chip has it.
        pair = (second, first) if len(second.inputs) > 2 and len(first.inputs) < 3 else (first, second)
        return _Cell(tuple(split.outputs.index(part) for part in parts), pair, before, after)

    def _is_private(self, value: str) -> bool:
        return self._work.is_private(value)

    def _inside(self, value: str, operator: str) -> str | None:
        """The value that ``operator`` alone is applied to, to give ``value`` to one reader."""
        table = self._work.maker(value, "Table")
        if table is None or self._normal.functions[value].operators != (operator,) or not self._is_private(value):
            return None
        return table.inputs[0]


def _write(work: Rewriting, node: Node, cell: _Cell) -> None:
    """Write the LSTM that makes ``node``'s h and the cell's c."""
    (of_x, of_h), units = cell.products, work.shape(node.outputs[0])[-1]
    h, c, name = node.outputs[0], cell.after.outputs[0], node.name

    def rows(values: Array) -> Array:
        """The rows of the four gates in ONNX's order, (1, 4H, ...)."""
        gates = values.reshape(len(_GATES), units, *values.shape[1:])[list(cell.order)]
        return np.ascontiguousarray(gates.reshape(1, *values.shape))

    biases = [work.constants[part.inputs[2]] if len(part.inputs) > 2 else np.zeros(4 * units) for part in (of_x, of_h)]
    weights = [work.constant(f"{name}.{part}", rows(work.constants[product.inputs[1]])) for part, product in
               (("W", of_x), ("R", of_h))]  # fmt: skip
    bias = work.constant(f"{name}.B", np.concatenate([rows(part) for part in biases], 1))
    x, start_h, start_c = (
        _viewed(work, node, value, part) for part, value in
        (("x", of_x.inputs[0]), ("h", of_h.inputs[0]), ("c", cell.before))
    )  # fmt: skip
    shapes = {"Y": (1, 1, 1, units), "Y_h": (1, 1, units), "Y_c": (1, 1, units)}
    outputs = tuple(work.value(f"{h}.{part}", shape) for part, shape in shapes.items())
    whole = Node(name, "LSTM", (x, *weights, bias, "", start_h, start_c), outputs, {"hidden_size": units})
    work.write(whole, *cell.parts, node)
    work.write(Node(f"{name}.h", "View", (outputs[1],), (h,)))
    work.write(Node(f"{name}.c", "View", (outputs[2],), (c,)))


def _viewed(work: Rewriting, node: Node, value: str, part: str) -> str:
    """``value`` as (1, 1, N)."""
    shape = (1, 1, work.shape(value)[-1])
    if work.shape(value) == shape:
        return value
    view = work.value(f"{node.outputs[0]}.{part}", shape)
    work.write(Node(f"{node.name}.{part}.view", "View", (value,), (view,)), node)
    return view
