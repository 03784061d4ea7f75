"""JSON schemas of what training reads and writes: manifests, word times, shards and checkpoints. Needs torch."""

from __future__ import annotations

from typing import Any

from aat_training.checkpoint import CHECKPOINT_VERSION
from aat_training.config import Recipe
from aat_training.data.alignment import Alignment
from aat_training.data.manifest import Entry
from aat_training.data.shards.layout import Line, ShardIndex
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MOST_RANGE = 1e6
_PATHS = ("audio_filepath", "features_filepath")


def manifest_schema() -> dict[str, Any]:
    """A line of a manifest. A line may lack an id, and may hold fields of other tools."""
    schema = Entry.model_json_schema()
    for name, field in Entry.model_fields.items():
        if field.exclude:
            schema["properties"].pop(name, None)
    schema["properties"]["id"] = _or_null(schema["properties"]["id"])
    schema["properties"]["speaker"]["anyOf"].insert(0, {"type": "integer"})
    schema["required"] = ["duration", "text"]
    return {**schema, "additionalProperties": True, **_one_path(), "$schema": DIALECT, "title": "line of a manifest"}


def alignment_schema() -> dict[str, Any]:
    """A line of the side file with the times of words."""
    return {**Alignment.model_json_schema(), "$schema": DIALECT, "title": "line of MANIFEST.align.jsonl"}


def shards_schema() -> dict[str, Any]:
    """``index.json`` of a folder of shards."""
    return {**ShardIndex.model_json_schema(), "$schema": DIALECT, "title": "index of shards"}


def shard_line_schema() -> dict[str, Any]:
    """A line of a shard's own manifest."""
    return {**Line.model_json_schema(), **_one_path(), "$schema": DIALECT, "title": "line of a shard's manifest"}


def checkpoint_schema() -> dict[str, Any]:
    """``model.json``. Numbers stand in ``model.safetensors`` beside it."""
    recipe, numerics = Recipe.model_json_schema(), NumericsConfig.model_json_schema()
    definitions = {**recipe.pop("$defs"), **numerics.pop("$defs", {})}
    definitions |= {"Recipe": recipe, "NumericsConfig": numerics, "Quantisation": _quantisation()}
    properties = {
        "kind": {"const": "nnasim.checkpoint"},
        "schema_version": {"const": CHECKPOINT_VERSION},
        "system": {"enum": ["float", "aat"]},
        "recipe": {"$ref": "#/$defs/Recipe"},
        "tokens": {"oneOf": [_word_tokens(), _subword_tokens()]},
        "quantisation": {"anyOf": [{"$ref": "#/$defs/Quantisation"}, {"type": "null"}]},
        "info": {
            "type": "object",
            "description": "how it was made: command, commit, settings, versions",
        },
        "weights": {
            "type": "string",
            "pattern": "^sha256 [0-9a-f]{64}$",
            "description": "digest of model.safetensors; checkpoints before version 0.2 have none",
        },
    }
    return {
        "$schema": DIALECT,
        "title": "model.json of a checkpoint",
        "type": "object",
        "properties": properties,
        "required": ["kind", "schema_version", "system", "recipe", "tokens"],
        "if": {"properties": {"system": {"const": "aat"}}},
        "then": {"properties": {"quantisation": {"type": "object"}}, "required": ["quantisation"]},
        "else": {"properties": {"quantisation": {"type": "null"}}},
        "$defs": definitions,
    }


def _quantisation() -> dict[str, Any]:
    """What calibration and training decided, as ``QuantScheme.record`` writes it."""
    layer = {
        "type": "object",
        "properties": {name: _range("of an LSTM layer") for name in Ranges.__annotations__},
        "required": list(Ranges.__annotations__),
    }
    properties = {
        "numerics": {"$ref": "#/$defs/NumericsConfig"},
        "input_range": _range("the normalised feature that full scale stands for"),
        "embedding_range": _range("likewise, of an embedding"),
        "joint_range": _range("likewise, of what enters the joint's tanh"),
        "layers": {"type": "object", "additionalProperties": layer, "description": "by layer: enc0, enc1, pred0 ..."},
        "method": {"type": "string", "description": "of calibration"},
    }
    return {"type": "object", "properties": properties, "required": [name for name in properties if name != "method"]}


def _range(about: str) -> dict[str, Any]:
    return {"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_RANGE, "description": about}


def _word_tokens() -> dict[str, Any]:
    words = {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^\S+$"}}
    about = "token n is word n; 0 is the blank"
    properties = {"kind": {"const": "word"}, "words": words | {"description": about}}
    return {"type": "object", "properties": properties, "required": ["kind", "words"]}


def _subword_tokens() -> dict[str, Any]:
    model = {"type": "string", "contentEncoding": "base64", "description": "a sentencepiece model"}
    properties = {"kind": {"const": "subword"}, "model": model}
    return {"type": "object", "properties": properties, "required": ["kind", "model"]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_path() -> dict[str, Any]:
    """Exactly one of the two paths is given, and is no null."""
    return {"oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in _PATHS]}
