"""A node of the origin with its operands, as the rules that rewrite it read it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workloads.stepgraph.concrete.raw import RawNode
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError


@dataclass(frozen=True)
class RawCall:
    """A node of the origin and its operands.

    ``operands``: None if an optional one is absent. Everything that does not fit raises CannotEnterError.

    What a rule reads is noted, so that an attribute or an operand that no rule reads is refused.
    """

    node: RawNode
    operands: Sequence[Value | None]
    _asked: set[int | str] = field(default_factory=set)

    def __getitem__(self, place: int) -> Value:
        """An operand that must be there."""
        if (value := self.get(place)) is None:
            raise CannotEnterError(f"lacks its operand {place + 1}")
        return value

    def get(self, place: int) -> Value | None:
        """An operand that may be absent."""
        self._asked.add(place)
        return self.operands[place] if place < len(self.operands) else None

    @property
    def all(self) -> Sequence[Value | None]:
        """All operands."""
        self._asked.update(range(len(self.operands)))
        return self.operands

    @property
    def present(self) -> list[Value]:
        """The operands that are there, of a node that takes any number but none."""
        if not (values := [value for value in self.all if value is not None]):
            raise CannotEnterError("has no operands")
        return values

    @property
    def opset(self) -> int:
        """The version of the operator's set."""
        return self.node.opset

    @property
    def outputs(self) -> int:
        """The number of outputs of the node; those after the last named one do not count."""
        return max((place + 1 for place, name in enumerate(self.node.outputs) if name), default=0)

    def has(self, name: str) -> bool:
        """Whether the node has this attribute."""
        self._asked.add(name)
        return name in self.node.attributes

    def integer(self, name: str, default: int | None = None) -> int:
        """An attribute that is an integer."""
        return int(self._attribute(name, default, int))

    def flag(self, name: str, default: int) -> int:
        """An attribute that is 0 or 1."""
        if (value := self.integer(name, default)) not in (0, 1):
            raise CannotEnterError(f"its attribute {name} is {value}, neither 0 nor 1")
        return value

    def number(self, name: str, default: float | None = None, *, infinite: bool = False) -> float:
        """An attribute that is a number, as float32 holds it; only an ``infinite`` one may have no end."""
        with np.errstate(over="ignore"):
            value = float(np.float32(self._attribute(name, default, (int, float))))
        if np.isnan(value) or (np.isinf(value) and not infinite):
            raise CannotEnterError(f"its attribute {name} is {value}, no finite number")
        return value

    def epsilon(self) -> float:
        """The attribute ``epsilon`` of a normalisation: what is added to a variance before its root is taken."""
        if (value := self.number("epsilon", 1e-5)) < 0:
            raise CannotEnterError(f"its attribute epsilon is {value:g}, below 0")
        return value

    def numbers(self, name: str) -> tuple[float, ...]:
        """An attribute that is a list of numbers."""
        numbers = tuple(self._attribute(name, None, (tuple, list)))
        if not all(isinstance(number, int | float) for number in numbers):
            raise CannotEnterError(f"its attribute {name} must be numbers")
        return numbers

    def text(self, name: str, default: str | None = None) -> str:
        """An attribute that is a text."""
        return str(self._attribute(name, default, str))

    def integers(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """An attribute that is a list of integers."""
        numbers = tuple(self._attribute(name, default, (tuple, list)))
        if not all(isinstance(number, int) for number in numbers):
            raise CannotEnterError(f"its attribute {name} must be integers")
        return numbers

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """An attribute that is a list of texts."""
        texts = tuple(self._attribute(name, default, (tuple, list)))
        if not all(isinstance(text, str) for text in texts):
            raise CannotEnterError(f"its attribute {name} must be texts")
        return texts

    def array(self, name: str) -> Array:
        """An attribute that is a tensor."""
        return np.asarray(self._attribute(name, None, np.ndarray))

    def axis(self, value: Value, default: int | None = None, name: str = "axis", beyond: int = 0) -> int:
        """An attribute that is an axis of ``value``, or one of ``beyond`` behind its last, counted from the front."""
        return self.from_front(self.integer(name, default), value.rank + beyond)

    def check_all_asked(self, harmless: Container[str]) -> None:
        """Raise CannotEnterError for an attribute that is not ``harmless``, or an operand, that no rule has
        asked for.
        """
        names = [name for name in self.node.attributes if name not in self._asked and name not in harmless]
        if names:
            raise CannotEnterError(f"says {', '.join(names)}, which is not known here")
        if any(value is not None for place, value in enumerate(self.operands) if place not in self._asked):
            raise CannotEnterError("has more operands than are known here")

    @staticmethod
    def from_front(axis: int, rank: int) -> int:
        """``axis``, which may count from the end, counted from the front."""
        if not -rank <= axis < rank:
            raise CannotEnterError(f"names axis {axis} of {rank}, where {-rank} to {rank - 1} are allowed")
        return axis % rank

    def _attribute(self, name: str, default: Any, kind: Any) -> Any:
        self._asked.add(name)
        value = self.node.attributes.get(name, default)
        if value is None:
            raise CannotEnterError(f"lacks its attribute {name}")
        if isinstance(value, CannotEnterError):
            raise value
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CannotEnterError(f"its attribute {name} has another type than it must")
        return value


Rule = Callable[[Writer, RawCall], Value | Sequence[Value | None]]
"""Writes what a node of the origin computes, and returns its outputs."""


@dataclass(frozen=True)
class Dialect:
    """The rules that rewrite a format's own operators, by operator.

    ``reasons``: why an operator without a rule has none, and what would help. ``harmless``: attributes that change
    nothing in a call's result.
    """

    rules: Mapping[str, Rule]
    reasons: Mapping[str, tuple[str, str]]
    harmless: Container[str] = ()
