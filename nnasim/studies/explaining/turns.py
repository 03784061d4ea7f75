"""The smallest change of a field after which something else is the bottleneck: bisection, each probe a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Figures, Turn, WhatIf
from nnasim.studies.explaining.variants import Variants

CLOSE = 1.02  # a turn is known to this ratio
CLOSE_SIZE = 1.1  # the ratio for a size of SRAM, since the trace is compiled for each size
NEARLY_ZERO = 1e-3  # part of today's value that stands for 0 on the way down


class _Bracket(NamedTuple):
    """A range of a field: at ``stays`` the bottleneck is today's, at ``turned`` it is another one, with ``figures``."""

    stays: float
    turned: float
    figures: Figures


def turns(variants: Variants, chip: NnaConfig, base: Figures, lifted: Sequence[WhatIf]) -> Iterator[Turn]:
    """The least change of each field that gives the run another bottleneck, for limits that do so when ``lifted``
    alone.

    A limit of several fields, like that of the element-wise unit, has no least change of one field.
    """
    for what_if in lifted:
        numbers = _numbers(chip, what_if)
        if len(numbers) != 1 or what_if.figures is None or what_if.figures.bottleneck == base.bottleneck:
            continue
        (field, end), *_ = numbers.items()
        turn = _least(variants, chip, base, field, end)
        if turn is not None:
            yield turn


def _numbers(chip: NnaConfig, what_if: WhatIf) -> dict[str, float]:
    """The fields of the timing model that the limit changes from one number to another."""
    return {
        field: float(value)
        for field, value in what_if.changes.items()
        if not field.startswith("energy.")
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and isinstance(value_of(chip, field), int | float)
    }


def value_of(chip: NnaConfig, field: str) -> object:
    """The value of a dotted ``field``; None if the chip lacks its section."""
    value: object = chip
    for part in field.split("."):
        value = getattr(value, part, None)
    return value


def _least(variants: Variants, chip: NnaConfig, base: Figures, field: str, end: float) -> Turn | None:
    """The turn between today's value of ``field`` and ``end``, where another cause binds."""
    now = value_of(chip, field)
    assert isinstance(now, int | float)
    step = _step(chip, field) if isinstance(now, int) else 0

    def narrowed(bracket: _Bracket, value: float) -> _Bracket:
        figures = variants.figures(chip.with_({field: int(value) if step else value}))
        if figures.bottleneck == base.bottleneck:
            return bracket._replace(stays=value)
        return bracket._replace(turned=value, figures=figures)

    try:
        bracket = narrowed(_Bracket(now, now, base), end or now * NEARLY_ZERO)
        if bracket.figures is base:
            return None
        for value in list(_guesses(variants, chip, field, bracket)):
            if min(bracket.stays, bracket.turned) < value < max(bracket.stays, bracket.turned):
                bracket = narrowed(bracket, float(f"{value:.3g}"))
        while not _is_close(bracket, step):
            bracket = narrowed(bracket, _middle(bracket, step))
    except NnasimError:
        return None
    then = bracket.figures.bottleneck
    return Turn(field=field, now=now, value=bracket.turned, then=then, figures=bracket.figures)


def _guesses(variants: Variants, chip: NnaConfig, field: str, bracket: _Bracket) -> Iterator[float]:
    """Just below and just above where the turn would be if the cause's cycles went with the field's value.

    There they would be as many as those of the cause that binds when the limit is lifted.
    """
    now, end = bracket.stays, bracket.turned
    lifted = int(end) if isinstance(value_of(chip, field), int) else end
    before, after = variants.path(chip), variants.path(chip.with_({field: lifted}))
    ratio = before.by_cause[before.bottleneck] / after.by_cause[after.bottleneck]
    guess = now * ratio if end > now else now / ratio
    for value in (guess * CLOSE**0.4, guess / CLOSE**0.4):
        if min(now, end) < value < max(now, end):
            yield value


def _step(chip: NnaConfig, field: str) -> int:
    """The distance between values of a field of whole numbers."""
    return 2**10 * chip.sram.banks if field == "sram.bytes" else 1


def _is_close(bracket: _Bracket, step: int) -> bool:
    stays, turned, _ = bracket
    close = CLOSE if step < 2 else CLOSE_SIZE
    return max(stays, turned) <= close * min(stays, turned) or (step > 0 and abs(turned - stays) <= step)


def _middle(bracket: _Bracket, step: int) -> float:
    """A value between the ends of ``bracket``: in the middle, a multiple of ``step``.

    Without a step it is the geometric middle, with as few digits as that allows.
    """
    low, high = sorted((bracket.stays, bracket.turned))
    if step:
        return float((low + high) // (2 * step) * step) if high - low > 2 * step else low + step
    middle = (low * high) ** 0.5
    return next(value for digits in (2, 3, 17) if low < (value := float(f"{middle:.{digits}g}")) < high)
