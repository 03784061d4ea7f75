"""A model as its file holds it, free of the file's format: open shapes, undecided branches, nodes of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError


@dataclass(frozen=True)
class RawNode:
    """A node in the words of its origin.

    ``attributes``: numbers, texts, tuples of them, arrays, a RawGraph where a node has bodies, or the error that
    reading one gave. ``references``: the attributes whose values are those of the function around the node, by its
    names. ``opset``: its domain's version.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    opset: int = 0

    @property
    def word(self) -> str:
        """The operator as messages say it: with its domain if it is not ONNX's own."""
        return f"{self.domain}:{self.operator}" if self.domain else self.operator

    @property
    def label(self) -> str:
        """The node's name, or that of its first output where it has none."""
        return self.name or next(filter(None, self.outputs), "")


@dataclass(frozen=True)
class RawGraph:
    """A graph, or the body of a node, which sees the names around it too.

    ``constants``: arrays, or the error that reading one gave.
    """

    nodes: tuple[RawNode, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array | CannotEnterError] = field(default_factory=dict)


@dataclass(frozen=True)
class RawFunction:
    """A subroutine that a model brings with it.

    ``defaults``: attributes that a call may leave out; ``attributes``: the others, by name.
    """

    body: RawGraph
    defaults: Mapping[str, Any] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawInput:
    """An input of a model: its axes, each a size, the name of an open one, or None; and its type.

    ``axes`` are None if the file does not even give their number.
    """

    axes: tuple[int | str | None, ...] | None
    dtype: str

    def __str__(self) -> str:
        if self.axes is None:
            return "of any shape"
        return f"({', '.join('?' if axis is None else str(axis) for axis in self.axes)})"


@dataclass(frozen=True)
class RawModel:
    """A model as read. ``inputs``: the declaration of each, or why it cannot enter; ``functions`` by domain and
    name.
    """

    name: str
    graph: RawGraph
    inputs: Mapping[str, RawInput | CannotEnterError]
    functions: Mapping[tuple[str, str], RawFunction] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
