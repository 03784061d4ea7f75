"""safetensors files: arrays by name, read as strictly as every other file. No pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

from nnasim import filekind, files
from nnasim.errors import CheckpointError

LARGEST_HEADER = 100_000_000
LARGEST_FILE = 4_000_000_000

Tensors = dict[str, NDArray[Any]]


def read_tensors(path: str | Path, max_bytes: int = LARGEST_FILE) -> Tensors:
    """A safetensors file of at most ``max_bytes``: header at most 100 MB and contiguous offsets, floats finite.

    Raises FileError or CheckpointError.
    """
    data = files.read_bytes(path, max_bytes)
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(LARGEST_HEADER, len(data) - 8):
        seems = filekind.hint(filekind.of_bytes(data[:20]), unless="a safetensors file")
        raise CheckpointError(path, "header", size, f"is truncated or no safetensors file ({len(data)} bytes){seems}")
    try:
        text = data[8 : 8 + size].decode()
    except UnicodeDecodeError:
        raise CheckpointError(path, "header", size, "is not UTF-8, so no safetensors file") from None
    _check_offsets(files.parse_json(text, path), len(data) - 8 - size, path)
    try:
        tensors: Tensors = load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(path, "header", size, f"is no safetensors file ({error})") from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise CheckpointError(path, name, "NaN or infinity", "every number must be finite")
    return tensors


def _check_offsets(header: Any, size: int, path: str | Path) -> None:
    if not isinstance(header, dict):
        raise CheckpointError(path, "header", header, "must be a JSON object")
    entries = [item for name, item in header.items() if name != "__metadata__"]
    end = 0
    try:
        for begin, stop in sorted(item["data_offsets"] for item in entries):
            if begin != end or stop < begin:
                raise CheckpointError(
                    path, "data_offsets", [begin, stop], f"must go on at {end} without gap or overlap"
                )
            end = stop
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(path, "data_offsets", "...", "are missing or no pair of numbers") from None
    if end != size:
        raise CheckpointError(path, "data", size, f"has another size than its header says ({end} bytes)")


def tensor_bytes(tensors: Tensors) -> bytes:
    """The same bytes for the same tensors."""
    return save({name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())})
