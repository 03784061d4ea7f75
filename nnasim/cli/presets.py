"""`nnasim presets`: which chips there are, what each cannot do, and where each number of one comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.cli.options import Overrides

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig


def command(
    name: Annotated[str | None, typer.Argument(help="a preset's name or a YAML file")] = None,
    overrides: Overrides = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="print what the chip, or each of them, cannot do and holds instead")
    ] = False,
    diff: Annotated[
        tuple[str, str] | None, typer.Option(help="print the fields in which two chips differ instead")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON schema of a preset file, for editors")
    ] = False,
) -> None:
    """List the chips, or print one resolved: each field's value, unit and source.

    Example: nnasim presets edge256
    """
    from nnasim.cli.unused import refuse_unused

    if schema:
        refuse_unused("presets", "with --schema", name=name, limits=limits, diff=diff, set=overrides)
        _print_schema()
    elif diff is not None:
        refuse_unused("presets", "with --diff", name=name, limits=limits)
        _print_difference(*diff, overrides or [])
    elif name is None:
        refuse_unused("presets", "without a preset's name", set=overrides)
        _print_all(limits)
    elif limits:
        _print_limits(name, overrides or [])
    else:
        _print_one(name, overrides)


def _print_schema() -> None:
    from nnasim.hardware.schema import preset_schema

    print(json.dumps(preset_schema(), indent=1, sort_keys=True))


def _print_all(limits: bool) -> None:
    """A chip a line, and below it what it was held to or, with ``limits``, what it cannot do."""
    from nnasim.compiler.constraints import chip_rows
    from nnasim.hardware import load_preset, preset_names

    names = preset_names()
    width = max(map(len, names))
    for name in names:
        chip = load_preset(name)
        print(f"{name:<{width}}  {chip.description}")
        rows = chip_rows(chip) if limits else [("validated", chip.validated or "held to nothing")]
        for what, text in rows:
            print(f"{'':<{width}}  {what}: {text}")


def _print_limits(name: str, overrides: list[str]) -> None:
    from nnasim.compiler.constraints import limit_rows
    from nnasim.hardware import load_preset

    _print_table(limit_rows(load_preset(name, overrides, named="--set")))


def _print_difference(one: str, other: str, overrides: list[str]) -> None:
    from nnasim.hardware import load_preset
    from nnasim.hardware.difference import differences

    first, second = (load_preset(name, overrides, named="--set") for name in (one, other))
    rows = [(row.field, _shown(row.one), _shown(row.other), row.unit) for row in differences(first, second)]
    if not rows:
        print(f"{first.name} and {second.name} differ in nothing that counts")
        return
    _print_table([("", first.name, second.name, "unit"), *rows])


def _print_one(name: str, overrides: list[str] | None) -> None:
    from nnasim.cli.doubts import load_chip
    from nnasim.hardware import preset_rows
    from nnasim.hardware.section import DESCRIPTIVE

    chip: NnaConfig = load_chip(name, overrides)
    print(f"{chip.name}: {chip.description}\nvalidated: {chip.validated or 'held to nothing'}\n")
    _print_table(
        [
            (row.field, _shown(row.value), row.unit or "-", row.source or "-")
            for row in preset_rows(name, chip)
            if row.field not in DESCRIPTIVE
        ]
    )


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, two spaces between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
