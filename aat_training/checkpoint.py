"""Checkpoints: ``model.safetensors`` (numbers) beside ``model.json`` (all that says what they mean). No pickle."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from pydantic import ValidationError
from safetensors.numpy import load, save

from aat_training.config import Recipe
from aat_training.tokens import Tokens, tokens_from_state
from nnasim import files
from nnasim.errors import CheckpointError

CHECKPOINT_VERSION = 1
LARGEST_HEADER = 100_000_000
LARGEST_CHECKPOINT = 4_000_000_000


@dataclass(frozen=True)
class Checkpoint:
    """A trained model as it stands on disk.

    ``tensors``: parameters under ``model.``, calibration histograms under ``calibration.``, tables under ``tables.``.
    ``system``: float or aat. ``quantisation``: ranges and numerics of an aat model, else null.
    """

    path: Path
    recipe: Recipe
    tokens: Tokens
    system: str
    tensors: dict[str, np.ndarray]
    quantisation: dict[str, Any] | None = None
    info: dict[str, Any] = field(default_factory=dict)

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """The tensors under ``prefix.``, without it."""
        return {name[len(prefix) + 1 :]: value for name, value in self.tensors.items() if name.startswith(prefix + ".")}


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """A safetensors file: header at most 100 MB and contiguous offsets, floats finite. Raises CheckpointError."""
    data = files.read_bytes(path, LARGEST_CHECKPOINT)
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(LARGEST_HEADER, len(data) - 8):
        raise CheckpointError(path, "header", size, f"is truncated or no safetensors file ({len(data)} bytes)")
    try:
        text = data[8 : 8 + size].decode()
    except UnicodeDecodeError:
        raise CheckpointError(path, "header", size, "is not UTF-8, so no safetensors file") from None
    _check_offsets(files.parse_json(text, path), len(data) - 8 - size, path)
    try:
        tensors = load(data)
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


def tensor_bytes(tensors: dict[str, np.ndarray]) -> bytes:
    """The same bytes for the same tensors."""
    return save({name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())})


def checkpoint_files(path: str | Path) -> tuple[Path, Path]:
    """``DIR`` or ``DIR/model.safetensors`` -> both files."""
    path = Path(path)
    weights = path / "model.safetensors" if path.is_dir() else path
    return weights, weights.with_suffix(".json")


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write both files, numbers first, so that a ``model.json`` never stands without its numbers."""
    record = {
        "kind": "nnasim.checkpoint",
        "schema_version": CHECKPOINT_VERSION,
        "system": checkpoint.system,
        "recipe": checkpoint.recipe.model_dump(mode="json"),
        "tokens": checkpoint.tokens.state(),
        "quantisation": checkpoint.quantisation,
        "info": checkpoint.info,
    }
    weights, meta = checkpoint_files(folder)
    files.write_bytes(weights, tensor_bytes(checkpoint.tensors), force=True)
    files.write_json(meta, record, force=True)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """A checkpoint folder or file. Raises FileError or CheckpointError: truncated, foreign, of another version."""
    weights, meta = checkpoint_files(path)
    record = files.read_json(meta, max_bytes=64_000_000)
    if not isinstance(record, dict) or record.get("kind") != "nnasim.checkpoint":
        raise CheckpointError(
            meta, "kind", record.get("kind") if isinstance(record, dict) else record, "is no checkpoint"
        )
    if record.get("schema_version") != CHECKPOINT_VERSION:
        raise CheckpointError(meta, "schema_version", record.get("schema_version"), f"must be {CHECKPOINT_VERSION}")
    if record.get("system") not in ("float", "aat"):
        raise CheckpointError(meta, "system", record.get("system"), "must be float or aat")
    quantisation = record.get("quantisation")
    if (record["system"] == "aat") != isinstance(quantisation, dict):
        raise CheckpointError(meta, "quantisation", quantisation, "an aat checkpoint has one, a float checkpoint none")
    info = record.get("info")
    return Checkpoint(
        weights, _recipe(record.get("recipe"), meta), tokens_from_state(record.get("tokens"), meta), record["system"],
        read_tensors(weights), quantisation, info if isinstance(info, dict) else {},
    )  # fmt: skip


def _recipe(data: Any, meta: Path) -> Recipe:
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field_name = ".".join(["recipe", *(str(part) for part in first["loc"])])
        raise CheckpointError(meta, field_name, first["input"], first["msg"]) from None


def write_state(folder: Path, tensors: dict[str, np.ndarray], record: dict[str, Any]) -> None:
    """State to resume from, in ONE file, so that numbers and step can never disagree: the record is a tensor of bytes."""
    text = json.dumps(record, allow_nan=False, sort_keys=True).encode()
    packed = {**tensors, "record": np.frombuffer(text, np.uint8)}
    files.write_bytes(folder / "resume.safetensors", tensor_bytes(packed), force=True)


def read_state(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What ``write_state`` wrote. Raises FileError or CheckpointError."""
    path = folder / "resume.safetensors"
    tensors = read_tensors(path)
    if "record" not in tensors:
        raise CheckpointError(path, "record", None, "is missing: no training state")
    record = files.parse_json(tensors.pop("record").tobytes().decode(errors="replace"), path)
    if not isinstance(record, dict) or not isinstance(record.get("step"), int) or not math.isfinite(record["step"]):
        raise CheckpointError(path, "record", record, "is no training state")
    return tensors, record
