"""Where each number of a preset comes from: the `# source:` or `# assumed:` that stands beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim.hardware.config import NnaConfig
from nnasim.hardware.loader import PresetText, preset_chain
from nnasim.hardware.read_latency import CYCLES, NS, in_ns
from nnasim.records import merge

_UNITS = (
    ("_bytes_per_second", "byte/s"), ("bytes_per_second", "byte/s"), ("bytes_per_cycle", "byte/cycle"),
    ("pj_per_byte", "pJ/byte"), ("um2_per_byte", "um2/byte"), ("uw_per_kb", "uW/KB"), ("leakage_uw", "uW"),
    ("cycles_per_element", "cycle/element"), ("ns_per_element", "ns/element"), ("ns_per_byte", "ns/byte"),
    ("_per_cycle", "1/cycle"),
    ("cycles_per_command", "cycle/command"), ("cycles_per_pass", "cycle/pass"), ("_cycles", "cycle"),
    ("_hz", "Hz"), ("_us", "us"), ("_ns", "ns"), ("_gflops", "GFLOP/s"), ("_pj", "pJ"), ("_mw", "mW"),
    ("_um2", "um2"),
    ("_nm", "nm"), ("_frames", "frame"), ("_bits", "bit"), ("bytes", "byte"), ("_ratio", "ratio"),
)  # fmt: skip
_COMMENT = re.compile(r"\s#\s*((?:source|assumed|measured):.*)$")


@dataclass(frozen=True)
class PresetRow:
    """One field of a resolved preset: its dotted path, value, unit, and the source that stands beside it."""

    field: str
    value: Any
    unit: str
    source: str


def unit_of(field: str) -> str:
    """The unit that a field's name ends with; "" for names and choices, "count" is left to the reader."""
    names = field, field.rpartition(".")[0]  # the rows of a table have its unit
    return next((unit for name in names for suffix, unit in _UNITS if name.endswith(suffix)), "")


def without_unit(field: str) -> str:
    """The last part of a field's name without the words that say its unit: ``bytes_per_second`` is "", the DRAM's."""
    leaf = field.rpartition(".")[2]
    suffix = next((suffix for suffix, _ in _UNITS if leaf.endswith(suffix.lstrip("_"))), "").lstrip("_")
    return leaf.removesuffix(suffix).rstrip("_")


def preset_rows(name_or_path: str | Path, config: NnaConfig) -> list[PresetRow]:
    """Every field of ``config`` (resolved from ``name_or_path``), in order, each with its source.

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
        for field, value in _leaves(config.model_dump(mode="json"))
    ]


def _source(found: tuple[Any, str] | None, value: Any) -> str:
    if found is None:
        return "default"
    return found[1] if found[0] == value else "override"


def _leaves(data: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def sources_of(layer: PresetText) -> dict[str, tuple[Any, str]]:
    """Dotted field -> (value, comment) of one file; the comment is "" where a line has none."""
    from ruamel.yaml import YAML

    lines = layer.text.splitlines()
    root: Any = YAML(typ="safe", pure=True).compose(io.StringIO(layer.text))
    found: dict[str, tuple[Any, str]] = {}

    def walk(node: Any, data: dict[str, Any], path: str) -> None:
        for key, value in node.value:
            field, inner = f"{path}{key.value}", data[key.value]
            if isinstance(inner, dict):
                walk(value, inner, f"{field}.")
            else:
                comment = _COMMENT.search(lines[value.end_mark.line if value.value else key.end_mark.line])
                found[field] = (inner, comment[1] if comment else "")

    walk(root, layer.data, "")
    return found
