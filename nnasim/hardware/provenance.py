"""The source of each number of a preset: the `# source:` or `# assumed:` comment beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.hardware.config import NnaConfig
from nnasim.hardware.dram_kind import with_model
from nnasim.hardware.drams.timings import TABLE, table
from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.idle import value_and_default
from nnasim.hardware.loader import PresetText, preset_chain
from nnasim.hardware.read_latency import CYCLES, NS, in_ns
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.hardware.units import NEAREST, rate_of
from nnasim.records import merge, put

_COMMENT = re.compile(r"\s#\s*((?:source|assumed|measured):.*)$")


@dataclass(frozen=True)
class PresetRow:
    """One field of a resolved preset: its dotted path, value, unit, and the source written beside it."""

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
        given = in_ns(merge(given, with_model(layer.data)), layer.path)
        if CYCLES in sources:
            sources[NS] = (given["dram"]["read_latency_ns"], sources.pop(CYCLES)[1])
    data, taken_over = chip.model_dump(mode="json"), dict(_taken_over(chip))
    for field, (rate, _) in taken_over.items():
        put(data, field, rate)
    for field, (value, source) in _of_the_kind(chip).items():
        put(data, field, value)
        sources.setdefault(field, (value, source))
    return [
        PresetRow(
            field,
            value,
            unit_of(field),
            _source(field, value, sources, taken_over) if field in (*sources, *taken_over) else _unnamed(chip, field),
        )
        for field, value in leaves(data)
    ]


def _taken_over(chip: NnaConfig) -> Iterator[tuple[str, tuple[float, str]]]:
    """(field, (its rate, the kind whose rate it is)) of each rate that ``chip`` leaves null."""
    for section, suffix in (("activation_unit", "cycles_per_element"), ("host", "ns_per_element")):
        unit = getattr(chip, section)
        for kind, nearest in NEAREST.items():
            if unit is not None and getattr(unit, f"{kind}_{suffix}", 0) is None:
                yield f"{section}.{kind}_{suffix}", (rate_of(unit, kind, suffix), nearest)


def _of_the_kind(chip: NnaConfig) -> dict[str, tuple[Any, str]]:
    """Field -> (value, source) from the table of the DRAM's kind, if its model reads one and the field is not set."""
    if chip.dram.model != "banked":
        return {}
    text = files.read_text(TABLE)
    rows = sources_of(PresetText(TABLE, text, files.parse_yaml(text, TABLE)))
    kind, given = chip.dram.kind or "", chip.dram.parameters
    return {f"dram.parameters.{name}": rows[f"{kind}.{name}"] for name in table()[kind] if name not in given}


def _source(
    field: str, value: Any, sources: Mapping[str, tuple[Any, str]], taken_over: Mapping[str, tuple[float, str]]
) -> str:
    given, comment = sources.get(field, (None, ""))
    if field in taken_over and given is None:
        return comment or f"default: as {taken_over[field][1]}"
    return "" if field not in sources else comment if given == value else "override"


def _unnamed(chip: NnaConfig, field: str) -> str:
    """The source of a field that no file gives."""
    if field in DESCRIPTIVE:
        return ""
    value, default = value_and_default(chip, field)
    return "default" if value == default else "override"


def sources_of(layer: PresetText) -> dict[str, tuple[Any, str]]:
    """Dotted field -> (value, comment) of one file; the comment is "" for a line without one."""
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
