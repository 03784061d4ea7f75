"""The values of a StepGraph that is written from a TensorFlow Lite subgraph, and the nodes that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import get_args

import numpy as np

from nnasim import limits
from workloads.importers.tflite_file import MOST_ELEMENTS, NUMBERS, FileGraph, FileOperator, FileTensor
from workloads.importers.tflite_layout import CHANNELS_FIRST, CHANNELS_LAST, turned
from workloads.stepgraph.affine import Affine
from workloads.stepgraph.attributes import complete
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Array, Attribute, Node, Product, Reduction, Tensor
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.names import Names
from workloads.stepgraph.refusals import CannotEnterError
from workloads.stepgraph.shapes.table import tensors_of

LONGEST = 200  # letters of a name
MOST_FOLDED = limits.TFLITE_FOLDED  # elements of constants that are computed with
_REAL = {"FLOAT16", "FLOAT32", "FLOAT64"}
_PLACE_CHANNELS_FIRST = {axis: place for place, axis in enumerate(CHANNELS_FIRST)}


class Values:
    """The values written so far. A tensor of the file has a value for each order of its axes that was asked for.

    ``first``: the tensors that are kept channels first; ``shapes``: of each tensor that has a value, its shape in the
    file's order; ``shapes_hold``: whether the shapes that the file declares must be right, since no input is given
    another. Reals stand for the integers of a quantised tensor.
    """

    def __init__(self, graph: FileGraph, first: frozenset[int], *, shapes_hold: bool = True) -> None:
        self.graph, self.first, self.shapes_hold = graph, first, shapes_hold
        self._values, self._nodes = Names(), Names()
        self.names = [self._values.new(_plain(tensor.name) or f"tensor_{tensor.index}") for tensor in graph.tensors]
        self.labels = [self._nodes.new(_label(graph, operator)) for operator in graph.operators]
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.constants: dict[str, Array] = {}
        self.affine: dict[str, Affine] = {}
        self.shapes: dict[int, tuple[int, ...]] = {}
        self.kept_flat: dict[int, int] = {}
        """Of a tensor that a reshape has laid flat, the tensor of four axes, channels first, that it was."""
        self.origins: dict[str, int] = {}
        """Of each node the place of the operator that it was written for."""
        self.after: dict[int, str] = {}
        """The value after the call of each tensor that survives it."""
        self._forms: dict[tuple[int, bool], str] = {}
        self._operator: FileOperator | None = None
        self._work = 0

    def arrive(self, name: str, tensor: Tensor, index: int | None = None) -> None:
        """Declare ``name`` as an input of each call: a variable, or the tensor ``index`` in the file's order of
        axes.
        """
        self.tensors[name] = tensor
        if index is not None:
            self.bind(index, name, tensor.shape, written=True)

    def tensor(self, index: int) -> FileTensor:
        """A tensor as the file declares it. Raises CannotEnterError for an operand that is absent."""
        if index < 0:
            raise CannotEnterError("lacks an operand")
        return self.graph.tensors[index]

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of an operand, as the file orders it."""
        tensor = self.tensor(index)
        return self.shapes.get(index, tensor.shape)

    def dtype(self, index: int) -> str:
        """The element type in the graph: real for quantised integers."""
        tensor = self.tensor(index)
        if tensor.quantisation or tensor.type in _REAL:
            return "float32"
        if tensor.type not in NUMBERS:
            known = ", ".join(sorted(set(NUMBERS.values())))
            why = f"meets {self.names[index]!r}, which is of the type {tensor.type}, none of {known}"
            raise CannotEnterError(why)
        return NUMBERS[tensor.type]

    def is_constant(self, index: int) -> bool:
        """Whether an operand is the same at every call."""
        return index >= 0 and self.written(index) in self.constants

    def numbers(self, index: int, what: str) -> tuple[int, ...]:
        """The integers of a constant operand, flat."""
        name = self.written(index)
        if name not in self.constants:
            raise CannotEnterError(f"takes its {what} from data", "export with every shape decided")
        if self.constants[name].dtype.kind == "f":
            raise CannotEnterError(f"takes its {what} from real numbers")
        return tuple(int(number) for number in self.constants[name].reshape(-1))

    def number(self, index: int, what: str) -> int:
        """The one integer of a constant operand."""
        numbers = self.numbers(index, what)
        if len(numbers) != 1:
            raise CannotEnterError(f"takes {len(numbers)} numbers for its {what}")
        return numbers[0]

    def written(self, index: int) -> str:
        """An operand with its axes in the file's order."""
        return self._form(index, False)

    def form(self, index: int, first: bool) -> str:
        """An operand of four axes channels first, or any as the file orders it."""
        return self._form(index, first)

    def follows(self, index: int) -> bool:
        """Whether a tensor is kept channels first."""
        return index in self.first

    def derived(self, name: str, values: Array, affine: Affine | None = None) -> str:
        """A constant that the file does not have, called ``name`` or longer."""
        return self.constant(self._values.new(name), values, affine)

    def constant(self, name: str, values: Array, affine: Affine | None = None) -> str:
        """A constant under a name that nothing else has."""
        assert name not in self.constants, name
        self.constants[name] = np.ascontiguousarray(values)
        if affine:
            self.affine[name] = affine
        return name

    def bind_written(self, index: int, name: str, shape: Sequence[int]) -> str:
        """Make ``name`` the tensor ``index`` in the file's order of axes; returns the name."""
        return self.bind(index, name, shape, written=True)

    def bind(self, index: int, name: str, shape: Sequence[int], *, written: bool = False) -> str:
        """Make ``name`` a tensor, in that tensor's order. Raises CannotEnterError if the file declares another
        shape.
        """
        tensor, shape = self.graph.tensors[index], tuple(shape)
        declared = tensor.shape
        fits = len(declared) == len(shape) and all(a in (-1, b) for a, b in zip(declared, shape, strict=True))
        if declared and not fits and self.shapes_hold:
            raise CannotEnterError(f"gives the shape {shape}, where the file declares {declared}")
        refuse_boundless(shape)
        if 0 in shape and name not in self.constants:
            raise CannotEnterError(f"gives {self.names[index]!r} of the shape {shape}, which has no elements")
        self.shapes[index] = shape
        self._forms[index, self.follows(index) and not written] = name
        if tensor.quantisation:
            self.affine.setdefault(name, tensor.quantisation)
        return name

    def _form(self, index: int, first: bool) -> str:
        """The value of a tensor in one of its two orders, made from the other at the first request."""
        tensor = self.tensor(index)
        if (index, first) not in self._forms and (index, not first) not in self._forms:
            self._load(index, tensor)
        if (index, first) not in self._forms:
            self._forms[index, first] = self._turned(index, tensor.quantisation, first)
        return self._forms[index, first]

    def _turned(self, index: int, quantisation: Affine | None, first: bool) -> str:
        """The value of a tensor of four axes in the order that it is not kept in."""
        other, perm = self._forms[index, not first], CHANNELS_FIRST if first else CHANNELS_LAST
        order = "channels_first" if first else "channels_last"
        if other in self.constants:
            moved = quantisation and quantisation.moved(perm.index(quantisation.axis))
            return self.derived(f"{self.names[index]}.{order}", self.constants[other].transpose(perm), moved)
        shape = turned(self.shape(index), CHANNELS_FIRST) if first else self.shape(index)
        name = (
            self.names[index]
            if self._is_seen(index) and not first
            else self._values.new(f"{self.names[index]}.{order}")
        )
        output = (name, Tensor(shape, self.dtype(index)))
        made = self._node(self._nodes.new(f"{name}.transpose"), "Transpose", (other,), [output], {"perm": perm})[0]
        if quantisation:
            self.affine[made] = quantisation
        return made

    def _load(self, index: int, tensor: FileTensor) -> None:
        """Load a constant of the file as reals, or as numbers if it is not quantised."""
        if tensor.sparse:
            raise CannotEnterError(f"reads {self.names[index]!r}, which is sparse", "export with dense weights")
        if tensor.data is None:
            raise CannotEnterError(f"reads {self.names[index]!r}, which nothing has written")
        refuse_boundless(tensor.data.shape)
        values = tensor.quantisation.reals(tensor.data) if tensor.quantisation else tensor.data
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise CannotEnterError(f"reads {self.names[index]!r}, which holds NaN")
        name = self.constant(self.names[index], values.astype(self.dtype(index)), tensor.quantisation)
        self._forms[index, False] = name
        self.shapes[index] = tuple(values.shape)

    def _value_name(self, index: int) -> str:
        """The name of a tensor's value: as in the file, unless the file's users see it in another order."""
        other = self.follows(index) and self._is_seen(index)
        return self._values.new(f"{self.names[index]}.channels_first") if other else self.names[index]

    def ordered(self, index: int, shape: Sequence[int]) -> tuple[int, ...]:
        """``shape`` in the order in which a tensor is kept.

        Raises CannotEnterError if that has another number of axes.
        """
        if not self.follows(index):
            return tuple(shape)
        if len(shape) != len(CHANNELS_FIRST):
            declared = self.graph.tensors[index].shape
            raise CannotEnterError(f"gives the shape {tuple(shape)}, where the file declares {declared}")
        return turned(shape, CHANNELS_FIRST)

    def _is_seen(self, index: int) -> bool:
        """Whether a tensor is an input or output of the file."""
        return index in self.graph.outputs or index in self.graph.inputs

    def _node(
        self, name: str, operator: str, inputs: Sequence[str], outputs: Sequence[tuple[str, Tensor]],
        given: Mapping[str, Attribute],
    ) -> list[str]:  # fmt: skip
        """The outputs of a node that is written, or, if constants alone decide it, of its values."""
        rank = len(self._tensor(inputs[0]).shape)
        if "axis" in given and not rank:
            raise CannotEnterError("names an axis of a single number")
        attributes = complete(operator, given, rank)
        self._check(operator, attributes, inputs, outputs)
        if all(not operand or operand in self.constants for operand in inputs):
            for _, tensor in outputs:
                refuse_boundless(tensor.shape)
            arrays = [self.constants[operand] if operand else None for operand in inputs]
            made = self._folded(operator, attributes, arrays)
            if any(values.shape != tensor.shape for (_, tensor), values in zip(outputs, made, strict=False)):
                raise CannotEnterError("gives constants of other shapes than its operands have")
            return [
                self.constant(out, values.astype(tensor.dtype))
                for (out, tensor), values in zip(outputs, made, strict=False)
            ]
        self.nodes.append(Node(name, operator, tuple(inputs), tuple(out for out, _ in outputs), attributes))
        if self._operator is not None:
            self.origins[name] = self._operator.place
        if again := [out for out, _ in outputs if out in self.tensors]:
            raise CannotEnterError(f"writes {again[0]!r}, which is there already")
        self.tensors.update(outputs)
        return [out for out, _ in outputs]

    def _check(
        self, operator: str, attributes: Mapping[str, Attribute], inputs: Sequence[str],
        outputs: Sequence[tuple[str, Tensor]],
    ) -> None:  # fmt: skip
        """Raise CannotEnterError for operands that do not fit, or that give another shape or kind of number than is
        declared.
        """
        operands = [Value(name, self._tensor(name), self.constants.get(name)) if name else None for name in inputs]
        for (out, declared), given in zip(outputs, tensors_of(operator, attributes, operands), strict=False):
            kinds = [np.dtype(tensor.dtype).kind.replace("u", "i") for tensor in (declared, given)]
            if declared.shape != given.shape or kinds[0] != kinds[1]:
                raise CannotEnterError(
                    f"gives {out!r} as {given.dtype} {given.shape}, where the file declares {declared.dtype} "
                    f"{declared.shape}"
                )

    def _folded(
        self, operator: str, attributes: Mapping[str, Attribute], arrays: Sequence[Array | None]
    ) -> tuple[Array, ...]:
        """The values that constants alone decide, as long as they cost little to compute."""
        self._work += sum(array.size for array in arrays if array is not None)
        if operator in get_args(Reduction) and arrays[0] is not None and not arrays[0].size:
            raise CannotEnterError("reduces a constant that has no elements")
        if self._work > MOST_FOLDED:
            why = f"computes with constants of {self._work:,} elements, of which at most {MOST_FOLDED:,} are allowed"
            raise CannotEnterError(why, "export with constants folded")
        if operator in get_args(Product):
            raise CannotEnterError("computes with constants alone", "export with constants folded")
        try:
            return apply(operator, attributes, arrays)
        except (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise CannotEnterError(f"cannot be computed from its constants ({error})") from None

    def _tensor(self, name: str) -> Tensor:
        if name in self.constants:
            return Tensor(tuple(self.constants[name].shape), str(self.constants[name].dtype))
        return self.tensors[name]


def refuse_boundless(shape: Sequence[int]) -> None:
    """Raise CannotEnterError for a shape that is undecided, or of more elements than any chip's work has."""
    if any(size < 0 for size in shape):
        raise CannotEnterError(f"has the undecided shape {tuple(shape)}", "give the input's shape")
    if prod(shape) > MOST_ELEMENTS:
        raise CannotEnterError(f"has {prod(shape):,} elements, more than {MOST_ELEMENTS:,}")


def spread(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The one shape to which ``shapes`` are spread."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise CannotEnterError(f"meets the shapes {' and '.join(map(str, shapes))}, which do not fit") from None


def axis_of(axis: int, rank: int, first: bool) -> int:
    """The place of ``axis`` of the file's order in the order of a value. Raises CannotEnterError if there is none."""
    if not -rank <= axis < rank:
        raise CannotEnterError(f"names axis {axis} of {rank}, where {-rank} to {rank - 1} are allowed")
    return _PLACE_CHANNELS_FIRST[axis % rank] if first else axis % rank


def _label(graph: FileGraph, operator: FileOperator) -> str:
    """The name of an operator, which the file does not give: the first of the names of its result."""
    names = graph.tensors[operator.outputs[0]].name if operator.outputs else ""
    return _plain(names.partition(";")[0]) or f"operator_{operator.place}"


def _plain(name: str) -> str:
    """``name`` without what cannot be printed, as long as an operation's name may be."""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST]
