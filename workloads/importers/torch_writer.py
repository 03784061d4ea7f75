"""Nodes of a StepGraph, written call by call, under the names of the user's modules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.importers.torch_calls import AtenCall, CallGraph, Value
from workloads.stepgraph.attributes import complete
from workloads.stepgraph.graph import Array, Attribute, Node, Tensor
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.names import Names
from workloads.stepgraph.refusals import CannotEnterError


@dataclass(frozen=True)
class Kept:
    """A state that the module itself does not keep: names of the input and of its next value, and the first one."""

    input: str
    output: str
    initial: Array | None


class Writer:
    """The graph written so far. ``path``: the module whose calls are being written; it begins the names of its nodes.

    ``keep``: modules that start from a constant at each call and are to continue instead; ``forgetful``: all that start
    so; ``kept``: the states that this makes.
    """

    def __init__(self, graph: CallGraph, keep: Collection[str] = ()) -> None:
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.constants: dict[str, Array] = {}
        self.path = ""
        self.keep, self.forgetful = keep, list[str]()
        self.kept: list[Kept] = []
        self._values, self._nodes = Names(), Names()
        self._name_of: dict[str, str] = {}
        self._graph = graph
        for value, name in graph.inputs.items():
            self._name_of[value] = self._values.new(name)
            self.tensors[self._name_of[value]] = graph.tensors[value]

    def bind(self, values: Sequence[str], names: Sequence[str]) -> None:
        """Give the export's ``values`` the names ``names`` here, as many as there are."""
        self._name_of.update(zip(values, names, strict=False))

    def name(self, value: Value | str) -> str:
        """The name of a value of the export here; constants are added at their first use."""
        key = value.name if isinstance(value, Value) else value
        if key not in self._name_of:
            name = self._values.new(self._graph.targets.get(key, f"constant.{key}"))
            self._name_of[key], self.constants[name] = name, self._graph.constants[key]
        return self._name_of[key]

    def tensor(self, name: str) -> Tensor:
        """Shape and type of the value ``name``."""
        if name in self.constants:
            return Tensor(tuple(self.constants[name].shape), str(self.constants[name].dtype))
        return self.tensors[name]

    def array(self, value: Value, what: str) -> Array:
        """The numbers of a constant. Raises CannotEnterError if ``what`` is not one."""
        if value.name not in self._graph.constants:
            raise CannotEnterError(f"its {what} must not depend on what arrives")
        return self._graph.constants[value.name]

    def rewritten(self, value: Value, values: Array) -> str:
        """A constant in another layout, under its own name."""
        name = self._values.new(self._graph.targets.get(value.name, self._inside(value.name)))
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def is_constant(self, value: Value) -> bool:
        """Whether ``value`` is the same at every call."""
        return value.name in self._graph.constants

    def operand(self, value: Value | float | bool, dtype: str) -> str:
        """A tensor or a number as an operand of this type."""
        if isinstance(value, Value):
            return self.cast(self.name(value), dtype)
        return self.constant(np.array(value, dtype))

    def new_state(self, name: str, initial: Array) -> str:
        """A further input: a new state that starts from ``initial``."""
        name = self._values.new(name)
        self.tensors[name] = Tensor(tuple(initial.shape), str(initial.dtype))
        self.kept.append(Kept(name, "", initial if np.any(initial) else None))
        return name

    def go_on(self, states: Sequence[str], ends: Sequence[str]) -> None:
        """Make each of ``ends`` the value of a new state at the next call; states of the module keep themselves."""
        after = dict(zip(states, ends, strict=True))
        self.kept = [replace(state, output=after.get(state.input, state.output)) for state in self.kept]

    def absent(self, call: AtenCall) -> tuple[str, ...]:
        """Names of what ``call`` would give, though no node makes it."""
        names = tuple(self._values.new(f"{name} of nobody") for name in call.outputs)
        self.tensors.update(zip(names, call.tensors, strict=True))
        return names

    def constant(self, values: Array, name: str = "constant") -> str:
        """A constant of the module that is being written."""
        name = self._values.new(self._inside(name))
        self.constants[name] = values
        return name

    def integers(self, *values: int) -> str:
        """A constant of one axis, int64."""
        return self.constant(np.array(values, np.int64))

    def add(
        self, operator: str, inputs: Sequence[str], shape: Sequence[int], dtype: str = "", **attributes: Attribute
    ) -> str:  # fmt: skip
        """A node of one output; returns its name. ``dtype``: if it is not that of the first input."""
        tensor = Tensor(tuple(shape), dtype or self.tensor(inputs[0]).dtype)
        return self.add_several(operator, inputs, {"": tensor}, **attributes)[0]

    def add_several(
        self, operator: str, inputs: Sequence[str], outputs: Mapping[str, Tensor], **attributes: Attribute
    ) -> tuple[str, ...]:  # fmt: skip
        """A node with ``outputs`` by the ending of their names; returns these names.

        If all inputs are constants, the outputs are computed instead, and are constants too.
        """
        if all(name in self.constants for name in inputs if name):
            return self._computed(operator, inputs, attributes)
        node = self._nodes.new(self._inside(operator))
        names = tuple(self._values.new(f"{node}.{ending}" if ending else node) for ending in outputs)
        self.nodes.append(Node(node, operator, tuple(inputs), names, attributes))
        self.tensors.update(zip(names, outputs.values(), strict=True))
        return names

    def _computed(
        self, operator: str, inputs: Sequence[str], attributes: Mapping[str, Attribute]
    ) -> tuple[str, ...]:  # fmt: skip
        operands = [self.constants[name] if name else None for name in inputs]
        full = complete(operator, attributes, len(self.tensor(inputs[0]).shape))
        return tuple(self.constant(np.ascontiguousarray(array)) for array in apply(operator, full, operands))

    def _inside(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def cast(self, name: str, dtype: str) -> str:
        """``name`` in another type; itself if it has it."""
        if self.tensor(name).dtype == dtype:
            return name
        if name in self.constants:
            return self.constant(self.constants[name].astype(dtype))
        return self.add("Cast", [name], self.tensor(name).shape, dtype, to=dtype)

    def reshape(self, name: str, shape: Sequence[int]) -> str:
        """``name`` in another shape."""
        return self.add("Reshape", [name, self.integers(*shape)], shape)

    def transpose(self, name: str, perm: Sequence[int]) -> str:
        """``name`` with its axes in the order of ``perm``."""
        shape = self.tensor(name).shape
        return self.add("Transpose", [name], [shape[axis] for axis in perm], perm=tuple(perm))

    def slice(self, name: str, axis: int, start: int, end: int, step: int = 1) -> str:
        """Part of ``axis`` of ``name``, bounds as Python counts them."""
        shape = list(self.tensor(name).shape)
        shape[axis] = len(range(*slice(start, end, step).indices(shape[axis])))
        bounds = [self.integers(number) for number in (start, end, axis, step)]
        return self.add("Slice", [name, *bounds], shape)


def subject(write: Writer, call: AtenCall) -> str:
    """The operand of an operator, whichever of torch's two names its argument has."""
    return write.name(call.get("self", call.get("input")))


def each_axis(numbers: int | Sequence[int], spread: int) -> tuple[int, ...]:
    """A number for each of ``spread`` axes; one number stands for all."""
    given = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return given * spread if len(given) == 1 else given
