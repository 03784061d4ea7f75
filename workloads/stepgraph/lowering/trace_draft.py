"""A trace that is being written: tensors, operations graph by graph, and what will fill its constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from nnasim.errors import ConfigError
from nnasim.ir.attributes import MOST_AXES
from nnasim.ir.operands import OpKind, Role
from nnasim.ir.trace import Op, OpGraph, OpGroup, TensorSpec
from nnasim.numerics.config import NumericsConfig
from nnasim.records import validated
from workloads.stepgraph.graph import Array
from workloads.stepgraph.integers.grids import FIXED, Grid, Key
from workloads.stepgraph.lowering.cannot_lower import CannotLower

Filler = Callable[[Any], Mapping[str, Array]]
"""Scales -> constants by the names that a weights file has for them."""

LONGEST_NAME, LONGEST_LAYER = 400, 200
FEWER = "export the model with neighbouring axes as one"


@dataclass(frozen=True, eq=False)
class Wire:
    """A tensor whose integers are worth ``factor`` times the step of ``grid``. ``key``: the value it stands for."""

    tensor: str
    grid: Grid
    factor: float = 1.0
    key: Key | None = None


def same_format(a: Wire, b: Wire) -> bool:
    """Whether an integer is worth the same in both, whatever calibration will say."""
    is_fixed = a.grid.rule == b.grid.rule and a.grid.rule in FIXED
    return (a.grid is b.grid or is_fixed) and (a.grid.bits, a.factor) == (b.grid.bits, b.factor)


class Mark(NamedTuple):
    """The numbers of tensors, operations of ``graph`` and fillers."""

    graph: str
    tensors: int
    ops: int
    fillers: int


class TraceDraft:
    """Every tensor is declared once; names of operations and tensors are unique in the whole trace."""

    def __init__(self, numerics: NumericsConfig) -> None:
        self.numerics = numerics
        self.tensors: dict[str, TensorSpec] = {}
        self.ops: dict[str, list[Op]] = {}
        self.fillers: list[Filler] = []
        self._op_names = set[str]()

    def tensor(self, name: str, shape: Sequence[int], bits: int, role: Role = "activation") -> str:
        """Declare a tensor under ``name``, made unique; returns that name. Raises CannotLower for too many axes."""
        if len(shape) > MOST_AXES:
            raise CannotLower(f"works on {len(shape)} axes, of which a trace's tensors have at most {MOST_AXES}", FEWER)
        name = _unique(plain(name), self.tensors)
        self.tensors[name] = TensorSpec.model_validate({"shape": tuple(shape), "bits": bits, "role": role})
        return name

    def op(
        self, graph: str, name: str, layer: str, kind: OpKind, group: OpGroup, inputs: Sequence[str],
        outputs: Sequence[str], told: Mapping[str, Any],
    ) -> Op:  # fmt: skip
        """Append an operation to ``graph``, under ``name``, made unique; returns the operation.

        Raises CannotLower for attributes that a trace's operations cannot have, as a stride of 2^40.
        """
        name = _unique(plain(name), self._op_names)
        self._op_names.add(name)
        data: dict[str, Any] = {
            "name": name, "kind": kind, "group": group, "layer": plain(layer)[-LONGEST_LAYER:], "inputs": tuple(inputs),
            "outputs": tuple(outputs),
        }  # fmt: skip
        op = _validated(data | ({"attributes": dict(told)} if told else {}))
        self.ops.setdefault(graph, []).append(op)
        return op

    def mark(self, graph: str) -> Mark:
        """A mark of the draft's current state, for ``undo``."""
        return Mark(graph, len(self.tensors), len(self.ops.get(graph, ())), len(self.fillers))

    def undo(self, mark: Mark) -> None:
        """Forget what was written since ``mark``."""
        for name in list(self.tensors)[mark.tensors :]:
            del self.tensors[name]
        for op in self.ops.get(mark.graph, [])[mark.ops :]:
            self._op_names.discard(op.name)
        del self.ops.get(mark.graph, [])[mark.ops :], self.fillers[mark.fillers :]

    def fill(self, filler: Filler) -> None:
        """Note a filler, which makes constants of an exact import."""
        self.fillers.append(filler)

    @property
    def graphs(self) -> dict[str, OpGraph]:
        """The graphs as written so far."""
        return {name: OpGraph(ops=tuple(ops)) for name, ops in self.ops.items()}


def _validated(data: Mapping[str, Any]) -> Op:
    try:
        return validated(Op, data, "")
    except ConfigError as error:
        if not error.field.startswith("attributes"):
            raise  # ours, not the model's
        raise CannotLower(f"cannot be an operation of a trace: {error.allowed}") from None


def plain(name: str) -> str:
    """``name`` as a trace may have it: not empty, and not too long."""
    return (name.strip("/") or "unnamed")[-LONGEST_NAME:]


def _unique(name: str, taken: Mapping[str, object] | set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}.{number}" in taken:
        number += 1
    return f"{name}.{number}"
