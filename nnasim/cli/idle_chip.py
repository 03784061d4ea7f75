"""Fields of a chip that change nothing in the systems that run: named in one line, for a loop gives them to all."""

from __future__ import annotations

import sys
from collections.abc import Sequence

NUMERICS = "numerics."
ON_THE_CPU = {
    "float": "float computes in float32 whatever the chip",
    "cpu_int8": "cpu_int8 computes on the CPU, in int8 and float32, whatever the chip",
}


def tell_no_chip(system: str, preset: str, overrides: list[str] | None, default: str = "edge256") -> None:
    """Print which options of a chosen chip change nothing, since only its arithmetic is used, or nothing of it
    at all.
    """
    if system in ON_THE_CPU:
        if overrides or preset != default:
            print(f"{ON_THE_CPU[system]}: --preset and --set change nothing in it", file=sys.stderr)
        return
    others = [field for field in _fields(overrides) if not field.startswith(NUMERICS)]
    if others:
        print(f"only the chip's numerics are used here: --set {', '.join(others)} changes nothing", file=sys.stderr)


def tell_no_numerics(systems: Sequence[str], overrides: list[str] | None) -> None:
    """Print which fields of the chip's arithmetic are set and change nothing, since all ``systems`` compute without."""
    fields = [field for field in _fields(overrides) if field.startswith(NUMERICS)]
    if fields and ON_THE_CPU.keys() >= set(systems):
        who = f"{' and '.join(systems)} {'computes' if len(systems) == 1 else 'compute'}"
        print(f"{who} without the chip's arithmetic: --set {', '.join(fields)} changes nothing", file=sys.stderr)


def _fields(overrides: list[str] | None) -> list[str]:
    """The fields that changes FIELD=VALUE set, each once."""
    return list(dict.fromkeys(text.partition("=")[0].strip() for text in overrides or []))
