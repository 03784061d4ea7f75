"""The values of a sweep's point as they are shown: axes with their units, figures short enough to read."""

from __future__ import annotations

import math
from typing import Any

from nnasim.hardware.field_units import unit_of
from nnasim.sweeps.fronts import Varied
from nnasim.sweeps.objectives import meaning_of
from reports.blocks import Cell, Quantity, Value
from reports.naming import value_name
from reports.text import data_size, prefixed

_DIGITS = 4


def bare(value: Any) -> Any:
    """A value of a data frame as Python has it; None for what is none."""
    python_value = value.item() if hasattr(value, "item") else value
    return None if isinstance(python_value, float) and math.isnan(python_value) else python_value


def axis_text(axis: str, value: Any) -> str:
    """A value of an axis with its unit, such as "25 GB/s", "256 KiB"; "null" for none, as a sweep file writes it."""
    python_value = bare(value)
    return "null" if python_value is None else value_name(python_value, unit_of(axis))


def figure_text(objective: str, value: Any) -> str:
    """A figure of a point without its unit, such as "12.49" or "5.003 G"; bytes have theirs."""
    python_value = bare(value)
    unit, _ = meaning_of(objective)
    return data_size(python_value, _DIGITS) if unit == "bytes" else prefixed(python_value, _DIGITS)


def axis_range(axis: str, varied: Varied) -> str:
    """The values that a sweep tries on an axis, with units, such as "1 GB/s, 4 GB/s (2 values)"."""
    texts = [axis_text(axis, value) for value in varied.values]
    more = ", ..." if varied.is_list and varied.total > len(texts) else ""
    counted = f"{varied.total:,} values" if varied.total else "an axis"
    return f"{(', ' if varied.is_list else ' to ').join(texts)}{more} ({counted})"


def axis_cell(axis: str, value: Any) -> Cell:
    """``axis_text``, sorted as the number that it is."""
    return _cell(bare(value), axis_text(axis, value))


def figure_cell(objective: str, value: Any) -> Cell:
    """``figure_text``, sorted as the number that it is."""
    return _cell(bare(value), figure_text(objective, value))


def _cell(value: Any, text: str) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Quantity(value, text) if is_number else Value(text)


def with_unit(objective: str) -> str:
    """An objective and its unit, such as "energy_mj [mJ]"."""
    unit, _ = meaning_of(objective)
    return f"{objective} [{unit}]" if unit else objective
