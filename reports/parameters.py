"""The chip of a result: each field with value and source, as the result file carries them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir import result as result_file
from nnasim.ir.result import SimResult
from reports.naming import exact_name
from reports.text import NOT_COMPUTED


class Parameter(NamedTuple):
    """One field of the chip: its value with the unit, and where that comes from; a dash where the file does not say."""

    field: str
    value: str
    source: str


def parameters(result: SimResult) -> list[Parameter]:
    """Rows of `extra.parameters` where the command recorded them, else the bare fields of `hardware`."""
    return parameter_rows(result.extra.parameters, result.hardware)


def parameter_rows(recorded: Sequence[result_file.Parameter], hardware: dict[str, Any]) -> list[Parameter]:
    """``recorded`` if there are any, else the bare fields of ``hardware``."""
    bare = (result_file.Parameter(field=field, value=value) for field, value in leaves(hardware))
    rows = recorded or bare
    return [
        Parameter(row.field, value_text(row.value, row.unit or unit_of(row.field)), row.source or NOT_COMPUTED)
        for row in rows
        if row.field not in DESCRIPTIVE
    ]


def value_text(value: Any, unit: str) -> str:
    """The value of a field as text: all its digits, and its unit."""
    if value is None:
        return NOT_COMPUTED
    if isinstance(value, list | tuple):
        return f"{', '.join(map(str, value))} {unit}".strip()
    return json.dumps(value) if isinstance(value, bool | dict) else exact_name(value, unit)
