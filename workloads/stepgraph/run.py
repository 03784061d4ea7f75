"""Running a StepGraph in float, every value visible: what calibration measures and an import is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nnasim.errors import NOT_GIVEN, InputError
from workloads.stepgraph.graph import Array, Node, StepGraph, Tensor
from workloads.stepgraph.kernels.table import apply


class FloatRun:
    """One call of ``graph`` after the other; states are handed on by the caller, or by ``each_step``.

    ``values``: what arrived and what each node made in the latest call, by name.
    """

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.values: dict[str, Array] = {}

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run one call on all inputs, states included, and return the outputs by name.

        Raises InputError for an input that is missing, unknown, or of another shape or type, and for a place beyond a
        table.
        """
        self.values = {name: self._input(name, inputs) for name in self.graph.inputs}
        if unknown := inputs.keys() - self.graph.inputs.keys():
            raise InputError(self._source, min(unknown), NOT_GIVEN, f"no input; they are {self._names}")
        for node in self.graph.nodes:
            self._run(node)
        return {name: self.value(name) for name in self.graph.outputs}

    def value(self, name: str) -> Array:
        """An input, a value or a constant in the latest call."""
        return self.values[name] if name in self.values else self.graph.constants[name]

    def _run(self, node: Node) -> None:
        try:
            results = apply(
                node.operator, node.attributes, [self.value(name) if name else None for name in node.inputs]
            )
        except IndexError as error:
            raise InputError(self._source, node.name, NOT_GIVEN, f"picks what is not there ({error})") from None
        for name, result in zip(node.outputs, results, strict=False):
            if name:
                tensor = self.graph.values[name]
                assert result.shape == tensor.shape, (node, result.shape, tensor)
                self.values[name] = result.astype(tensor.dtype, copy=False)

    def _input(self, name: str, inputs: Mapping[str, Array]) -> Array:
        if name not in inputs:
            raise InputError(self._source, name, NOT_GIVEN, "missing from what arrives at a call")
        return _fitting(self._source, name, np.asarray(inputs[name]), self.graph.inputs[name])

    @property
    def _source(self) -> str:
        return self.graph.name or "model"

    @property
    def _names(self) -> str:
        return ", ".join(self.graph.inputs)


def initial_states(graph: StepGraph) -> dict[str, Array]:
    """The value of each state before the first call, by the name of its input."""
    return {
        state.input: np.zeros(graph.inputs[state.input].shape, graph.inputs[state.input].dtype)
        if state.initial is None
        else graph.constants[state.initial]
        for state in graph.states
    }


def each_step(graph: StepGraph, arrays: Mapping[str, Array]) -> Iterator[FloatRun]:
    """The run of a call for each row of ``arrays`` (steps, *shape), which hold every input except states; states
    continue.

    Yields the one FloatRun after each call. Raises InputError for arrays that are missing, too many, or of another
    shape.
    """
    steps = _count(graph, arrays)
    run, states = FloatRun(graph), initial_states(graph)
    for step in range(steps):
        outputs = run({**{name: rows[step] for name, rows in arrays.items()}, **states})
        states = {state.input: outputs[state.output] for state in graph.states}
        yield run


def run_steps(graph: StepGraph, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """All outputs (steps, *shape) of ``each_step``, by name."""
    rows = [[run.value(name) for name in graph.outputs] for run in each_step(graph, arrays)]
    return {name: np.stack(column) for name, column in zip(graph.outputs, zip(*rows, strict=True), strict=True)}


def _count(graph: StepGraph, arrays: Mapping[str, Array]) -> int:
    """The number of steps in ``arrays``."""
    source = graph.name or "model"
    if set(arrays) != set(graph.audio):
        raise InputError(source, "arrays", ", ".join(sorted(arrays)), f"must be {', '.join(graph.audio)}")
    counts = {np.asarray(rows).shape[:1] for rows in arrays.values()}
    if len(counts) != 1 or counts in ({()}, {(0,)}):
        shapes = ", ".join(f"{name} {np.asarray(rows).shape}" for name, rows in arrays.items())
        raise InputError(source, "arrays", shapes, "all must begin with one and the same number of steps")
    return int(counts.pop()[0])


def _fitting(source: str, name: str, values: Array, tensor: Tensor) -> Array:
    if values.shape != tensor.shape:
        raise InputError(source, name, values.shape, f"must have the shape {tensor.shape}")
    if not np.can_cast(values.dtype, tensor.dtype, "same_kind"):
        raise InputError(source, name, str(values.dtype), f"must be {tensor.dtype}")
    return values.astype(tensor.dtype, copy=False)
