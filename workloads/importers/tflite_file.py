"""A TensorFlow Lite file as records: tensors, operators and subgraphs, every read inside the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from nnasim import filekind, files, limits
from nnasim.errors import NOT_GIVEN, ModelError
from workloads.importers.tflite_table import Accessor, OutsideFileError, checked, table_at
from workloads.stepgraph.affine import Affine
from workloads.stepgraph.graph import Array

LARGEST_FILE = limits.TFLITE_BYTES
MOST_PARTS = limits.TFLITE_PARTS  # tensors or operators of a subgraph, buffers, subgraphs
MOST_ELEMENTS = limits.TFLITE_ELEMENTS  # of a tensor, and of all constants together
LARGEST_RANK = limits.TFLITE_AXES
LARGEST_SCALE = 1e18  # of an integer of 64 bits, what it stands for then fits float32
LONGEST_NAME = limits.TFLITE_NAME

_NO_OPTIONS = b"\x04\x00\x04\x00\x04\x00\x00\x00"
"""A table without fields at its byte 4, behind its vtable: the defaults of the schema hold."""


@dataclass(frozen=True)
class FileTensor:
    """A tensor as the file declares it. ``shape``: -1 where it leaves a dimension open.

    ``type``: TensorType's word, as "INT8". ``data``: its constant as the file stores it, packed; None without one.
    ``quantisation``: None for a type that holds its numbers as they are. ``kept``: whether it survives a call.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    quantisation: Affine | None
    data: Array | None
    kept: bool
    sparse: bool


@dataclass(frozen=True)
class FileOperator:
    """An operator. ``inputs``: tensors, -1 where an optional one is absent; ``options``: an accessor of its kind."""

    place: int
    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


@dataclass(frozen=True)
class FileGraph:
    """A subgraph."""

    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class TfliteFile:
    """A whole file: subgraph 0 is the model, operators call others. ``entries``: how many ways in there are."""

    path: str
    version: int
    description: str
    graphs: tuple[FileGraph, ...]
    entries: int


def read_file(path: str | Path) -> TfliteFile:
    """The records of a file. Raises FileError, and ModelError for one that is truncated, of another format or out of
    all proportion.
    """
    data = files.read_bytes(path, LARGEST_FILE)
    if data[4:8] != b"TFL3":
        seems = filekind.hint(
            filekind.of_bytes(data[:100]) or filekind.of_text(data[:20_000].decode("utf-8", "replace"))
        )
        raise ModelError(path, "", NOT_GIVEN, f"is no TensorFlow Lite file: it lacks the mark TFL3{seems}")
    try:
        root = table_at(tflite.Model, data, int.from_bytes(data[:4], "little"))
        return _Reader(path, data, root).file()
    except OutsideFileError as error:
        raise ModelError(path, "", NOT_GIVEN, f"is truncated or corrupt: {error}") from None


def _by_number(enumeration: type) -> Mapping[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}


_OPERATORS = _by_number(tflite.BuiltinOperator)
_TYPES = _by_number(tflite.TensorType)
_OPTIONS = _by_number(tflite.BuiltinOptions)
NUMBERS = {word: word.lower() for word in ("FLOAT16", "FLOAT32", "FLOAT64", "INT8", "UINT8", "INT16", "UINT16", "INT32",
                                           "UINT32", "INT64", "UINT64", "BOOL")} | {"INT4": "int8"}  # fmt: skip
"""The element types that are read, by the schema's word; one of 4 bits is unpacked."""
_QUANTISED = {"INT4": (4, True), "INT8": (8, True), "UINT8": (8, False), "INT16": (16, True), "INT32": (32, True),
              "INT64": (64, True)}  # fmt: skip


class _Reader:
    """The data that are read once for all subgraphs, and the place of a fault in the file."""

    def __init__(self, path: str | Path, data: bytes, model: Any) -> None:
        self.path, self.data, self.model = path, data, model
        self.codes = [
            checked(self.model.OperatorCodes(i)) for i in self._up_to("operator_codes", model.OperatorCodesLength())
        ]

    def file(self) -> TfliteFile:
        """The whole file as records."""
        graphs = tuple(self._graph(i) for i in self._up_to("subgraphs", self.model.SubgraphsLength()))
        if not graphs:
            raise self._wrong("subgraphs", 0, "must be at least one")
        entries = {
            checked(self.model.SignatureDefs(i)).SubgraphIndex()
            for i in self._up_to("signature_defs", self.model.SignatureDefsLength())
        }
        description = _text(self.model.Description())
        return TfliteFile(str(self.path), self.model.Version(), description, graphs, max(1, len(entries)))

    def _graph(self, number: int) -> FileGraph:
        graph, where = checked(self.model.Subgraphs(number)), f"subgraph {number}"
        tensors = tuple(
            self._tensor(f"{where}, tensor {i}", i, checked(graph.Tensors(i)))
            for i in self._up_to(f"{where}: tensors", graph.TensorsLength())
        )
        if (elements := sum(tensor.data.size for tensor in tensors if tensor.data is not None)) > MOST_ELEMENTS:
            raise self._wrong(f"{where}: constants", elements, f"must be at most {MOST_ELEMENTS:,} elements together")
        operators = tuple(
            self._operator(f"{where}, operator {i}", i, checked(graph.Operators(i)), len(tensors))
            for i in self._up_to(f"{where}: operators", graph.OperatorsLength())
        )
        inputs = self._tensors_named(f"{where}: inputs", graph.InputsAsNumpy(), len(tensors), optional=False)
        outputs = self._tensors_named(f"{where}: outputs", graph.OutputsAsNumpy(), len(tensors), optional=False)
        return FileGraph(tensors, operators, inputs, outputs)

    def _tensor(self, where: str, index: int, tensor: Any) -> FileTensor:
        shape = _numbers(tensor.ShapeAsNumpy())  # where its signature leaves a dimension open, this says 1
        signature = _numbers(tensor.ShapeSignatureAsNumpy())
        if len(shape) > LARGEST_RANK or any(size < 0 for size in shape) or len(signature) not in (0, len(shape)):
            raise self._wrong(where, signature or shape, f"must be a shape of at most {LARGEST_RANK} axes")
        kind = _TYPES.get(tensor.Type())
        if kind is None:
            raise self._wrong(f"{where}: type", tensor.Type(), f"must be one of {', '.join(_TYPES.values())}")
        quantisation = self._quantisation(where, kind, shape, tensor.Quantization())
        data = self._constant(where, kind, shape, tensor.Buffer())
        name = _text(tensor.Name())
        return FileTensor(
            index=index, name=name, shape=signature or shape, type=kind, quantisation=quantisation, data=data,
            kept=tensor.IsVariable(), sparse=tensor.Sparsity() is not None,
        )  # fmt: skip

    def _quantisation(self, where: str, kind: str, shape: tuple[int, ...], found: Any) -> Affine | None:
        if found is None or kind not in _QUANTISED:
            return None
        parameters = checked(found)
        scales = np.atleast_1d(parameters.ScaleAsNumpy()) if parameters.ScaleLength() else np.empty(0)
        if not scales.size:
            return None
        zeros = parameters.ZeroPointAsNumpy() if parameters.ZeroPointLength() else np.zeros(scales.size, np.int64)
        axis = parameters.QuantizedDimension()
        if not (np.isfinite(scales).all() and (scales > 0).all() and (scales < LARGEST_SCALE).all()):
            allowed = f"must be greater than 0 and less than {LARGEST_SCALE:g}"
            raise self._wrong(f"{where}: scale", float(scales.min()), allowed)
        if zeros.size not in (1, scales.size):
            raise self._wrong(f"{where}: zero_point", zeros.size, f"must be as many as scales, which are {scales.size}")
        if scales.size > 1 and not (0 <= axis < len(shape) and shape[axis] == scales.size):
            allowed = f"must have {scales.size} places, as there are scales"
            raise self._wrong(f"{where}: quantized_dimension", axis, allowed)
        bits, signed = _QUANTISED[kind]
        zero_points = tuple(map(int, np.broadcast_to(zeros, scales.shape)))
        affine = Affine(tuple(map(float, scales)), zero_points, bits, signed, axis if scales.size > 1 else 0)
        if not all(affine.lowest <= zero <= affine.highest for zero in zero_points):
            raise self._wrong(f"{where}: zero_point", zero_points[0], f"must be an integer of {kind}")
        return affine

    def _constant(self, where: str, kind: str, shape: tuple[int, ...], number: int) -> Array | None:
        """The numbers of a constant, of ``shape``; None if the buffer is empty."""
        if not 0 <= number < self.model.BuffersLength():
            raise self._wrong(f"{where}: buffer", number, f"must be one of the file's {self.model.BuffersLength()}")
        stored = self._bytes(f"{where}: buffer {number}", checked(self.model.Buffers(number)))
        is_empty = bool(number) and 0 in shape  # buffer 0 is that of whatever is no constant
        if kind not in NUMBERS or not (stored.size or is_empty):
            return None
        elements, dtype = int(np.prod(shape, dtype=object)), np.dtype(NUMBERS[kind])
        wanted = (elements + 1) // 2 if kind == "INT4" else elements * dtype.itemsize
        if stored.size != wanted:
            raise self._wrong(
                f"{where}: buffer {number}", stored.size, f"must hold {wanted} bytes, as {kind} of {shape}"
            )
        return (_nibbles(stored, elements) if kind == "INT4" else stored.view(dtype)).reshape(shape)

    def _bytes(self, where: str, buffer: Any) -> Array:
        """A buffer's bytes, which lie in its table or, in files that outgrow offsets, behind all tables."""
        start, size = buffer.Offset(), buffer.Size()
        if start <= 1:
            return np.atleast_1d(buffer.DataAsNumpy()) if buffer.DataLength() else np.empty(0, np.uint8)
        if start + size > len(self.data):
            raise self._wrong(where, size, f"must end within the file's {len(self.data)} bytes, but begins at {start}")
        return np.frombuffer(self.data, np.uint8, size, start)

    def _operator(self, where: str, place: int, operator: Any, tensors: int) -> FileOperator:
        index = operator.OpcodeIndex()
        if index >= len(self.codes):
            raise self._wrong(f"{where}: opcode_index", index, f"must be less than {len(self.codes)}")
        code = self.codes[index]
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = _OPERATORS.get(number, f"operator {number}")
        if name == "CUSTOM":
            name = f"CUSTOM {_text(code.CustomCode())}"
        return FileOperator(
            place=place,
            operator=name,
            inputs=self._tensors_named(f"{where}: inputs", operator.InputsAsNumpy(), tensors, optional=True),
            outputs=self._tensors_named(f"{where}: outputs", operator.OutputsAsNumpy(), tensors, optional=False),
            options=self._options(where, operator),
        )

    def _options(self, where: str, operator: Any) -> Accessor | None:
        """The options of an operator, by its own word for their kind; None if it has none."""
        number = operator.BuiltinOptionsType()
        kind = _OPTIONS.get(number, "")
        if not hasattr(tflite, kind) and kind != "NONE":
            raise self._wrong(f"{where}: builtin_options_type", number, "must be one of the schema's")
        table = operator.BuiltinOptions() if kind != "NONE" else None
        return None if table is None else table_at(getattr(tflite, kind), table.Bytes, table.Pos)

    def _tensors_named(self, where: str, named: Any, tensors: int, *, optional: bool) -> tuple[int, ...]:
        indices = _numbers(named)
        least = -1 if optional else 0
        if wrong := [index for index in indices if not least <= index < tensors]:
            raise self._wrong(where, wrong[0], f"must be one of the subgraph's {tensors} tensors")
        return indices

    def _up_to(self, what: str, count: int) -> range:
        if count > MOST_PARTS:
            raise self._wrong(what, count, f"must be at most {MOST_PARTS:,}")
        return range(count)

    def _wrong(self, field: str, value: object, allowed: str) -> ModelError:
        return ModelError(self.path, field, value, allowed)


def options_of(kind: str, options: Any) -> Any:
    """``options`` if they are of ``kind``; the schema's defaults if there are none; None if they are of another
    kind.
    """
    wanted = getattr(tflite, kind)
    if options is None:
        return table_at(wanted, _NO_OPTIONS, 4)
    return options if isinstance(options, wanted) else None


def _numbers(vector: Any) -> tuple[int, ...]:
    """A vector of integers; the schema's accessors give 0 for one that is absent."""
    return () if isinstance(vector, int) else tuple(int(number) for number in vector)


def _text(words: bytes | None) -> str:
    return (words or b"")[:LONGEST_NAME].decode("utf-8", "replace")


def _nibbles(stored: Array, elements: int) -> Array:
    """Two integers of 4 bits a byte, the lower first."""
    signed = stored.view(np.int8)
    pairs = np.stack([np.left_shift(signed, 4) >> 4, signed >> 4], axis=-1)
    return pairs.reshape(-1)[:elements]
