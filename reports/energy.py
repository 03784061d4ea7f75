"""Energy and area of results: each part as low, typical and high, as the result files carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nnasim.ir.result import SimResult, Spread
from reports.naming import labelled, value_name

TOTAL = "total"


@dataclass(frozen=True)
class RangeTable:
    """``parts`` by name, the total last; ``ranges[label][part]``: (low, typical, high), absent if unknown."""

    parts: tuple[str, ...]
    ranges: dict[str, dict[str, Spread]]


def range_table(results: Mapping[str, SimResult], figure: Literal["energy_mj", "area_mm2"]) -> RangeTable | None:
    """The table of ``figure`` of every result; None if no result has it."""
    ranges = {label: getattr(result.extra, figure) or {} for label, result in results.items()}
    named = {part for figures in ranges.values() for part in figures}
    if not named:
        return None
    # By name, as a result file has them: results in memory and results read back make the same page.
    return RangeTable(tuple(sorted(named, key=lambda part: (part == TOTAL, part))), ranges)


def labelled_chips(results: Sequence[SimResult]) -> dict[str, SimResult]:
    """Results of different chips by name: the preset, and the fields that differ where presets repeat."""
    chips = [result.model_copy(update={"system": result.preset, "workload": None}) for result in results]
    return dict(zip(labelled(chips), results, strict=True))


def nodes(results: Mapping[str, SimResult], section: str) -> list[str]:
    """Technology nodes of the tables that the figures rest on, such as "45 nm"; ``section``: energy or area."""
    tables = [result.hardware.get(section) for result in results.values()]
    sizes = [table.get("node_nm") for table in tables if isinstance(table, dict)]
    return list(dict.fromkeys(value_name(size, "nm") for size in sizes if isinstance(size, int | float)))
