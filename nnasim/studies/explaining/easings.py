"""The choices of a chip's arithmetic that can be relaxed, one at a time: to a finer format, or to real numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from nnasim.ir.explanation import ALL, Changes
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig, Rounding

REAL = "real numbers"
FINEST_UNIT, MOST_SEGMENTS = "lut16", 256

Real = Literal["activation", "cell", "weights", "all"]


class Easing(NamedTuple):
    """A choice to relax: a ``field`` of the numerics, or all of it, with its value ``today`` and ``eased``.

    The eased value is reached by ``changes`` of the chip, or by ``real`` numbers.
    """

    field: str
    today: str
    eased: str
    changes: Changes
    real: Real | None = None


class _Finer(NamedTuple):
    """A field and its finest value; ``needs``: other fields that it requires; ``where``: the field has an effect."""

    field: str
    finest: bool | int | str | None
    needs: Mapping[str, int] = {}
    where: Callable[[NumericsConfig], bool] = lambda numerics: True


def _is_pwl(numerics: NumericsConfig) -> bool:
    return numerics.activation == "pwl"


_OF_GATES = (
    _Finer("activation", FINEST_UNIT),
    _Finer("activation_range", None, where=lambda numerics: numerics.activation == "lut8"),
    _Finer("pwl_segments", MOST_SEGMENTS, where=_is_pwl),
    _Finer("pwl_fit", "fitted", where=_is_pwl),
    _Finer("cell_bits", 16),
    _Finer("cell_range", None, where=lambda numerics: numerics.cell_bits == 8),
)
_OF_PRODUCTS = (
    _Finer("activation_bits", 16, {"accumulator_bits": 48, "multiplier_bits": 15}),
    _Finer("weight_bits", 8),
    _Finer("per_channel", True),
    _Finer("accumulator_bits", 48, {"multiplier_bits": 15}),
    _Finer("multiplier_bits", 31, where=lambda numerics: numerics.accumulator_bits == 32),
    _Finer("rounding", Rounding.SINGLE.value),
)
_REAL_GATES: dict[Real, str] = {"activation": "activation", "cell": "cell_bits"}


def easings(numerics: NumericsConfig, system: System) -> Iterator[Easing]:
    """Every choice that a decode by ``system`` on a chip of ``numerics`` can ease; last, all of them at once.

    There are none if ``system`` does not compute in the chip's integers.
    """
    if system in ("float", "cpu_int8"):
        return
    gates = system != "cpu_fallback" and numerics.has_unit
    for finer in (*(_OF_GATES if gates else ()), *_OF_PRODUCTS):
        if finer.where(numerics) and getattr(numerics, finer.field) != finer.finest:
            yield _eased(numerics, finer)
    for real, field in (*(_REAL_GATES.items() if gates else ()), ("weights", "weight_bits")):
        yield Easing(f"numerics.{field}", _text(getattr(numerics, field)), REAL, {}, real)
    yield Easing(ALL, "integers", REAL, {}, "all")


def _eased(numerics: NumericsConfig, finer: _Finer) -> Easing:
    needed: dict[str, Any] = {name: value for name, value in finer.needs.items() if getattr(numerics, name) != value}
    if finer.field == "activation" and numerics.activation_range is not None:
        needed = {**needed, "activation_range": None}  # the finest unit has none to choose
    changes: dict[str, Any] = {
        f"numerics.{name}": value for name, value in {finer.field: finer.finest, **needed}.items()
    }
    today = getattr(numerics, finer.field)
    return Easing(f"numerics.{finer.field}", _text(today), _text(finer.finest), changes)


def _text(value: object) -> str:
    """A value as a preset file says it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
