"""A StepGraph that is being written from a TensorFlow Lite subgraph, one operator after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workloads.importers.tflite_file import FileOperator, options_of
from workloads.importers.tflite_layout import CHANNELS_FIRST, turned
from workloads.importers.tflite_values import Values
from workloads.stepgraph.graph import Array, Attribute, Tensor
from workloads.stepgraph.refusals import CannotEnterError


class Emission(Values):
    """The values that operators read and write, named after the operator that is being written."""

    def begin(self, operator: FileOperator) -> None:
        """Write ``operator`` from now on. Raises CannotEnterError if it writes a value that exists already."""
        self._operator = operator
        for place, index in enumerate(operator.outputs):
            if index in self.shapes or self.graph.tensors[index].data is not None or index in operator.outputs[:place]:
                raise CannotEnterError(f"writes {self.names[index]!r}, which is there already")

    def options(self, kind: str) -> Any:
        """The options of the operator, which are of this ``kind`` of the schema."""
        assert self._operator is not None
        options = options_of(kind, self._operator.options)
        if options is None:
            raise CannotEnterError(f"has the options of another operator, not {kind}")
        return options

    def operand(self, index: int, like: int) -> str:
        """An operand as it meets the tensor ``like``: with as many axes, channels first if that is kept so."""
        if not self.follows(like):
            return self.written(index)
        shape = self.shape(index)
        if len(shape) == 4:
            return self._form(index, True)
        if len(shape) > 4:
            raise CannotEnterError(f"meets data of shape {shape} with an image")
        wide = (1,) * (4 - len(shape)) + shape
        name = self.written(index)
        if name in self.constants:
            return self.derived(f"{name}.wide", self.constants[name].reshape(wide).transpose(CHANNELS_FIRST))
        wide_name = self.reshape(name, wide, "wide")
        return self.helper(
            "Transpose", (wide_name,), turned(wide, CHANNELS_FIRST), "first", self.dtype(index), perm=CHANNELS_FIRST
        )

    def weight(self, index: int, perm: Sequence[int]) -> str:
        """A constant operand with its axes in the order of ``perm``. Raises CannotEnterError if it is data."""
        name = self.written(index)
        if name not in self.constants:
            raise CannotEnterError("has weights that are computed at each call", "export with constant weights")
        if tuple(perm) == tuple(range(len(perm))):
            return name
        quantisation = self.tensor(index).quantisation
        moved = quantisation and quantisation.moved(tuple(perm).index(quantisation.axis))
        return self.derived(f"{name}.turned", self.constants[name].transpose(perm), moved)

    def own(self, suffix: str, values: Array) -> str:
        """A constant of the operator that is being written."""
        return self.derived(f"{self._label}.{suffix}", values)

    def integers(self, suffix: str, numbers: Sequence[int]) -> str:
        """A constant of one axis, int64, of the operator that is being written."""
        return self.own(suffix, np.array(numbers, np.int64))

    def real(self, suffix: str, number: float) -> str:
        """A constant number, float32, of the operator that is being written."""
        return self.own(suffix, np.array(number, np.float32))

    def helper(
        self, operator: str, inputs: Sequence[str], shape: Sequence[int], suffix: str, dtype: str = "float32",
        **attributes: Attribute,
    ) -> str:  # fmt: skip
        """A node whose result the file does not know, named behind the operator's own name; returns its value."""
        name = f"{self._label}.{suffix}"
        output = (self._values.new(name), Tensor(tuple(shape), dtype))
        return self._node(self._nodes.new(name), operator, inputs, [output], attributes)[0]

    def several(
        self, operator: str, inputs: Sequence[str], shapes: Mapping[str, tuple[int, ...]], **attributes: Attribute
    ) -> list[str]:
        """A node of several results of which the file knows none, by their suffixes; returns its values."""
        outputs = [(self._values.new(f"{self._label}.{suffix}"), Tensor(shape)) for suffix, shape in shapes.items()]
        return self._node(self._nodes.new(f"{self._label}.{operator.lower()}"), operator, inputs, outputs, attributes)

    def reshape(self, name: str, shape: Sequence[int], suffix: str) -> str:
        """A value or constant in another shape."""
        to = self.integers(f"{suffix}.shape", shape)
        return self.helper("Reshape", (name, to), shape, suffix, self._tensor(name).dtype)

    def result(self, operator: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Attribute) -> None:
        """Write the node that makes output 0, whose ``shape`` is in the file's order."""
        index = self._output()
        output = (self._value_name(index), Tensor(self.ordered(index, shape), self.dtype(index)))
        self.bind(index, self._node(self._label, operator, inputs, [output], attributes)[0], shape)

    def before(self, operator: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Attribute) -> str:
        """The value that output 0 is computed from, in the same layout."""
        index = self._output()
        kept = self.ordered(index, shape)
        return self.helper(operator, inputs, kept, operator.lower(), self.dtype(index), **attributes)

    def before_activation(
        self, operator: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Attribute
    ) -> str:
        """The value that a bias is added to, or a fused activation applied to; the file has one range for both."""
        name = self.before(operator, inputs, shape, **attributes)
        self.stored_as(name, self._output())
        return name

    def stored_as(self, name: str, index: int) -> None:
        """Note that the file stores the value ``name`` as it does the tensor ``index``."""
        if quantisation := self.graph.tensors[index].quantisation:
            self.affine[name] = quantisation

    def result_written(
        self, operator: str, inputs: Sequence[str], shape: Sequence[int], **attributes: Attribute
    ) -> None:
        """Write the node that makes output 0 with its axes in the file's order, whatever order it is kept in."""
        index = self._output()
        if not self.follows(index):
            self.result(operator, inputs, shape, **attributes)
            return
        self.bind_written(
            index, self.helper(operator, inputs, shape, "channels_last", self.dtype(index), **attributes), shape
        )

    def results(
        self, operator: str, inputs: Sequence[str], shapes: Sequence[Sequence[int]], **attributes: Attribute
    ) -> None:
        """Write the node that makes all outputs."""
        assert self._operator is not None
        outputs = []
        for index, shape in zip(self._operator.outputs, shapes, strict=True):
            outputs.append((self._value_name(index), Tensor(self.ordered(index, shape), self.dtype(index))))
        names = self._node(self._label, operator, inputs, outputs, attributes)
        for index, name, shape in zip(self._operator.outputs, names, shapes, strict=True):
            self.bind(index, name, shape)

    def alias(self, source: str, shape: Sequence[int]) -> None:
        """Make output 0 another name for an existing value, in the output's order of axes."""
        self.ordered(self._output(), shape)
        self.bind(self._output(), source, shape)

    def give_up(self) -> None:
        """Declare the operator's outputs as the file does, so that others are checked though it is refused."""
        assert self._operator is not None
        for index in self._operator.outputs:
            first = self.follows(index)
            if index not in self.shapes:
                shape = tuple(max(size, 1) for size in self.graph.tensors[index].shape)
                self.shapes[index], self._forms[index, first] = shape, self.names[index]
                ordered = turned(shape, CHANNELS_FIRST) if first else shape
                self.tensors[self.names[index]] = Tensor(ordered, "float32")

    def _output(self) -> int:
        """The tensor that is output 0; every operator that is written has one."""
        assert self._operator is not None
        return self._operator.outputs[0]

    @property
    def _label(self) -> str:
        assert self._operator is not None
        return self.labels[self._operator.place]
