"""`dram.kind: fixed | banked`: the model of a DRAM, given in place of its kind of memory; `dram.model` is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from nnasim.hardware.kinds import MODELS
from nnasim.hardware.memory import DramKind

KIND, MODEL = "dram.kind", "dram.model"
FIXED = "fixed"


def dram_field(field: str, value: object) -> str:
    """The dotted field that ``field`` = ``value`` sets."""
    return MODEL if field == KIND and _model(value) else field


def dram_value(field: str, value: Any) -> Any:
    """The value that ``field`` = ``value`` sets it to."""
    return _model(value) or value if field in (KIND, MODEL) else value


def with_model(data: Mapping[str, Any]) -> dict[str, Any]:
    """A chip's description in which a model that was given as the kind of memory is in its own field."""
    dram = data.get("dram")
    if not isinstance(dram, Mapping) or not {"kind", "model"} & set(dram):
        return dict(data)
    said = {dram_field(f"dram.{name}", value)[5:]: dram_value(f"dram.{name}", value) for name, value in dram.items()}
    return {**data, "dram": said}


def changes_with_model(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of a chip, dotted field -> value, with the model in its own field."""
    changed = {dram_field(field, value): dram_value(field, value) for field, value in changes.items()}
    return with_model(changed)


def _model(value: object) -> str | None:
    """The model that ``value`` names; None if it names none, as a kind of memory does."""
    if not isinstance(value, str) or value in get_args(DramKind):
        return None
    return "steady" if value == FIXED else value if value in MODELS.names else None
