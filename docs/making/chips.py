"""Chip fields and presets, from the records that check them."""

from __future__ import annotations

import json
from typing import Any

from docs.making.tables import code, contents, table
from nnasim.compiler.constraints import limit_rows
from nnasim.hardware import load_preset, preset_names, preset_rows
from nnasim.hardware.schema import preset_schema
from nnasim.hardware.section import DESCRIPTIVE

ABOUT = (
    "Chips that come with the package: descriptions from public figures, not products. The last column says what the "
    "cycles of each were checked against, and how far that goes; a chip of your own `extends` one of them."
)
UNITS_OF = "edge256"  # a preset that has every section


def fields_page() -> str:
    """Every field of a chip file: unit, what it is, what is allowed."""
    units = {row.field: row.unit for row in preset_rows(UNITS_OF, load_preset(UNITS_OF))}
    rows = [(code(name), units.get(name) or "-", about, allowed) for name, about, allowed in _fields(preset_schema())]
    head = (
        "# Chip fields\n\nWhat can be said of a chip? It is a YAML file of these fields; with `extends` it names a "
        "preset and what differs.\n`--set section.field=value` changes one for one run. "
        "`nnasim presets --schema` prints the JSON schema.\n"
    )
    return f"{head}\n{table(('field', 'unit', 'is', 'allowed'), rows)}\n"


def _fields(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    return list(_walk(schema["properties"], schema.get("$defs", {}), ""))


def _walk(properties: dict[str, Any], parts: dict[str, Any], prefix: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for name, field in properties.items():
        section = _section(field, parts)
        if section:
            rows += _walk(section["properties"], parts, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, field.get("description", ""), _allowed(field)))
    return rows


def _section(field: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any] | None:
    """The part of the schema that a field is a section of; None for a plain value."""
    for option in (field, *field.get("anyOf", ()), *field.get("allOf", ())):
        if "$ref" in option:
            part = parts[option["$ref"].rpartition("/")[2]]
            if "properties" in part:
                return dict(part)
    return None


_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _allowed(field: dict[str, Any]) -> str:
    options = [option for option in (field, *field.get("anyOf", ())) if option.get("type") != "null"]
    bounds = [f"{sign} {option[key]:g}" for option in options for key, sign in _BOUNDS.items() if key in option]
    choices = [str(choice) for option in options for choice in option.get("enum", ())]
    return ", ".join(dict.fromkeys(choices or bounds or [str(o["type"]) for o in options if "type" in o]))


def preset_pages() -> dict[str, str]:
    """The list of presets, and a page for each: values with unit and source, and what the chip cannot do."""
    names = preset_names()
    rows = [(f"[`{name}`](presets/{name}.md)", load_preset(name).description, _validated(name)) for name in names]
    parts = [
        "# Presets",
        ABOUT,
        table(("preset", "is", "checked against"), rows),
        contents(f"presets/{n}" for n in names),
    ]
    text = "\n\n".join(parts) + "\n"
    return {"presets": text, **{f"presets/{name}": _preset(name) for name in names}}


def _validated(name: str) -> str:
    return load_preset(name).validated or "nothing"


def _preset(name: str) -> str:
    chip = load_preset(name)
    rows = [
        (code(row.field), _shown(row.value), row.unit or "-", row.source or "-")
        for row in preset_rows(name, chip)
        if row.field not in DESCRIPTIVE
    ]
    limits = table(("limit", "value"), [(row[0], " ".join(row[1:])) for row in limit_rows(chip)])
    return (
        f"# {name}\n\n{chip.description}\n\nChecked against: {_validated(name)}\n\n"
        f"{table(('field', 'value', 'unit', 'source'), rows)}\n\n## What it cannot do\n\n{limits}\n"
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
