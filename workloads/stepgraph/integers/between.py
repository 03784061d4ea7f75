"""Values that a chip represents, in float: those of a model that its normalised graph still has, and those between.

The filling of a mask is not one of them: it lies beyond whatever range its value has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from workloads.stepgraph.graph import Array, Node, StepGraph
from workloads.stepgraph.integers.inner_values import inner_values
from workloads.stepgraph.kernels.given import integer, number
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.normal.normalise import normalised
from workloads.stepgraph.normal.rewriting import Normal
from workloads.stepgraph.run import FloatRun


class Between:
    """The values between those of ``graph``, call by call. ``represented``: the graph's own that a chip represents."""

    def __init__(self, graph: StepGraph) -> None:
        self._normal = normalised(graph)
        own = self._normal.graph
        self._nodes = [node for node in own.nodes if not graph.values.keys() & set(node.outputs)]
        masked = {node.outputs[0] for node in own.nodes if node.operator == "Saturate"}
        real = {name for name, tensor in own.values.items() if tensor.dtype.startswith("float")}
        self._real = real - masked
        self.represented = [*graph.inputs, *(name for name in graph.values if name in self._real)]

    def values(self, run: FloatRun) -> Iterator[tuple[str, Array]]:
        """(name, value) of the latest call of ``run``, of every real one."""
        known = dict[str, Array]()
        for node in self._nodes:
            operands = [self._operand(name, known, run) if name else None for name in node.inputs]
            yield from inner_values(node, operands)
            known.update(zip(node.outputs, evaluated(self._normal, node, operands), strict=True))
        yield from ((name, value) for name, value in known.items() if name in self._real)

    def _operand(self, name: str, known: Mapping[str, Array], run: FloatRun) -> Array:
        if name in known:
            return known[name]
        constants = self._normal.graph.constants
        return constants[name] if name in constants else run.value(name)


def evaluated(normal: Normal, node: Node, operands: Sequence[Array | None]) -> tuple[Array, ...]:
    """The values that ``node`` of a normalised graph makes, in float."""
    own = _OWN.get(node.operator)
    if own is None:
        return apply(node.operator, node.attributes, operands)
    with np.errstate(all="ignore"):  # as apply has it
        return (own(normal, node, *operands),)


def _view(normal: Normal, node: Node, x: Array) -> Array:
    return x.reshape(normal.graph.values[node.outputs[0]].shape)


def _scale(normal: Normal, node: Node, x: Array) -> Array:
    return x * np.asarray(number(node.attributes, "factor"), x.dtype)


def _table(normal: Normal, node: Node, x: Array) -> Array:
    return normal.functions[node.outputs[0]](x)


def _linear(normal: Normal, node: Node, x: Array, weight: Array, bias: Array | None = None) -> Array:
    product = x @ weight.T
    return product if bias is None else product + bias


def _product(normal: Normal, node: Node, a: Array, b: Array) -> Array:
    return np.asarray(a @ (b.swapaxes(-1, -2) if node.attributes["transpose_b"] else b))


def _embedding(normal: Normal, node: Node, index: Array, weight: Array) -> Array:
    return np.asarray(weight[index])


def _shift(normal: Normal, node: Node, register: Array, *new: Array) -> Array:
    axis = integer(node.attributes, "axis")
    joined = np.concatenate([register, *new], axis)
    return joined.take(range(joined.shape[axis] - register.shape[axis], joined.shape[axis]), axis)


def _saturate(normal: Normal, node: Node, x: Array, condition: Array) -> Array:
    return np.where(condition, np.asarray(number(node.attributes, "number"), x.dtype), x)


_OWN: Mapping[str, Callable[..., Array]] = {
    "View": _view,
    "Scale": _scale,
    "Table": _table,
    "Linear": _linear,
    "Product": _product,
    "Embedding": _embedding,
    "Shift": _shift,
    "Saturate": _saturate,
}
