"""Checkpoints: ``model.safetensors`` (numbers) beside ``model.json`` (all that says what they mean). No pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aat_training.checkpoint_files import checkpoint_files, refuse_no_checkpoint
from aat_training.config import Recipe
from aat_training.tokens import Tokens, tokens_from_state
from nnasim import files
from nnasim.errors import NOT_GIVEN, CheckpointError, shown
from nnasim.records import as_complaint, validated
from nnasim.tensorfile import LARGEST_FILE, read_tensors, sizes_of_tensors, tensor_bytes
from nnasim.together import together
from workloads.rnnt.shapes import RnntShape

CHECKPOINT_VERSION = 1
PARTS = "model", "calibration", "tables"
BESIDE_WEIGHTS = 64_000_000
"""Bytes of ranges and tables, which do not grow with the layers' sizes."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model as it stands on disk.

    ``tensors``: parameters under ``model.``, calibration histograms under ``calibration.``, tables under ``tables.``.
    ``system``: float or aat. ``quantisation``: ranges and numerics of an aat model, else null. ``bound``: whether its
    ``model.json`` held the digest of its numbers, as those of earlier versions do not.
    """

    path: Path
    recipe: Recipe
    tokens: Tokens
    system: str
    tensors: dict[str, np.ndarray]
    quantisation: dict[str, Any] | None = None
    info: dict[str, Any] = field(default_factory=dict)
    bound: bool = True

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """The tensors under ``prefix.``, without it."""
        return {name[len(prefix) + 1 :]: value for name, value in self.tensors.items() if name.startswith(prefix + ".")}

    @property
    def shape(self) -> RnntShape:
        """The shape of its recogniser."""
        return self.recipe.model.shape(self.recipe.features, self.tokens.size, self.recipe.name)

    @property
    def binding_note(self) -> str | None:
        """A note if nothing proves that the two files belong together; None if their digest does."""
        if self.bound:
            return None
        return f"{self.path}: no digest in model.json, of an earlier version, says that these are its weights: unbound"


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write both files, or none where there is no room; numbers first, so that a ``model.json`` never stands without
    its numbers.
    """
    record = {
        "kind": "nnasim.checkpoint",
        "schema_version": CHECKPOINT_VERSION,
        "system": checkpoint.system,
        "recipe": checkpoint.recipe.model_dump(mode="json"),
        "tokens": checkpoint.tokens.state(),
        "quantisation": checkpoint.quantisation,
        "info": checkpoint.info,
        "weights": digest_of_file(packed := tensor_bytes(checkpoint.tensors)),
    }
    weights, meta = checkpoint_files(folder)
    with together():
        files.write_bytes(weights, packed, force=True)
        files.write_json(meta, record, force=True)


def digest_of_file(data: bytes) -> str:
    """The digest that binds ``model.json`` to its numbers; checkpoints of earlier versions have none."""
    return "sha256 " + hashlib.sha256(data).hexdigest()


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in a folder or file. Raises FileError or CheckpointError for one that cannot be used."""
    refuse_no_checkpoint(path)
    weights, meta = checkpoint_files(path)
    record = files.read_json(meta)
    files.refuse_other(record, "a checkpoint's model.json", meta)
    if not isinstance(record, dict) or record.get("kind") != "nnasim.checkpoint":
        raise CheckpointError(
            meta, "kind", record.get("kind") if isinstance(record, dict) else record, "is no checkpoint"
        )
    if record.get("schema_version") != CHECKPOINT_VERSION:
        raise CheckpointError(meta, "schema_version", record.get("schema_version"), f"must be {CHECKPOINT_VERSION}")
    if record.get("system") not in ("float", "aat"):
        raise CheckpointError(meta, "system", record.get("system"), "must be float or aat")
    quantisation = record.get("quantisation")
    if not isinstance(quantisation, dict) if record["system"] == "aat" else quantisation is not None:
        raise CheckpointError(meta, "quantisation", quantisation, "an aat checkpoint has one, a float checkpoint none")
    recipe = _recipe(record.get("recipe"), meta)
    tokens = tokens_from_state(record.get("tokens"), meta)
    _refuse_another_size(weights, meta, recipe, tokens)  # before anything as large is read, or built
    tensors = read_tensors(weights)
    bound = "weights" in record
    if bound and record["weights"] != f"sha256 {files.digest(weights)}":
        raise CheckpointError(meta, "weights", record["weights"], f"is not the digest of {weights}: of another run")
    info = record.get("info")
    return Checkpoint(
        path=weights,
        recipe=recipe,
        tokens=tokens,
        system=record["system"],
        tensors=tensors,
        quantisation=quantisation,
        info=info if isinstance(info, dict) else {},
        bound=bound,
    )


def _refuse_another_size(weights: Path, meta: Path, recipe: Recipe, tokens: Tokens) -> None:
    """Raise CheckpointError unless ``weights`` can hold the recogniser of ``meta``, and not much more."""
    with as_complaint(meta, "recipe.model", NOT_GIVEN, CheckpointError, "has no shape"):
        shape = recipe.model.shape(recipe.features, tokens.size, recipe.name)
    sizes = sizes_of_tensors(weights)
    for name, size in sizes.items():
        if name.partition(".")[0] not in PARTS:
            raise CheckpointError(weights, f"tensor {shown(name)}", f"{size} bytes", f"must be of {', '.join(PARTS)}")
    least, there = 4 * shape.weights, sum(size for name, size in sizes.items() if name.startswith("model."))
    if there < least:
        why = f"its recipe has weights of {least} bytes: a checkpoint of another recipe"
        raise CheckpointError(weights, "model", f"{there} bytes", why)
    most = 2 * (least + 4 * shape.encoder_units * shape.outputs) + BESIDE_WEIGHTS
    if sum(sizes.values()) > most:
        why = f"its recipe leads to at most {most} bytes: a checkpoint of another recipe"
        raise CheckpointError(weights, "data", f"{sum(sizes.values())} bytes", why)


def _recipe(data: Any, meta: Path) -> Recipe:
    return validated(Recipe, data, meta, CheckpointError, within="recipe")


def write_state(folder: Path, tensors: dict[str, np.ndarray], record: dict[str, Any]) -> None:
    """Write the state to resume from into ONE file, so that numbers and step never disagree."""
    record = {**record, "tensors": digest_of_file(tensor_bytes(tensors))}
    text = json.dumps(record, allow_nan=False, sort_keys=True).encode()
    packed = {**tensors, "record": np.frombuffer(text, np.uint8)}
    files.write_bytes(folder / "resume.safetensors", tensor_bytes(packed), force=True)


def read_state(folder: Path, max_bytes: int = LARGEST_FILE) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and record that ``write_state`` wrote. Raises FileError or CheckpointError."""
    path = folder / "resume.safetensors"
    tensors = read_tensors(path, max_bytes)
    if "record" not in tensors:
        raise CheckpointError(path, "record", None, "is missing: no training state")
    record = files.parse_json(tensors.pop("record").tobytes().decode(errors="replace"), path)
    if not isinstance(record, dict):
        raise CheckpointError(path, "record", record, "is no training state")
    if "tensors" in record and record["tensors"] != digest_of_file(tensor_bytes(tensors)):
        raise CheckpointError(path, "tensors", record["tensors"], "is not the digest of the tensors beside it")
    return tensors, record
