"""Ranges as the options of `nnasim data` take them: "30-300" or "30"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, overload

from nnasim.errors import InputError

if TYPE_CHECKING:
    from aat_training.data.clip import Bounds

MILLISECONDS = 0, 10_000


def span(option: str, text: str, allowed: tuple[int, int]) -> tuple[int, int]:
    """The pair (least, most) that ``30-300`` or ``30`` gives, both within ``allowed``."""
    match = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (-1, -1)
    if not allowed[0] <= low <= high <= allowed[1]:
        raise InputError("strings", option, text, f"must be a number or a range A-B within {allowed[0]}-{allowed[1]}")
    return low, high


def optional_span(option: str, text: str, allowed: tuple[int, int]) -> Bounds | None:
    """The same pair; None for "none"."""
    return None if text == "none" else span(option, text, allowed)


@overload
def scaled(span: Bounds, unit: float) -> Bounds: ...
@overload
def scaled(span: None, unit: float) -> None: ...
def scaled(span: Bounds | None, unit: float) -> Bounds | None:
    """Both ends times ``unit``; None for None."""
    return None if span is None else (span[0] * unit, span[1] * unit)
