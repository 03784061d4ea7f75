"""A module as torch.export describes it, in our records: every aten call with its arguments by name. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workloads.stepgraph.graph import Array, FoldedNode, Tensor

UNDECIDED = -1
"""The stand-in for a size that only data decide."""


@dataclass(frozen=True)
class Value:
    """A tensor among the arguments of a call, by the name that the export gives it."""

    name: str


@dataclass(frozen=True)
class AtenCall:
    """One call of an operator.

    ``operator``: "aten.linear"; ``arguments``: by the schema's names, defaults included; ``outputs``: names of what it
    returns, with ``tensors``; ``path``: the module that calls it, "" for the outermost; ``place``: file and line;
    ``draws``: whether it draws at random.
    """

    name: str
    operator: str
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    path: str
    place: str
    draws: bool

    def __getitem__(self, argument: str) -> Any:
        """The argument of this name. Raises KeyError if this overload has none."""
        return self.arguments[argument]

    def get(self, argument: str, default: Any = None) -> Any:
        """The argument of this name, or ``default`` if this overload has none, or if it is None."""
        value = self.arguments.get(argument)
        return default if value is None else value

    @property
    def operands(self) -> set[str]:
        """Names of the tensors among the arguments."""
        return set(_values(self.arguments.values()))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first output."""
        return self.tensors[0].shape


def _values(arguments: Iterable[Any]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, Value):
            yield argument.name
        elif isinstance(argument, tuple):
            yield from _values(argument)


@dataclass(frozen=True)
class Overwritten:
    """A buffer or an argument that each call overwrites. ``input``: its value in the export; ``output``: among outputs.

    ``initial``: what a buffer holds before the first call; None for zeros.
    """

    input: str
    output: str
    initial: Array | None


@dataclass(frozen=True)
class CallGraph:
    """One forward pass. Values have the names of the export.

    ``inputs``: name for the user by value, in the signature's order, then buffers that are overwritten; ``outputs``:
    (value, name for the user), then the overwritten buffers; ``tensors``: of both; ``constants``: parameters, buffers
    and values that follow from them alone; ``targets``: the user's name of a constant that has one.
    """

    inputs: Mapping[str, str]
    outputs: tuple[tuple[str, str], ...]
    tensors: Mapping[str, Tensor]
    constants: Mapping[str, Array]
    targets: Mapping[str, str]
    overwritten: tuple[Overwritten, ...]
    calls: tuple[AtenCall, ...]
    folded: tuple[FoldedNode, ...]
    origin: Mapping[str, str]
