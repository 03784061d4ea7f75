"""The tables of chips that `nnasim presets` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnasim.cli.told import list_rows

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig


def print_schema() -> None:
    """Print the JSON schema of a preset file."""
    from nnasim.hardware.schema import preset_schema

    print(json.dumps(preset_schema(), indent=1, sort_keys=True))


def print_all(limits: bool) -> None:
    """Print one chip per line, and below it what it was validated against or, with ``limits``, what it cannot do."""
    from nnasim.compiler.constraints import chip_rows
    from nnasim.hardware import load_preset, preset_names

    names = preset_names()
    width = max(map(len, names))
    for name in names:
        chip = load_preset(name)
        list_rows([f"{name:<{width}}  {chip.description}"])
        for what, text in chip_rows(chip) if limits else [("validated", chip.validated or "held to nothing")]:
            list_rows([f"{'':<{width}}  {what}: {text}"])


def print_limits(name: str, overrides: list[str]) -> None:
    """Print what one chip can run and hold."""
    from nnasim.compiler.constraints import limit_rows
    from nnasim.hardware import load_preset

    _print_table(limit_rows(load_preset(name, overrides, named="--set")))


def print_difference(one: str, other: str, overrides: list[str]) -> None:
    """Print the fields in which two chips differ, with both values and the unit."""
    from nnasim.hardware import load_preset
    from nnasim.hardware.difference import differences

    first, second = (load_preset(name, overrides, named="--set") for name in (one, other))
    rows = [(row.field, _shown(row.one), _shown(row.other), row.unit) for row in differences(first, second)]
    _print_table([("", first.name, second.name, "unit"), *rows] if rows else [("no field that counts differs",)])


def print_one(name: str, overrides: list[str] | None) -> None:
    """Print every field of one chip with value, unit and source."""
    from nnasim.cli.doubts import load_chip
    from nnasim.hardware import preset_rows
    from nnasim.hardware.section import DESCRIPTIVE

    chip: NnaConfig = load_chip(name, overrides)
    list_rows([f"{chip.name}: {chip.description}"])
    list_rows([f"validated: {chip.validated or 'held to nothing'}"])
    list_rows([""])
    rows = [row for row in preset_rows(name, chip) if row.field not in DESCRIPTIVE]
    _print_table([(row.field, _shown(row.value), row.unit or "-", row.source or "-") for row in rows])


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their widest cell, with two spaces between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        list_rows(["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()])


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
