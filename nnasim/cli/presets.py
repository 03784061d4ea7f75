"""`nnasim presets`: the known chips, the limits of each, and the source of each number."""

from __future__ import annotations

from typing import Annotated

import typer

from nnasim.cli.options import All, Overrides


def command(
    name: Annotated[str | None, typer.Argument(help="a preset's name or a YAML file")] = None,
    overrides: Overrides = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="print instead what the chip, or each chip, cannot do and can hold")
    ] = False,
    whole: All = False,
    diff: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="print instead the fields in which two chips differ")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON schema of a preset file, for editors")
    ] = False,
) -> None:
    """List the chips, or print one: the fields that decide most; with --all each field's value, unit and source.

    Example: nnasim presets edge256
    """
    from nnasim.cli.chip_tables import print_all, print_difference, print_limits, print_one, print_schema
    from nnasim.cli.unused import refuse_unused

    if schema:
        refuse_unused("presets", "with --schema", name=name, limits=limits, diff=diff, set=overrides, all=whole)
        print_schema()
    elif diff is not None:
        refuse_unused("presets", "with --diff", name=name, limits=limits)
        print_difference(*diff, overrides or [], whole)
    elif name is None:
        refuse_unused("presets", "without a preset's name", set=overrides)
        print_all(limits, whole)
    elif limits:
        print_limits(name, overrides or [], whole)
    else:
        print_one(name, overrides, whole)
