"""The tables of chips that `nnasim presets` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnasim.cli.told import list_first, list_rows, say

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig


def print_schema() -> None:
    """Print the JSON schema of a preset file."""
    from nnasim.hardware.schema import preset_schema

    print(json.dumps(preset_schema(), indent=1, sort_keys=True))


def print_all(limits: bool, whole: bool) -> None:
    """Print a line for each chip: its description or, with ``limits``, what it leaves to the host.

    ``whole``: the whole text, and what the chip was validated against, or all of its limits.
    """
    from nnasim.compiler.constraints import chip_rows
    from nnasim.hardware import load_preset, preset_names

    chips = {name: load_preset(name) for name in preset_names()}
    width = max(map(len, chips))
    if not whole:
        texts = {name: ": ".join(chip_rows(chip)[0]) if limits else chip.description for name, chip in chips.items()}
        say([*(_in_a_line(f"{name:<{width}}  {text}") for name, text in texts.items()), MORE_OF_EACH])
        return
    for name, chip in chips.items():
        list_rows([f"{name:<{width}}  {chip.description}"])
        for what, text in chip_rows(chip) if limits else [("validated", _validated(chip))]:
            list_rows([f"{'':<{width}}  {what}: {text}"])


MORE_OF_EACH = "more of each: --all; its fields: nnasim presets NAME"


def _in_a_line(text: str) -> str:
    """``text``, cut between two words where it is longer than a line."""
    from nnasim.markup import columns

    if len(text) <= columns():
        return text
    return f"{text[: columns() - 3].rpartition(' ')[0]} ..."


def print_limits(name: str, overrides: list[str], whole: bool) -> None:
    """Print what one chip can run and hold."""
    from nnasim.compiler.constraints import limit_rows
    from nnasim.hardware import load_preset

    list_first(_table_rows(limit_rows(load_preset(name, overrides, named="--set"))), whole)


def print_difference(one: str, other: str, overrides: list[str], whole: bool) -> None:
    """Print the fields in which two chips differ, with both values and the unit."""
    from nnasim.hardware import load_preset
    from nnasim.hardware.difference import differences

    first, second = (load_preset(name, overrides, named="--set") for name in (one, other))
    rows = [(row.field, _shown(row.one), _shown(row.other), row.unit) for row in differences(first, second)]
    table = [("", first.name, second.name, "unit"), *rows] if rows else [("no field that counts differs",)]
    list_first(_table_rows(table), whole)


def print_one(name: str, overrides: list[str] | None, whole: bool) -> None:
    """Print the fields of one chip that decide most or, if ``whole``, every field with value, unit and source."""
    from nnasim.cli.doubts import load_chip
    from nnasim.hardware import preset_rows
    from nnasim.hardware.section import DESCRIPTIVE

    chip: NnaConfig = load_chip(name, overrides)
    rows = [row for row in preset_rows(name, chip) if row.field not in DESCRIPTIVE]
    head = [f"{chip.name}: {chip.description}", f"validated: {_validated(chip)}"]
    if whole:
        cells = [(row.field, _shown(row.value), row.unit or "-", row.source or "-") for row in rows]
        list_rows([*head, "", *_table_rows(cells)])
        return
    cells_of_few = [
        (row.field, _shown(row.value), row.unit or "-")
        for row in rows
        if row.field in DECIDING and row.value is not None
    ]
    more = f"all {len(rows)} fields, each with its source: --all"
    say([*head, *_table_rows(cells_of_few), more])


DECIDING = {
    "clock_hz", "mac_array.kind", "mac_array.rows", "mac_array.cols", "mac_array.macs_per_cycle", "sram.bytes",
    "dram.bytes_per_second", "numerics.activation", "host.handoff_us",
}  # fmt: skip


def _validated(chip: NnaConfig) -> str:
    return chip.validated or "held to nothing"


def _table_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, with two spaces between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
