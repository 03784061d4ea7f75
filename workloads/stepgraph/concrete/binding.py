"""The inputs of a call: the shape of each, and inputs that are one constant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from nnasim import limits
from workloads.stepgraph.concrete.raw import RawInput, RawModel
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Array, Tensor
from workloads.stepgraph.refusals import CannotEnterError, Refusal
from workloads.stepgraph.shapes.table import check_size

Shapes = Mapping[str, Sequence[int]]
"""Sizes by the name of an input."""

Bindings = Mapping[str, Any]
"""Constants by the name of an input, and sizes by that of an open axis."""

_OPEN = "give its `shapes`, every axis as a number, or `bind` the size that is named"


class Binding:
    """The user's settings about a model's inputs. ``states``: inputs that the call before fills.

    ``refusals``: settings that do not fit, and sizes that are left open; ``guesses``: inputs with sizes that are not
    given, with 1 for those.
    """

    def __init__(self, model: RawModel, shapes: Shapes, bind: Bindings, states: Collection[str]) -> None:
        self.model, self.shapes, self.bind, self.states = model, shapes, bind, states
        self.refusals = [*self._unknown(), *self._contradictions()]
        self.guesses: dict[str, Value] = {}
        self._sizes = self._named_sizes()

    def values(self) -> dict[str, Value]:
        """Each input that is decided: known if it is bound, else with its shape."""
        values = dict[str, Value]()
        for name, given in self.model.inputs.items():
            try:
                if isinstance(given, CannotEnterError):
                    raise given
                values[name] = self._constant(name, given) if name in self.bind else self._arriving(name, given)
            except CannotEnterError as error:
                self.refusals.append(Refusal(name, "input", error.why, error.help))
        return values

    def _arriving(self, name: str, given: RawInput) -> Value:
        """An input of a decided shape. An open axis of a state is 1: streams come one at a time."""
        if name in self.shapes:
            return Value(name, check_size(Tensor(_fitting(self.shapes[name], given), given.dtype)))
        sizes = [self._sizes.get(axis) if isinstance(axis, str) else axis for axis in given.axes or ()]
        value = Value(name, check_size(Tensor(tuple(1 if size is None else size for size in sizes), given.dtype)))
        if given.axes is None or (None in sizes and name not in self.states):
            self.guesses[name] = value
            raise CannotEnterError(f"is {given}, with sizes that are not given", _OPEN)
        return value

    def _constant(self, name: str, given: RawInput) -> Value:
        """A bound input: a number stands for all of its elements."""
        values = _numbers(self.bind[name], given.dtype)
        axes = given.axes
        if values.ndim == 0 and axes is not None:
            sizes = [self._sizes.get(axis) if isinstance(axis, str) else axis for axis in axes]
            shape = tuple(1 if size is None else size for size in sizes)
            if max(prod(shape), *shape, 0) > MOST_BOUND:
                raise CannotEnterError(f"has {prod(shape):,} elements, of which at most {MOST_BOUND:,} can be bound")
            return Value.known(name, np.full(shape, values))
        _fitting(values.shape, given)
        return Value.known(name, values)

    def _named_sizes(self) -> dict[str, int]:
        """Sizes by the name of their axis: bound ones, and those that the shape of an input decides."""
        sizes = {name: size for name, size in self.bind.items() if _is_size(size)}
        for name, shape in self.shapes.items():
            for axis, size in zip(self._axes(name), shape, strict=False):
                if isinstance(axis, str) and axis and _is_size(size):
                    sizes.setdefault(axis, size)
        return sizes

    def _contradictions(self) -> Iterator[Refusal]:
        """Sizes of one name that the user's settings make two."""
        said = {name: (int(size), "bind") for name, size in self.bind.items() if _is_size(size)}
        for name, shape in self.shapes.items():
            sizes = shape if isinstance(shape, Sequence | np.ndarray) else ()
            for axis, size in zip(self._axes(name), sizes, strict=False):
                if not isinstance(axis, str) or not axis or not _is_size(size):
                    continue
                known, where = said.setdefault(axis, (int(size), f"the shape of {name}"))
                if known != size:
                    why = f"is {known} by {where}, and {size} by the shape of {name}: one name is one size"
                    yield Refusal(axis, "size", why)

    def _axes(self, name: str) -> tuple[int | str | None, ...]:
        given = self.model.inputs.get(name)
        return given.axes or () if isinstance(given, RawInput) else ()

    def _unknown(self) -> Iterator[Refusal]:
        """Names that the model does not know."""
        inputs = self.model.inputs
        open_sizes = {axis for name in inputs for axis in self._axes(name) if isinstance(axis, str)}
        for name in sorted(self.shapes.keys() - inputs.keys()):
            yield Refusal(name, "shape", f"is no input of the model; they are {', '.join(inputs)}")
        for name in sorted(self.bind.keys() - inputs.keys() - open_sizes):
            names = ", ".join([*inputs, *sorted(filter(None, open_sizes))])
            yield Refusal(name, "bind", f"is no input of the model, and no open size; they are {names}")


MOST_BOUND = limits.BOUND_VALUES


def _is_size(size: Any) -> bool:
    return isinstance(size, int | np.integer) and not isinstance(size, bool) and int(size) >= 0


def _fitting(shape: Sequence[int], given: RawInput) -> tuple[int, ...]:
    """``shape``, which must be sizes that agree with those that are declared."""
    sizes = tuple(shape) if isinstance(shape, Sequence | np.ndarray) else (shape,)
    if not all(map(_is_size, sizes)):
        raise CannotEnterError(f"cannot have the shape {sizes}", "a shape is a whole number for each axis")
    axes = given.axes
    fixed = axes is None or (
        len(axes) == len(sizes)
        and all(axis == size for axis, size in zip(axes, sizes, strict=True) if isinstance(axis, int))
    )
    if not fixed:
        raise CannotEnterError(f"is {given}, which the shape {sizes} does not fit")
    return tuple(int(size) for size in sizes)


def _numbers(value: Any, dtype: str) -> Array:
    """The constant that an input is bound to, in its type."""
    try:
        values = np.asarray(value)
        with np.errstate(invalid="ignore"):
            exact = values.astype(dtype)
    except (ValueError, TypeError, OverflowError):
        raise CannotEnterError(f"cannot be bound to {value!r}", f"it holds {dtype}") from None
    whole = np.issubdtype(exact.dtype, np.floating) or np.array_equal(exact, values)
    if values.dtype.kind not in "biuf" or not whole:
        raise CannotEnterError(f"cannot be bound to {value!r}", f"it holds {dtype}")
    return exact
