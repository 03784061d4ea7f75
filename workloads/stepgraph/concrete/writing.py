"""Writing a StepGraph node by node: what constants decide is computed at once, all else becomes a node."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.attributes import complete
from workloads.stepgraph.concrete.evaluation import Budget
from workloads.stepgraph.concrete.raw import RawNode
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Array, Attribute, Node, Tensor
from workloads.stepgraph.names import Names
from workloads.stepgraph.refusals import CannotEnterError
from workloads.stepgraph.shapes.table import tensors_of


@dataclass(frozen=True)
class KeptState:
    """A state that the model itself does not keep: its initial value, and its value after a call."""

    initial: Array | None
    last: Value | None = None


class Writer:
    """The nodes written so far, for one node of the origin after the other. ``origin``: the one being written.

    ``made_of``: by the name of each written node, the node of the origin whose work it does. ``keep``: nodes of the
    origin whose states are kept from call to call though the model does not; ``kept``: these states, by their inputs;
    ``forgetful``: the nodes whose states the model does not keep.
    """

    def __init__(self, reserved: Iterable[str], budget: Budget, keep: Collection[str] = ()) -> None:
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.constants: dict[str, Array] = {}
        self.made_of: dict[str, RawNode] = {}
        self.origin = RawNode("", "", (), ())
        self.budget, self.keep = budget, keep
        self.inputs: dict[str, Tensor] = {}
        self.kept: dict[str, KeptState] = {}
        self.forgetful: list[str] = []
        self.value_names, self._node_names = Names(reserved), Names()
        self._named: dict[int, str] = {}

    def __call__(self, operator: str, *operands: Value | None, **attributes: Attribute) -> Value:
        """One node of one output, attributes as ONNX has them; see ``several``."""
        return self.several(operator, operands, **attributes)[0]

    def several(self, operator: str, operands: Sequence[Value | None], **attributes: Attribute) -> tuple[Value, ...]:
        """The outputs of a node: computed where all operands are known, else written.

        Raises CannotEnterError if the operands do not fit, or if that would cost more than it may.
        """
        operands = _present(operands)
        given = complete(operator, attributes, operands[0].rank if operands and operands[0] else 0)
        flows = any(value is not None and value.array is None for value in operands)
        if flows:
            operands = [_narrow(value) for value in operands]
        tensors = tensors_of(operator, given, operands)
        if flows:
            return self._written(operator, operands, given, tensors)
        arrays = self.budget.computed(operator, given, operands, tensors)
        return tuple(self.constant(array) for array in arrays)

    def constant(self, array: Array, part: str = "") -> Value:
        """A known value, named after the node that is being written, and ``part`` of it."""
        return Value.known(f"{self.origin.label}.{part}" if part else self.origin.label, array)

    def integers(self, numbers: Iterable[int], part: str) -> Value:
        """Known numbers of one axis, int64. Raises CannotEnterError beyond 64 bits."""
        try:
            return self.constant(np.array(list(numbers), np.int64), part)
        except OverflowError:
            raise CannotEnterError(f"has {part} beyond 64 bits") from None

    def number(self, number: float, like: Value, part: str = "number") -> Value:
        """One known number in the type of another value. Raises CannotEnterError if that type does not have it."""
        if np.dtype(like.dtype).kind in "iub":
            bounds = (0, 1) if like.dtype == "bool" else (np.iinfo(like.dtype).min, np.iinfo(like.dtype).max)
            if number != number // 1 or not bounds[0] <= number <= bounds[1]:
                raise CannotEnterError(f"puts {number:g}, its {part}, among {like.dtype}")
            number = int(number)
        return self.constant(np.array(number, like.dtype), part)

    def reshape(self, value: Value, shape: Sequence[int]) -> Value:
        """``value`` in another shape, every size given; itself if it has that shape."""
        return value if value.shape == tuple(shape) else self("Reshape", value, self.integers(shape, "shape"))

    def transpose(self, value: Value, perm: Sequence[int]) -> Value:
        """``value`` with its axes in the order of ``perm``."""
        return value if list(perm) == list(range(value.rank)) else self("Transpose", value, perm=tuple(perm))

    def slice(self, value: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
        """Part of one axis of ``value``."""
        bounds = {"starts": start, "ends": end, "axes": axis, "steps": step}
        return self("Slice", value, *(self.integers([number], part) for part, number in bounds.items()))

    def new_state(self, name: str, tensor: Tensor, initial: Array | None) -> Value:
        """A further input of the model: a state that starts from ``initial``, or from zeros."""
        name = self.value_names.new(name)
        self.inputs[name] = tensor
        self.kept[name] = KeptState(initial)
        return Value(name, tensor)

    def keep_state(self, state: Value, last: Value) -> None:
        """Make ``last`` the value of ``state`` at the next call."""
        self.kept[state.name] = replace(self.kept[state.name], last=last)

    def settle(self, mark: int, values: Sequence[Value | None]) -> list[Value | None]:
        """Name the nodes written since there were ``mark``, and those of ``values`` that they made, as the
        origin does.
        """
        tail = self.nodes[mark:]
        made = {name for node in tail for name in node.outputs}
        names = dict[str, str]()
        for value, name in zip(values, self.origin.outputs, strict=False):
            if value is not None and value.name in made and name:
                names.setdefault(value.name, self.value_names.new(name))
        for name, new in names.items():
            self.tensors[new] = self.tensors.pop(name)
        for name, state in self.kept.items():
            if state.last is not None and state.last.name in names:
                self.keep_state(Value(name, state.last.tensor), replace(state.last, name=names[state.last.name]))
        self.nodes[mark:] = [self._renamed(node, names, len(tail) > 1) for node in tail]
        return [value and replace(value, name=names.get(value.name, value.name)) for value in values]

    def _written(
        self,
        operator: str,
        operands: Sequence[Value | None],
        attributes: dict[str, Attribute],
        tensors: Sequence[Tensor],
    ) -> tuple[Value, ...]:
        self.budget.write(len(operands))
        inputs = tuple("" if value is None else self._name(value) for value in operands)
        names = tuple(self.value_names.new(f"{self.origin.label}.{operator}") for _ in tensors)
        self.nodes.append(Node("", operator, inputs, names, attributes))
        self.tensors.update(zip(names, tensors, strict=True))
        return tuple(Value(name, tensor) for name, tensor in zip(names, tensors, strict=True))

    def _name(self, value: Value) -> str:
        """The name of an operand: a constant gets its name at its first use."""
        if value.array is None:
            return value.name
        key = id(value.array)  # the array is held from then on, so that no other gets its number
        if key not in self._named:
            self.budget.spend(value.array.size, value.array.itemsize)  # what was a view so far becomes a constant
            self._named[key] = self.value_names.new(value.name)
            self.constants[self._named[key]] = value.array
        return self._named[key]

    def _renamed(self, node: Node, names: dict[str, str], one_of_several: bool) -> Node:
        wanted = f"{self.origin.label}.{node.operator}" if one_of_several else self.origin.label
        name = self._node_names.new(wanted)
        self.made_of[name] = self.origin
        inputs, outputs = (tuple(names.get(name, name) for name in side) for side in (node.inputs, node.outputs))
        return replace(node, name=name, inputs=inputs, outputs=outputs)


def _present(operands: Sequence[Value | None]) -> list[Value | None]:
    """``operands`` without absent ones at the end."""
    present = list(operands)
    while present and present[-1] is None:
        present.pop()
    return present


def _narrow(value: Value | None) -> Value | None:
    """A constant beside what flows in float32, whatever precision it was computed in."""
    if value is None or value.array is None or value.dtype != "float64":
        return value
    with np.errstate(over="ignore"):  # infinite beyond float32, as in a C library
        return Value.known(value.name, value.array.astype(np.float32))
