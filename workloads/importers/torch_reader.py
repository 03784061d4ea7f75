"""Reading a torch module: one streaming step of it as a StepGraph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workloads.importers.torch_calls import UNDECIDED, AtenCall, CallGraph
from workloads.importers.torch_export import class_name, exported
from workloads.importers.torch_moves import MOVES
from workloads.importers.torch_pointwise import POINTWISE
from workloads.importers.torch_pools import POOLS
from workloads.importers.torch_products import PRODUCTS
from workloads.importers.torch_recurrent import RECURRENT
from workloads.importers.torch_reductions import REDUCTIONS
from workloads.importers.torch_states import States, paired
from workloads.importers.torch_writer import Writer
from workloads.stepgraph.concrete import states as pairing
from workloads.stepgraph.concrete.states import Pair
from workloads.stepgraph.graph import Array, Node, State, StepGraph, Tensor
from workloads.stepgraph.refusals import CannotEnterError, Refusal, RefusedModelError
from workloads.stepgraph.standard import standard_form

OPERATORS: Mapping[str, Callable[[Writer, AtenCall], str | tuple[str, ...]]] = {
    **POINTWISE,
    **MOVES,
    **REDUCTIONS,
    **POOLS,
    **PRODUCTS,
    **RECURRENT,
}
"""The operator of the StepGraph's vocabulary for each operator of torch."""

_REASONS: Mapping[str, tuple[str, str]] = {
    "aten.native_dropout": ("drops values at random", "call module.eval() first"),
    "aten._native_batch_norm_legit_functional": ("takes its statistics from what arrives", "call module.eval() first"),
    "aten.item": ("makes a Python number of what arrives", "keep it a tensor"),
    "torch.cond": ("decides by what arrives", "compute both ways and choose with torch.where"),
    "torch.while_loop": ("repeats as often as what arrives decides", "give it a fixed number of rounds"),
}
_COMPLEX = ("computes complex numbers", "write it as products with the cosines and sines of its frequencies")
_DRAWS = ("draws at random, so no two calls agree", "draw outside of the module")
_UNKNOWN = ("is not in the vocabulary", "")


def read_torch(
    module: Any, example: Any, states: States | None = None, keep_state: Collection[str] = ()
) -> StepGraph:  # fmt: skip
    """One step of ``module`` on ``example``: a tensor, a tuple of the arguments of its forward, or a mapping by name.

    - ``states``: pairs of an argument and the output that the next call gets there, a tuple (h, c) as a whole: ``{"h":
      1, "state": "new_state"}``; outputs by position, key or path. None proposes those whose names suggest it. Buffers
      that a call overwrites are states without being named.
    - ``keep_state``: recurrent modules that start from a constant at each call, and are to continue instead.

    Shapes are those of ``example``; names of nodes begin with those of the user's modules.

    Raises RefusedModelError with every call that has no place in the vocabulary and every state that does not fit, and
    InputError for an example that does not fit and for a module that is not a single graph.
    """
    source = class_name(module)
    calls = exported(module, example, _is_known)
    write = Writer(calls, keep_state)
    inputs = {write.name(value): calls.tensors[value] for value in calls.inputs}
    own = {write.name(change.input) for change in calls.overwritten}
    after = {change.output for change in calls.overwritten}
    pairs, misfits = paired(
        states,
        {name: tensor for name, tensor in inputs.items() if name not in own},
        {name: calls.tensors[value] for value, name in calls.outputs if name not in after},
    )
    refusals = [*_write(write, calls), *misfits]
    refusals += pairing.unkept(keep_state, write.forgetful)
    if refusals:
        raise RefusedModelError(source, refusals)
    return standard_form(_Result(source, calls, write, inputs).graph(pairs))


def _is_known(operator: str) -> bool:
    """Whether ``operator`` stays whole: it is read, or refused with a reason of its own."""
    return operator in OPERATORS or operator in _REASONS or "fft" in operator or operator == "aten.stft"


def _write(write: Writer, calls: CallGraph) -> Iterator[Refusal]:
    """Write every call; yields a refusal for each that has no place in the vocabulary."""
    undecided = set[str]()
    for call in calls.calls:
        if undecided.intersection(call.operands):
            undecided.update(call.outputs)  # by what was refused already
            continue
        write.path = call.path
        try:
            names = _said(write, call)
        except CannotEnterError as error:
            yield Refusal(_where(call), call.operator, error.why, error.help)
            names = write.absent(call)  # so that what reads it is judged too
            if any(UNDECIDED in tensor.shape for tensor in call.tensors):
                undecided.update(call.outputs)
        write.bind(call.outputs, names)


def _said(write: Writer, call: AtenCall) -> tuple[str, ...]:
    """The names of what ``call`` gives. Raises CannotEnterError if it has no place here."""
    if any(tensor.dtype.startswith("complex") for tensor in call.tensors):
        raise CannotEnterError(*_COMPLEX)
    if call.operator not in OPERATORS:
        raise CannotEnterError(*_REASONS.get(call.operator, _DRAWS if call.draws else _UNKNOWN))
    if any(UNDECIDED in tensor.shape for tensor in call.tensors):
        raise CannotEnterError("gives as many elements as what arrives decides", "keep every shape fixed")
    names = OPERATORS[call.operator](write, call)
    return (names,) if isinstance(names, str) else names


def _where(call: AtenCall) -> str:
    """The call by module, name and line of the user's code."""
    name = f"{call.path}.{call.name}" if call.path else call.name
    return f"{name} [{call.place}]" if call.place else name


class _Result:
    """The result of the writing, under the names of the module's outputs if a node makes them."""

    def __init__(self, source: str, calls: CallGraph, write: Writer, inputs: Mapping[str, Tensor]) -> None:
        self.source, self.calls, self.write, self.inputs = source, calls, write, inputs
        self._names = dict[str, str]()
        for value, output in calls.outputs:
            if (name := write.name(value)) in write.tensors and name not in inputs:
                self._names.setdefault(name, output)
        self._outputs = {output: self._name(write.name(value)) for value, output in calls.outputs}

    def _name(self, value: str) -> str:
        return self._names.get(value, value)

    def graph(self, pairs: Iterable[Pair]) -> StepGraph:
        """The whole graph, with the states of ``pairs``, those that calls overwrite, and those that are kept beside."""
        self.write.path = ""
        states = [State(name, self._outputs[output]) for name, output in pairs]
        states += (self._state(self.write.name(change.input), self._outputs[change.output], change.initial)
                   for change in self.calls.overwritten)  # fmt: skip
        kept = [self._state(state.input, self._name(state.output), state.initial) for state in self.write.kept]
        beside = {state.input: self.write.tensors[state.input] for state in kept}
        arriving = {**self.inputs, **beside}
        tensors = self.write.tensors.items()
        return StepGraph(
            name=self.source,
            nodes=tuple(map(self._renamed, self.write.nodes)),
            inputs=arriving,
            values={self._name(name): tensor for name, tensor in tensors if name not in arriving},
            constants=self.write.constants,
            outputs=(*(self._outputs[output] for _, output in self.calls.outputs), *(state.output for state in kept)),
            states=(*states, *kept),
            folded=self.calls.folded,
            origin=self.calls.origin,
        )

    def _state(self, name: str, output: str, initial: Array | None) -> State:
        start = None if initial is None else self.write.constant(initial, f"{name}.initial")
        return State(name, output, start)

    def _renamed(self, node: Node) -> Node:
        inputs, outputs = (tuple(map(self._name, side)) for side in (node.inputs, node.outputs))
        return replace(node, inputs=inputs, outputs=outputs)
