"""Making a model concrete: one call of it, every shape a tuple of numbers, every branch decided, its states named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.concrete import states as pairing
from workloads.stepgraph.concrete.binding import Binding, Bindings, Shapes
from workloads.stepgraph.concrete.call import Dialect
from workloads.stepgraph.concrete.evaluation import Budget
from workloads.stepgraph.concrete.order import bodies
from workloads.stepgraph.concrete.raw import RawGraph, RawModel
from workloads.stepgraph.concrete.states import Pair
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.walk import REFUSED, Walk
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array, FoldedNode, Node, State, StepGraph, Tensor
from workloads.stepgraph.refusals import Refusal, RefusedModelError
from workloads.stepgraph.standard import standard_form


@dataclass(frozen=True)
class Wishes:
    """The user's settings about a model, as the arguments of a reader."""

    shapes: Shapes
    bind: Bindings
    states: Iterable[str | Pair] | None
    keep_state: Collection[str]


def made_concrete(model: RawModel, source: object, wishes: Wishes, dialect: Dialect) -> StepGraph:
    """``model`` as a StepGraph in standard form. Raises RefusedModelError of ``source`` with all that cannot enter."""
    arriving = [name for name in model.inputs if name not in wishes.bind]
    pairs, refusals = _pairs(model, arriving, wishes)
    binding = Binding(model, wishes.shapes, wishes.bind, {name for name, _ in pairs})
    values = binding.values()
    write = _writer(model, wishes)
    walk = Walk(model, source, write, dialect)
    results = walk.outputs({name: values.get(name, REFUSED) for name in model.inputs})
    outputs = dict(zip(model.graph.outputs, results, strict=True))
    inputs = {name: values[name].tensor for name in arriving if name in values}
    refusals += [*binding.refusals, *walk.refusals]
    if binding.guesses:
        guess, known = Walk(model, source, _writer(model, wishes), dialect, guessing=True), set(walk.refusals)
        guess.outputs({name: {**values, **binding.guesses}.get(name, REFUSED) for name in model.inputs})
        refusals += [refusal for refusal in guess.refusals if refusal not in known]
    else:
        refusals += pairing.unkept(write.keep, write.forgetful)
        refusals += _misfits(inputs, outputs, pairs, ask=wishes.states is None)
    if refusals:
        raise RefusedModelError(source, refusals)
    result = _Result(write, outputs)
    states = (*result.states(pairs), *result.kept())
    graph = StepGraph(
        name=model.name,
        nodes=result.nodes,
        inputs={**inputs, **write.inputs},
        values=result.values,
        constants=result.constants,
        outputs=result.outputs,
        states=states,
        origin=model.origin,
    )
    standard = standard_form(graph)
    return replace(standard, folded=tuple(walk.gone) + tuple(_merged(write, standard)))


def _writer(model: RawModel, wishes: Wishes) -> Writer:
    names = {*model.inputs, *model.graph.outputs}
    return Writer(names, Budget(constant_bytes(model.graph)), set(wishes.keep_state))


def _pairs(model: RawModel, arriving: Sequence[str], wishes: Wishes) -> tuple[list[Pair], list[Refusal]]:
    outputs = model.graph.outputs
    if wishes.states is None:
        return pairing.proposed(arriving, outputs), []
    return pairing.declared(wishes.states, arriving, outputs)


def _misfits(
    inputs: Mapping[str, Tensor], outputs: Mapping[str, Value], pairs: Sequence[Pair], ask: bool
) -> Iterator[Refusal]:
    """States whose sides do not fit each other, and what may be a state without saying so."""
    tensors = {name: value.tensor for name, value in outputs.items() if value is not REFUSED}
    yield from pairing.misfits(inputs, tensors, pairs)
    for name, output in pairs:
        if output in outputs and outputs[output].array is not None:
            yield Refusal(name, "state", f"would be the same at every call: {output} is a constant")
    if ask:
        yield from pairing.unnamed(inputs, tensors, pairs)


class _Result:
    """The graph that ``write`` has written, under the names of the model's ``outputs``."""

    def __init__(self, write: Writer, outputs: Mapping[str, Value]) -> None:
        self.write, self._values = write, outputs
        self._names = dict[str, str]()
        self.constants = dict(write.constants)
        for output, value in outputs.items():
            if value.array is not None:
                self.constants[output] = _whole(value.array)
            elif value.name in write.tensors:
                self._names.setdefault(value.name, output)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in an order in which they may run."""
        return tuple(
            node if self._names.keys().isdisjoint((*node.inputs, *node.outputs)) else self._renamed(node)
            for node in self.write.nodes
        )

    def _renamed(self, node: Node) -> Node:
        inputs, outputs = (tuple(self._names.get(name, name) for name in side) for side in (node.inputs, node.outputs))
        return replace(node, inputs=inputs, outputs=outputs)

    @property
    def values(self) -> dict[str, Tensor]:
        """Shape and type of what the nodes make."""
        return {self._names.get(name, name): tensor for name, tensor in self.write.tensors.items()}

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs of a call: the model's outputs, then the last states of layers that are kept beside it."""
        own = [self._name_of(output) for output in self._values]
        kept = [self._names.get(state.last.name, state.last.name) for state in self.write.kept.values() if state.last]
        return tuple(dict.fromkeys([*own, *kept]))

    def _name_of(self, output: str) -> str:
        value = self._values[output]
        return output if value.array is not None else self._names.get(value.name, value.name)

    def states(self, pairs: Iterable[Pair]) -> Iterator[State]:
        """The model's own states, which start from zeros."""
        return (State(name, self._name_of(output)) for name, output in pairs)

    def kept(self) -> Iterator[State]:
        """States of layers that are kept beside the model."""
        for name, state in self.write.kept.items():
            assert state.last is not None, "a layer that keeps a state gives its last one"
            initial = None
            if state.initial is not None:
                initial = self.write.value_names.new(f"{name}.initial")
                self.constants[initial] = _whole(state.initial)
            yield State(name, self._names.get(state.last.name, state.last.name), initial)


def _merged(write: Writer, standard: StepGraph) -> Iterator[FoldedNode]:
    """Nodes of the origin whose work the standard form does not need, or does together with another's."""
    names = {name for node in standard.nodes for name in (node.name, node.name.rpartition(".")[0])}
    origins = {id(origin): origin for origin in write.made_of.values()}
    needed = {id(origin) for name, origin in write.made_of.items() if name in names}
    return (FoldedNode(origin.label, origin.word) for key, origin in origins.items() if key not in needed)


def _whole(array: Array) -> Array:
    """``array`` with its elements one behind the other."""
    return np.ascontiguousarray(array).reshape(array.shape)  # which makes one axis of none


def constant_bytes(graph: RawGraph) -> int:
    """Bytes of all constants that a model brings with it."""
    own = sum(array.nbytes for array in graph.constants.values() if isinstance(array, np.ndarray))
    return own + sum(constant_bytes(body) for node in graph.nodes for body in bodies(node))
