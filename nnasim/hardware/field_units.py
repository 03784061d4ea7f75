"""The fields of a chip by their dotted names, and the unit that each name ends with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_UNITS = (
    ("_bytes_per_second", "byte/s"), ("bytes_per_second", "byte/s"), ("bytes_per_cycle", "byte/cycle"),
    ("pj_per_byte", "pJ/byte"), ("um2_per_byte", "um2/byte"), ("uw_per_kb", "uW/KB"), ("leakage_uw", "uW"),
    ("cycles_per_element", "cycle/element"), ("ns_per_element", "ns/element"), ("ns_per_byte", "ns/byte"),
    ("_per_cycle", "1/cycle"),
    ("cycles_per_command", "cycle/command"), ("cycles_per_pass", "cycle/pass"), ("_cycles", "cycle"),
    ("_hz", "Hz"), ("_us", "us"), ("_ns", "ns"), ("_gflops", "GFLOP/s"), ("_gops", "GOP/s"), ("_pj", "pJ"),
    ("_mw", "mW"), ("_um2", "um2"),
    ("_nm", "nm"), ("_frames", "frame"), ("_bits", "bit"), ("bytes", "byte"), ("_ratio", "ratio"),
)  # fmt: skip


def unit_of(field: str) -> str:
    """The unit that a field's name ends with; "" for names and choices, and for plain counts."""
    names = field, field.rpartition(".")[0]  # the rows of a table have its unit
    return next((unit for name in names for suffix, unit in _UNITS if name.endswith(suffix)), "")


def without_unit(field: str) -> str:
    """The last part of a field's name without the words of its unit: for ``bytes_per_second`` it is ""."""
    leaf = field.rpartition(".")[2]
    suffix = next((suffix for suffix, _ in _UNITS if leaf.endswith(suffix.lstrip("_"))), "").lstrip("_")
    return leaf.removesuffix(suffix).rstrip("_")


def leaves(data: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The (dotted name, value) of every field in ``data``, a chip or a section as a mapping."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
