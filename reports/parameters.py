"""The chip of a result: each field with value, unit and source, as the result file carries them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from nnasim.hardware.field_units import leaves
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir import result as result_file
from nnasim.ir.result import SimResult
from reports.naming import whole_text
from reports.text import NOT_COMPUTED


class Parameter(NamedTuple):
    """One field of the chip. ``source``: where its number comes from; a dash where the file does not say."""

    field: str
    value: str
    unit: str
    source: str


def parameters(result: SimResult) -> list[Parameter]:
    """Rows of `extra.parameters` where the command recorded them, else the bare fields of `hardware`."""
    return parameter_rows(result.extra.parameters, result.hardware)


def parameter_rows(recorded: Sequence[result_file.Parameter], hardware: dict[str, Any]) -> list[Parameter]:
    """``recorded`` if there are any, else the bare fields of ``hardware``."""
    bare = (result_file.Parameter(field=field, value=value) for field, value in leaves(hardware))
    rows = recorded or bare
    return [
        Parameter(row.field, value_text(row.value, row.unit or ""), row.unit or "", row.source or NOT_COMPUTED)
        for row in rows
        if row.field not in DESCRIPTIVE
    ]


def value_text(value: Any, unit: str) -> str:
    """The value of a field as text, with all its digits; a large one with a larger unit."""
    if value is None:
        return NOT_COMPUTED
    if isinstance(value, int | float) and not isinstance(value, bool):
        return whole_text(value, unit)
    return value if isinstance(value, str) else json.dumps(value)
