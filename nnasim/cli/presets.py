"""`nnasim presets`: which chips there are, and where each number of one comes from."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from nnasim.cli.options import Overrides


def command(
    name: Annotated[str | None, typer.Argument(help="a preset's name or a YAML file")] = None,
    overrides: Overrides = None,
    limits: Annotated[bool, typer.Option("--limits", help="print what the chip can run and hold instead")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON schema of a preset file, for editors")
    ] = False,
) -> None:
    """List the chips, or print one resolved: each field's value, unit and source.

    Example: nnasim presets edge256
    """
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.unused import refuse_unused
    from nnasim.hardware import load_preset, preset_names, preset_rows

    if name is None:
        refuse_unused("presets", "without a preset's name", set=overrides, limits=limits)
    if schema:
        refuse_unused("presets", "with --schema", name=name, limits=limits, set=overrides)
    if schema:
        from nnasim.hardware.schema import preset_schema

        print(json.dumps(preset_schema(), indent=1, sort_keys=True))
        return
    if name is not None and limits:
        from nnasim.compiler.constraints import limit_rows

        for limit, rule in limit_rows(load_preset(name, overrides or [], named="--set")):
            print(f"{limit:<26}  {rule}")
        return
    if name is None:
        width = max(map(len, preset_names()))
        for preset in preset_names():
            print(f"{preset:<{width}}  {load_preset(preset).description}")
        return
    chip = load_chip(name, overrides)
    print(f"{chip.name}: {chip.description}\n")
    rows = [
        (row.field, _shown(row.value), row.unit or "-", row.source or "-")
        for row in preset_rows(name, chip)
        if row.field not in ("name", "description")
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
