"""The preset that a fit writes: the preset that it extends, and beside each number the measurement that gave it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.hardware import preset_names
from nnasim.hardware.loader import apply_override
from nnasim.hardware.read_latency import CYCLES, NS
from nnasim.markup import visible
from nnasim.studies.fitting.record import FitRecord, FittedField
from nnasim.studies.fitting.words import interval_text


def preset_text(record: FitRecord, path: Path) -> str:
    """The YAML of the chip that ``record`` found, for a file at ``path``; ``extends`` is relative to that."""
    lines = [
        *([f"# {visible(record.command)}"] if record.command else []),
        f"# Intervals: {record.interval}.",
        *(f"# {line}" for line in _doubts(record)),
        f"extends: {json.dumps(_parent(record.preset, path))}",
        f"description: {json.dumps(_description(record))}",
    ]
    sections: dict[str, list[str]] = {}
    for field, value, comment in (*_overrides(record), *_measured(record)):
        section, _, name = field.rpartition(".")
        sections.setdefault(section, []).append(f"{name}: {value}  # {comment}")
    lines += sections.pop("", [])
    for section, entries in _nested(sections):
        lines += [section, *entries]
    return "\n".join(lines) + "\n"


def _nested(sections: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    """Each section's heading and its lines; a table within a section is inside of it."""
    flat: dict[str, list[str]] = {}
    for section, entries in sections.items():
        outer, _, inner = section.partition(".")
        within = [f"  {inner}:", *(f"    {entry}" for entry in entries)] if inner else [f"  {e}" for e in entries]
        flat.setdefault(outer, []).extend(within)
    return [(f"{section}:", entries) for section, entries in flat.items()]


def write_preset(record: FitRecord, path: str | Path, *, force: bool = False) -> None:
    """Write the preset at ``path``, atomically. Raises FileError if it is there, unless ``force``."""
    files.write_bytes(path, preset_text(record, Path(path)).encode(), force=force)


def _parent(preset: str, path: Path) -> str:
    if preset in preset_names():
        return preset
    return os.path.relpath(os.path.realpath(preset), os.path.dirname(os.path.realpath(path)))


def _description(record: FitRecord) -> str:
    found = ", ".join(field.field for field in record.fields)
    text = f"{Path(record.preset).stem}, {found} fitted to {_rows(record)}"
    held_out = record.mean_held_out_pct
    if held_out is not None:
        text += f", {held_out:.3g} % off on rows left out"
    return visible(text)[:2000]


def _rows(record: FitRecord) -> str:
    return f"{visible(Path(record.measurements).name)}, {len(record.rows)} rows"


def _doubts(record: FitRecord) -> list[str]:
    lines = [
        f"No row tells apart {' and '.join(group.fields)}: only together are they measured."
        for group in record.confounded
    ]
    return lines + (
        [f"Rows do not, or hardly, depend on {', '.join(record.idle)}: left as before."] if record.idle else []
    )


def _overrides(record: FitRecord) -> list[tuple[str, str, str]]:
    found = {field.field for field in record.fields}
    found |= {CYCLES} if NS in found else set()
    rows = []
    for text in record.overrides:
        data: dict[str, Any] = {}
        field = apply_override(data, text, "override")
        if field not in found:
            rows.append((field, text.partition("=")[2].strip(), "assumed: given to the fit"))
    return rows


def _measured(record: FitRecord) -> list[tuple[str, str, str]]:
    return [(field.field, _number(field.value), f"measured: {_comment(field, record)}") for field in record.fields]


def _comment(field: FittedField, record: FitRecord) -> str:
    text = _rows(record)
    if field.low is not None:
        text += f"; 95 % interval {interval_text(field)}"
    return f"{text}; {field.note}" if field.note else text


def _number(value: float | int) -> str:
    return json.dumps(value)
