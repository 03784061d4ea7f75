"""safetensors files: arrays by name, read as strictly as every other file. Nothing is unpickled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

from nnasim import filekind, files, limits
from nnasim.errors import CheckpointError, reading

LARGEST_HEADER = limits.WEIGHTS_HEADER_BYTES
MOST_TENSORS = limits.WEIGHTS_TENSORS
LARGEST_FILE = limits.WEIGHTS_BYTES

Tensors = dict[str, NDArray[Any]]


def read_tensors(path: str | Path, max_bytes: int = LARGEST_FILE) -> Tensors:
    """The arrays of a safetensors file of at most ``max_bytes``, by name: floats finite, header at most 16 MB with
    contiguous offsets.

    Raises FileError or CheckpointError.
    """
    size, _ = _header(path)
    data = files.read_bytes(path, max_bytes)
    try:
        tensors: Tensors = load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(path, "header", size, f"is not a safetensors file ({error})") from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise CheckpointError(path, name, "NaN or infinity", "every number must be finite")
    return tensors


def sizes_of_tensors(path: str | Path) -> dict[str, int]:
    """The bytes of each array by name, from the checked header: nothing else of the file is read."""
    _, header = _header(path)
    sizes = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            sizes[name] = end - begin
    return sizes


def _header(path: str | Path) -> tuple[int, dict[str, Any]]:
    """The header and its size in bytes; its offsets must add up to the file's size. Checked before the rest is read."""
    with files.open_regular(path) as file, reading(path):
        there = os.fstat(file.fileno()).st_size
        begin = file.read(8)
        size = int.from_bytes(begin, "little")
        if len(begin) < 8 or size > there - 8:
            kind = filekind.of_bytes(begin + file.read(12))
            seems = filekind.hint(kind, unless="a safetensors file")
            raise CheckpointError(
                path, "header", size, f"is truncated or not a safetensors file ({there} bytes){seems}"
            )
        if size > LARGEST_HEADER:
            raise CheckpointError(path, "header", size, f"must be at most {LARGEST_HEADER:,} bytes")
        head = file.read(size)
    if (tensors := head.count(b'"data_offsets"')) > MOST_TENSORS:
        raise CheckpointError(path, "header", f"{tensors} tensors", f"must be at most {MOST_TENSORS:,}")
    try:
        text = head.decode()
    except UnicodeDecodeError:
        raise CheckpointError(path, "header", size, "is not UTF-8, so this is not a safetensors file") from None
    header = files.parse_json(text, path)
    if not isinstance(header, dict):
        raise CheckpointError(path, "header", header, "must be a JSON object")
    _check_offsets(header, there - 8 - size, path)
    return size, header


def _check_offsets(header: dict[str, Any], size: int, path: str | Path) -> None:
    entries = [item for name, item in header.items() if name != "__metadata__"]
    end = 0
    try:
        for begin, stop in sorted(item["data_offsets"] for item in entries):
            if begin != end or stop < begin:
                raise CheckpointError(
                    path, "data_offsets", [begin, stop], f"must begin at {end}, without gap or overlap"
                )
            end = stop
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(path, "data_offsets", "...", "are missing or not a pair of numbers") from None
    if end != size:
        raise CheckpointError(path, "data", size, f"has a size other than its header says ({end} bytes)")


def tensor_bytes(tensors: Tensors) -> bytes:
    """The bytes of a safetensors file; the same tensors give the same bytes."""
    return save({name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())})
