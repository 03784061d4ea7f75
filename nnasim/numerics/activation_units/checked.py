"""An activation unit that a package adds, whose answers are checked where they enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nnasim.errors import PluginError
from nnasim.numerics.activation import ActivationUnit, Function, Table, UnitKind
from nnasim.numerics.backend import Array, Constants
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import highest, lowest
from nnasim.plugins import refuse_signatures

BITS = (8, 16)
ARGUMENTS = {"apply": 2, "tables": 1, "build": 3, "check": 2, "slope": 3}
LARGEST_TABLE = 2**16
"""The most entries of a table: one for each input of 16 bits."""


def checked(name: str, who: str, kind: Any) -> UnitKind:
    """The unit ``kind`` with its answers checked. Raises ValueError if ``kind`` is no unit called ``name``."""
    if not isinstance(kind, UnitKind) or kind.name != name:
        raise ValueError(f"{who} must be a UnitKind of that name")
    if kind.input_bits not in BITS or kind.output_bits not in BITS:
        raise ValueError(f"{who}: input_bits and output_bits must be 8 or 16")
    if kind.input_frac is not None and not (isinstance(kind.input_frac, int) and -16 <= kind.input_frac <= 32):
        raise ValueError(f"{who}: input_frac must be a whole number of at least -16 and at most 32, or None")
    refuse_signatures(who, kind, ARGUMENTS)
    check = _Checks(who, kind)
    return replace(kind, apply=check.apply, tables=check.tables, build=check.build)


class _Checks:
    """The answers of a package's unit, checked each time."""

    def __init__(self, who: str, kind: UnitKind) -> None:
        self.who, self.kind = who, kind

    def apply(self, unit: ActivationUnit, x: Array) -> Array:
        out: Any = self.kind.apply(unit, x)
        same = type(out) is type(x) and out.shape == x.shape and out.dtype == x.dtype
        if not same:
            raise PluginError(self.who, "apply", out, "must be integers of the shape and type of its input")
        if isinstance(out, np.ndarray) and out.size:
            worst = max(out.min(), out.max(), key=lambda value: abs(int(value)))
            bits = self.kind.output_bits
            if out.min() < lowest(bits) or out.max() > highest(bits):
                raise PluginError(self.who, "apply", int(worst), f"must fit into the {bits} bits of output_bits")
        return out

    def tables(self, config: NumericsConfig) -> tuple[Table, ...]:
        tables: Any = self.kind.tables(config)
        whole = isinstance(tables, tuple) and all(isinstance(table, Table) and _is_one(table) for table in tables)
        if not whole or len({table.part for table in tables}) < len(tables):
            allowed = f"must be a tuple of Tables: a name of its own, 1 to {LARGEST_TABLE} entries, 8 or 16 bits"
            raise PluginError(self.who, "tables", tables, allowed)
        return tuple(tables)

    def build(self, function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
        constants: Any = self.kind.build(function, config, table_range)
        if not isinstance(constants, Mapping):
            raise PluginError(self.who, "build", constants, "must be a dictionary: name of a table -> its integers")
        parts = [table.part for table in self.tables(config)]
        if extra := [part for part in constants if part not in parts]:
            raise PluginError(self.who, "build", extra[0], f"is not one of its tables, which are {', '.join(parts)}")
        return dict(constants)


def _is_one(table: Table) -> bool:
    entries = isinstance(table.entries, int) and 1 <= table.entries <= LARGEST_TABLE
    return isinstance(table.part, str) and bool(table.part) and entries and table.bits in BITS
