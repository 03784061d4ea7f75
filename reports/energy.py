"""Energy and area of results: each part as low, typical and high, as the result files carry them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnasim.ir.result import SimResult
from reports.naming import labelled

Range = tuple[float, float, float]
TOTAL = "total"


@dataclass(frozen=True)
class RangeTable:
    """``parts`` by name, the total last; ``ranges[label][part]``: (low, typical, high), absent if unknown."""

    parts: tuple[str, ...]
    ranges: dict[str, dict[str, Range]]


def range_table(results: Mapping[str, SimResult], figure: str) -> RangeTable | None:
    """The table of ``extra[figure]`` (``energy_mj`` or ``area_mm2``) of every result; None if no result has it."""
    ranges = {label: _ranges(result.extra.get(figure)) for label, result in results.items()}
    named = {part for found in ranges.values() for part in found}
    if not named:
        return None
    # By name, as a result file has them: results in memory and results read back make the same page.
    return RangeTable(tuple(sorted(named, key=lambda part: (part == TOTAL, part))), ranges)


def labelled_chips(results: Sequence[SimResult]) -> dict[str, SimResult]:
    """Results of different chips under their presets' names, and by what differs where names repeat."""
    chips = [result.model_copy(update={"system": result.preset, "workload": None}) for result in results]
    return dict(zip(labelled(chips), results, strict=True))


def _ranges(found: Any) -> dict[str, Range]:
    """What is a range in ``found``; a file may hold anything there."""
    if not isinstance(found, dict):
        return {}
    return {str(part): (row[0], row[1], row[2]) for part, row in found.items() if _is_range(row)}


def _is_range(row: Any) -> bool:
    if not isinstance(row, list | tuple) or len(row) != 3:
        return False
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in row)
    return numbers and all(math.isfinite(value) for value in row) and row[0] <= row[1] <= row[2]


def nodes(results: Mapping[str, SimResult], section: str) -> list[str]:
    """Technology nodes of the tables that the figures rest on, such as "45 nm"; ``section``: energy or area."""
    found = [result.hardware.get(section) for result in results.values()]
    sizes = [table.get("node_nm") for table in found if isinstance(table, dict)]
    return list(dict.fromkeys(f"{size:g} nm" for size in sizes if isinstance(size, int | float)))
