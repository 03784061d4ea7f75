"""Checkpoints and arrays that could cost much."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.costly.attack import (
    Attack,
    Write,
    both,
    changed_seed,
)


def _weights(header: Callable[[], bytes], size: int | None = None) -> Write:
    """A checkpoint's folder `h` with weights of this header."""

    def write(folder: Path) -> None:
        (folder / "h").mkdir()
        (folder / "h/model.json").write_bytes((folder / "checkpoint/model.json").read_bytes())
        head = header()
        with open(folder / "h/model.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head)
            if size:
                file.truncate(size)

    return write


def _names(count: int, width: int = 0) -> bytes:
    entry = {"dtype": "F32", "shape": [1] * width or [0], "data_offsets": [0, 0]}
    return json.dumps({f"{number:x}": entry for number in range(count)}).encode()


def _metadata(count: int) -> bytes:
    return json.dumps({"__metadata__": {f"{number:x}": "" for number in range(count)}}).encode()


def _as(name: str, header: Callable[[], bytes], size: int | None = None) -> Write:
    def write(folder: Path) -> None:
        head = header()
        with open(folder / name, "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head)
            if size:
                file.truncate(size)

    return write


def _one_array(elements: int, dtype: str = "F32", bytes_each: int = 4) -> bytes:
    entry = {"dtype": dtype, "shape": [elements], "data_offsets": [0, elements * bytes_each]}
    return json.dumps({"x": entry}).encode()


def _zip(name: str, members: int, size: int) -> Write:
    """An .npz of so many arrays of zeros, which pack a thousandfold."""

    def write(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            array = io.BytesIO()
            np.save(array, np.zeros(size, np.float32))
            for number in range(members):
                archive.writestr(f"x{number}.npy", array.getvalue())

    return write


def _grown(record: dict) -> dict:
    """Every whole number of a checkpoint's description, made large."""
    for key, value in record.items():
        if isinstance(value, dict):
            _grown(value)
        elif isinstance(value, int) and not isinstance(value, bool) and "version" not in key:
            record[key] = 10**6
    return record


EVALUATE = "evaluate --manifest manifest.jsonl --checkpoint h --system float --limit 1"

CALIBRATE = "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate"

ATTACKS = (
    Attack("safetensors: a header of 900,000 names", _weights(lambda: _names(900_000)), EVALUATE),
    Attack("safetensors: a header of 20,000 names", _weights(lambda: _names(20_000)), EVALUATE),
    Attack("safetensors: a header of 16 MB of metadata", _weights(lambda: _metadata(1_000_000)), EVALUATE),
    Attack("safetensors: 99 MB of `[`", _weights(lambda: b"[" * 99_000_000), EVALUATE),
    Attack("safetensors: 16 MB of `[`", _weights(lambda: b"[" * 15_999_999), EVALUATE),
    Attack("safetensors: a shape of 5,000,000 axes", _weights(lambda: _names(1, 5_000_000)), EVALUATE),
    Attack("safetensors: 3.9 GB, sparse, header of another size", _weights(lambda: _names(1), 3_900_000_000), EVALUATE),
    Attack(
        "safetensors: 3.9 GB, sparse, one array as its header says",
        _weights(lambda: _one_array(974_999_960), 8 + len(_one_array(974_999_960)) + 4 * 974_999_960),
        EVALUATE,
    ),
    Attack(
        "calibration: safetensors of 3.9 GB, sparse",
        _as("h.safetensors", lambda: _one_array(974_999_960), 8 + len(_one_array(974_999_960)) + 4 * 974_999_960),
        f"{CALIBRATE} h.safetensors",
    ),
    Attack(
        "calibration: an .npz of 10 x 100 MB of zeros",
        _zip("h.npz", 10, 25_000_000),
        f"{CALIBRATE} h.npz",
    ),
    Attack(
        "calibration: an .npz of 120 MB of zeros",
        _zip("h.npz", 1, 30_000_000),
        f"{CALIBRATE} h.npz",
    ),
    Attack(
        "calibration: an .npz of 5,000 arrays",
        _zip("h.npz", 5_000, 1),
        f"{CALIBRATE} h.npz",
    ),
    Attack(
        "calibration: an .npz of 4,000 arrays",
        _zip("h.npz", 4_000, 1),
        f"{CALIBRATE} h.npz",
    ),
    Attack(
        "checkpoint: a recogniser of 10^6 layers",
        both(
            _weights(lambda: _names(1)),
            changed_seed("h/model.json", "checkpoint/model.json", lambda m: json.dumps(_grown(m))),
        ),
        EVALUATE,
    ),
)
