"""Two chips side by side: only the fields in which they differ."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnasim.hardware.config import NnaConfig
from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.section import DESCRIPTIVE

ABSENT = "-"


class Difference(NamedTuple):
    """A field, its values on two chips (``ABSENT`` where a chip has no such field), and its unit."""

    field: str
    one: Any
    other: Any
    unit: str


def differences(one: NnaConfig, other: NnaConfig) -> list[Difference]:
    """The fields in which two chips differ, in the order of a chip, without those that only describe it."""
    first, second = (dict(leaves(chip.model_dump(mode="json"))) for chip in (one, other))
    fields = [*first, *(field for field in second if field not in first)]
    rows = (Difference(name, first.get(name, ABSENT), second.get(name, ABSENT), unit_of(name)) for name in fields)
    return [row for row in rows if row.one != row.other and row.field not in DESCRIPTIVE]
