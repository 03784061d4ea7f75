"""Options that a run would not use: refused, or where a loop over systems gives them to all alike, said in one line."""

from __future__ import annotations

import sys

from nnasim.errors import ConfigError


def refuse_unused(command: str, why: str, **given: object) -> None:
    """ConfigError for the first of the options ``given`` that has a value; ``why``: when it is not used.

    Names are those of the options with underscores for dashes; None, False and empty lists mean: not given.
    """
    for name, value in given.items():
        if value is not None and value is not False and value != []:
            raise ConfigError(command, f"--{name.replace('_', '-')}", value, f"is not used {why}")


def tell_float(system: str, preset: str, overrides: list[str] | None, default: str = "edge256") -> None:
    """Say that ``float`` takes nothing from a chip, where one was chosen for it."""
    if system == "float" and (overrides or preset != default):
        print("float computes in float32 whatever the chip: --preset and --set change nothing in it", file=sys.stderr)
