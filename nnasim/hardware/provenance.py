"""Where each number of a preset comes from: the `# source:` or `# assumed:` that stands beside it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim.hardware.config import NnaConfig
from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.loader import PresetText, preset_chain
from nnasim.hardware.read_latency import CYCLES, NS, in_ns
from nnasim.records import merge

_COMMENT = re.compile(r"\s#\s*((?:source|assumed|measured):.*)$")


@dataclass(frozen=True)
class PresetRow:
    """One field of a resolved preset: its dotted path, value, unit, and the source that stands beside it."""

    field: str
    value: Any
    unit: str
    source: str


def preset_rows(name_or_path: str | Path, chip: NnaConfig) -> list[PresetRow]:
    """Every field of ``chip`` (resolved from ``name_or_path``), in order, each with its source.

    A value that no file gave is a default of the package; one that differs from the files was set by an override.
    """
    sources: dict[str, tuple[Any, str]] = {}
    given: dict[str, Any] = {}
    for layer in preset_chain(name_or_path):
        sources |= sources_of(layer)
        given = in_ns(merge(given, layer.data), layer.path)
        if CYCLES in sources:
            sources[NS] = (given["dram"]["read_latency_ns"], sources.pop(CYCLES)[1])
    return [
        PresetRow(field, value, unit_of(field), _source(sources.get(field), value))
        for field, value in leaves(chip.model_dump(mode="json"))
    ]


def _source(origin: tuple[Any, str] | None, value: Any) -> str:
    if origin is None:
        return "default"
    return origin[1] if origin[0] == value else "override"


def sources_of(layer: PresetText) -> dict[str, tuple[Any, str]]:
    """Dotted field -> (value, comment) of one file; the comment is "" where a line has none."""
    from ruamel.yaml import YAML

    lines = layer.text.splitlines()
    root: Any = YAML(typ="safe", pure=True).compose(io.StringIO(layer.text))
    sources: dict[str, tuple[Any, str]] = {}

    def walk(node: Any, data: dict[str, Any], path: str) -> None:
        for key, value in node.value:
            field, inner = f"{path}{key.value}", data[key.value]
            if isinstance(inner, dict):
                walk(value, inner, f"{field}.")
            else:
                comment = _COMMENT.search(lines[value.end_mark.line if value.value else key.end_mark.line])
                sources[field] = (inner, comment[1] if comment else "")

    walk(root, layer.data, "")
    return sources
