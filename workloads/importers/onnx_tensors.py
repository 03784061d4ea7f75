"""The tensors of an ONNX model as arrays, wherever their elements are stored."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from nnasim import files
from nnasim.errors import FileError
from workloads.importers.onnx_file import text
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

if TYPE_CHECKING:
    from onnx import TensorProto

TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16", 17: "float8_e4m3fn", 18: "float8_e4m3fnuz",
    19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4_e2m1fn",
}  # fmt: skip
"""ONNX's element types by their numbers, but for texts and complex numbers, which no value here may have."""

_EXTERNAL = 1
_MOST_DIGITS = 18


def stored_type(number: int) -> str:
    """The element type of this number. Raises CannotEnterError for texts, complex numbers, and unknown types."""
    if number not in TYPES:
        raise CannotEnterError(f"holds {_OTHERS.get(number, 'elements of a type that is not known')}, no real numbers")
    return TYPES[number]


_OTHERS = {0: "elements of no type", 8: "texts", 14: "complex numbers", 15: "complex numbers"}


def read_type(number: int) -> str:
    """The element type that values of this number have here: float32 for floats of fewer bits, int8 for four bits."""
    name = stored_type(number)
    if name in ("int4", "uint4"):
        return name.replace("4", "8")
    return "float32" if name.startswith(("float16", "bfloat", "float8", "float4")) else name


def array_of(tensor: TensorProto, folder: Path) -> Array:
    """The elements of a tensor; floats of fewer than 32 bits become float32.

    Raises CannotEnterError for what holds no numbers, does not hold as many as it declares, or lies outside of
    ``folder``.
    """
    name, shape = stored_type(tensor.data_type), tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise CannotEnterError(f"declares the shape {shape}")
    if tensor.HasField("segment"):
        raise CannotEnterError("holds part of a tensor only")
    outside = tensor.data_location == _EXTERNAL
    stored = _external(tensor, name, shape, folder) if outside else _own(tensor, shape)
    if outside and name == "bfloat16":
        return (stored.astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32
    return stored.astype(read_type(tensor.data_type), copy=False)


def _own(tensor: TensorProto, shape: tuple[int, ...]) -> Array:
    from onnx import numpy_helper

    try:
        return numpy_helper.to_array(tensor).reshape(shape)
    except (ValueError, TypeError, OverflowError):
        raise CannotEnterError(f"does not hold the elements of the shape {shape} that it declares") from None


def _external(tensor: TensorProto, name: str, shape: tuple[int, ...], folder: Path) -> Array:
    """A view of the file that holds the elements."""
    if name.startswith(("float8", "float4", "int4", "uint4")):
        raise CannotEnterError(f"holds {name} outside of the model's file")
    dtype = np.dtype("uint16" if name == "bfloat16" else name)
    entries = {text(entry.key): text(entry.value) for entry in tensor.external_data}
    if len(entries) < len(tensor.external_data):
        raise CannotEnterError("says twice where in its file it is")
    if tensor.HasField("raw_data"):
        raise CannotEnterError("is stored in the model's file, and in another one too")
    path = _beside(entries.get("location", ""), folder)
    offset, size = _count(entries, "offset", 0), prod(shape) * dtype.itemsize
    length = _count(entries, "length", size)
    try:
        with files.open_regular(path) as file:
            there = os.fstat(file.fileno()).st_size
            if length != size or offset + size > there:
                raise CannotEnterError(f"needs {size} bytes for its shape {shape}, which {path.name} does not hold")
            if not size:
                return np.zeros(shape, dtype)
            return np.memmap(file, dtype.newbyteorder("<"), "r", offset, shape)
    except FileError as error:
        raise CannotEnterError(f"is stored in {path.name}, which {error.why}", "keep it beside the model") from None


def _beside(location: str, folder: Path) -> Path:
    """The file at ``location``, which must lie within ``folder``, links followed."""
    parts = PurePosixPath(location).parts
    path = folder / location
    inside = bool(parts) and not location.startswith("/") and ".." not in parts and "\\" not in location
    if not inside or "\0" in location or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise CannotEnterError(
            f"is stored in {location[:200]!a}, outside of the model's folder", "keep external data beside the model"
        )
    return path


def _count(entries: dict[str, str], key: str, default: int) -> int:
    text = entries.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise CannotEnterError(f"has the {key} {text[:40]!a} in its file")
    return int(text)


def type_name(value: Any) -> str | CannotEnterError:
    """The element type of an attribute that names one by its number, or the reason why it cannot enter.

    A value stays in float32 if the model has half precision; eight or four bits are an arithmetic of their own.
    """
    try:
        name = stored_type(int(value))
        if name.startswith(("float8", "float4", "int4", "uint4")):
            return CannotEnterError(f"rounds to {name}, an arithmetic of its own", "import the float model")
        return read_type(int(value))
    except CannotEnterError as error:
        return error
