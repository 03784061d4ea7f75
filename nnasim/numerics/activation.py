"""Activation units: how a chip computes sigmoid, tanh and any function by table. Each is one function on integers plus
its data.

A ``UnitKind`` holds all that distinguishes one unit from another. Reference, functional chip, training, calibration and
graph builder read it, and none of them asks for a unit's name. ``activation_units`` has our own; another package adds
one by an entry point.

Tables are data: built once here, stored with the model, never recomputed at load.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.numerics.backend import Array, Constants
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, highest, lowest
from nnasim.numerics.rescale import IDENTITY, Rescale, requantise
from nnasim.numerics.tables import require_fits

Function = Literal["sigmoid", "tanh"]
Bits = Literal[8, 16]
TABLE_UNITS = ("lut8", "lut16")


class Table(NamedTuple):
    """One constant of a unit: ``entries`` integers of ``bits``, under the name ``part``."""

    part: str
    entries: int
    bits: Bits


def no_tables(config: NumericsConfig) -> tuple[Table, ...]:
    """The ``tables`` of a unit without constants: none."""
    return ()


def no_constants(function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
    """The ``build`` of a unit without constants: no data."""
    return {}


def no_more_to_check(data: dict[str, Constants], name: str) -> None:
    """Accept constants whose shape and type are right."""


def differences(unit: ActivationUnit, x: Constants, out: Constants) -> Constants:
    """The slope of a unit's outputs ``out`` over its inputs ``x``, both real and (n,): float64 (n,), by differences."""
    # One table step of a lut8 spans several inputs; a difference over that span is the segment's slope.
    span = max(1, round(1.0 / float(unit.entry.real)))
    step = x[len(x) // 2 + 1]  # the input next to 0
    padded = np.pad(out, span, "edge")
    return np.asarray((padded[2 * span :] - padded[: -2 * span]) / (2 * span * step))


@dataclass(frozen=True)
class UnitKind:
    """A kind of activation unit: all that arithmetic, training and compiler ask of one.

    ``apply``: the unit and integers of the input format, numpy or torch -> integers of the output format, in the type
    of the input; ``unit.function`` and ``unit.data`` say which function, by which constants.
    ``input_bits``, ``input_frac``: the input's format; without ``input_frac`` its range [-R, R) is calibrated.
    ``output_bits``: the output is an integer of so many bits, all but one of them a fraction.
    ``tables``: the constants that a chip holds; ``build``: their values for a function and a calibrated R;
    ``check``: raises NumericsError for stored constants of the right shape and type whose values the unit cannot use.
    ``slope``: the unit, real inputs and real outputs over its whole domain (n,) -> derivative (n,).
    """

    name: str
    apply: Callable[[ActivationUnit, Array], Array]
    input_bits: Bits = 16
    input_frac: int | None = GATE_FRAC
    output_bits: Bits = 16
    tables: Callable[[NumericsConfig], tuple[Table, ...]] = no_tables
    build: Callable[[Function, NumericsConfig, float], dict[str, Constants]] = no_constants
    check: Callable[[dict[str, Constants], str], None] = no_more_to_check
    slope: Callable[[ActivationUnit, Constants, Constants], Constants] = differences

    @property
    def is_calibrated(self) -> bool:
        """Whether the range of its input is chosen layer by layer."""
        return self.input_frac is None

    @property
    def fixed_range(self) -> float:
        """R of the input [-R, R), for a kind that is not calibrated."""
        assert self.input_frac is not None
        return 2.0 ** (self.input_bits - 1 - self.input_frac)

    def input_step(self, table_range: float) -> float:
        """Worth of one integer of the input. ``table_range``: the calibrated R; a kind of fixed range ignores it."""
        return (table_range if self.is_calibrated else self.fixed_range) / (1 << (self.input_bits - 1))

    def require(self, data: Mapping[str, Constants], config: NumericsConfig, name: str) -> None:
        """Raise NumericsError for constants of a wrong length, type or size, and for those that ``check`` refuses."""
        for part, entries, bits in self.tables(config):
            values = np.asarray(data.get(part, ()))
            if values.shape != (entries,):
                raise NumericsError(name, part, values.shape, f"{self.name} needs {entries} entries")
            if values.dtype.kind not in "iu":
                raise NumericsError(name, part, values.dtype.name, "must hold integers")
            require_fits(values.astype(np.int64), bits, name, part)
        self.check(dict(data), name)

    def joined(self, data: Mapping[str, Constants], config: NumericsConfig) -> Constants | None:
        """All constants in the one tensor that a chip keeps them in; None if there are none."""
        parts = [data[table.part] for table in self.tables(config)]
        return np.concatenate(parts) if parts else None

    def parts(self, tensor: Constants, config: NumericsConfig) -> dict[str, Constants]:
        """The constants that ``joined`` has put into one tensor."""
        tables = self.tables(config)
        ends = np.cumsum([0, *(table.entries for table in tables)])
        return {table.part: tensor[a:b] for table, (a, b) in zip(tables, pairwise(ends), strict=True)}


def unit_kind(name: str) -> UnitKind:
    """The kind of activation unit called ``name``, as ``numerics.activation`` names it.

    Raises NumericsError for an unknown name, and for a package's unit that cannot be used.
    """
    try:
        return UNITS.get(name)
    except ValueError as error:
        raise NumericsError("numerics", "activation", name, str(error)) from None


@dataclass(frozen=True)
class ActivationUnit:
    """One activation function as one layer uses it: entry rescale, the unit itself, exit rescale.

    ``function``: sigmoid or tanh; any name if a table defines the function.
    ``entry`` brings the incoming integers into the unit's input format (int8 at R/128 for lut8, int16 at 2^-12 for
    the others); ``exit`` brings Q0.7 (lut8) or Q0.15 into ``out_bits``, if those differ (as in the joint).
    """

    kind: UnitKind
    function: str
    entry: Rescale
    data: dict[str, Constants] = field(default_factory=dict)
    exit: Rescale | None = None
    out_bits: int = 16

    @property
    def output_frac(self) -> int:
        """Fractional bits of what comes out: 7 for int8, 15 for int16."""
        return self.out_bits - 1

    def __call__(self, x: Array) -> Array:
        """Integers of the incoming format -> integers of ``out_bits``, in the type of ``x``.

        Raises NumericsError as ``requantise`` does.
        """
        out = self.kind.apply(self, requantise(x, self.entry, self.kind.input_bits))
        return out if self.exit is None else requantise(out, self.exit, self.out_bits)

    def expand(self, bits: int) -> Constants:
        """Output for every integer of ``bits``, int64 of shape (2^bits,), index x - lowest(bits).

        The domain is finite, so one look-up in this array IS the unit, bit for bit, whatever its kind.
        """
        return np.asarray(self(np.arange(lowest(bits), highest(bits) + 1, dtype=np.int64)))


def build_unit(
    function: Function,
    config: NumericsConfig,
    *,
    in_scale: float,
    table_range: float,
    out_bits: int | None = None,
    data: dict[str, Constants] | None = None,
    name: str = "",
) -> ActivationUnit:
    """The chip's unit for ``function`` on integers worth ``in_scale`` each.

    ``table_range``: R of the input [-R, R). ``out_bits``: by default those of the unit. ``data``: constants that are
    stored with a model, used as they are. ``name``: the layer that an error names.
    Raises NumericsError for a range that is not finite and positive, a chip without a unit, constants that the unit
    cannot use, and scales beyond the format.
    """
    if not 0 < table_range < math.inf:
        raise NumericsError(name or function, "table range", table_range, "must be finite and positive")
    kind = unit_kind(config.activation)
    constants = kind.build(function, config, table_range) if data is None else data
    kind.require(constants, config, name or function)
    bits, rounding = config.multiplier_bits, config.rounding
    entry = Rescale.of(in_scale / kind.input_step(table_range), bits, rounding=rounding, name=name or function)
    wanted = out_bits or kind.output_bits
    leaves = 2.0 ** (wanted - kind.output_bits)
    return ActivationUnit(
        kind=kind,
        function=function,
        entry=entry,
        data=constants,
        exit=None if wanted == kind.output_bits else Rescale.of(leaves, bits, rounding=rounding),
        out_bits=wanted,
    )


def table_unit(
    table: Constants,
    config: NumericsConfig,
    *,
    entry: Rescale = IDENTITY,
    exit: Rescale | None = None,
    out_bits: int | None = None,
    function: str = "table",
    name: str = "table",
) -> ActivationUnit:
    """The unit of a point-wise function that ``table`` defines: 256 int8 entries, or 513 int16 entries, interpolated.

    They are read as lut8 and lut16 read theirs. ``entry`` brings the incoming integers into the table's format,
    ``exit`` its output into ``out_bits``.
    Raises NumericsError for another length, entries beyond their type, or a slope beyond int16.
    """
    kinds = {kind.tables(config)[0].entries: kind for kind in map(unit_kind, TABLE_UNITS)}
    if table.shape not in {(entries,) for entries in kinds}:
        allowed = " or ".join(str(entries) for entries in kinds)
        raise NumericsError(name, "table", table.shape, f"must have {allowed} entries")
    kind = kinds[len(table)]
    kind.require({"table": table}, config, name)
    return ActivationUnit(
        kind=kind,
        function=function,
        entry=entry,
        data={"table": table},
        exit=exit,
        out_bits=out_bits or kind.output_bits,
    )
