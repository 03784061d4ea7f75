"""Text and numbers as they are shown: nothing from a file can hide or reorder what stands around it."""

from __future__ import annotations

import math
import shlex

from nnasim.allowed import unscaled
from nnasim.markup import visible
from nnasim.shellwords import words_of

NOT_COMPUTED = "—"
ALL_WHOLE = 2**53  # up to here, floats hold every whole number; beyond it, further digits mean nothing
LARGE = 1e6  # from which on a number is written with a decimal prefix


def shortened(text: str, longest: int = 60) -> str:
    """``visible(text)``, cut in the middle where it is longer than ``longest`` characters."""
    visible_text = visible(text)
    if len(visible_text) <= longest:
        return visible_text
    head = (longest - 1) // 2
    return f"{visible_text[:head]}…{visible_text[head + 1 - longest :]}"


def command_line(recorded: str | None) -> str:
    """A recorded command, which may be a stranger's, so that a shell reads it as words of nnasim and nothing else.

    An em dash where there is none, or one of another program.
    """
    words = words_of(recorded)
    return shlex.join(words) if words[:1] == ["nnasim"] else NOT_COMPUTED


def number(value: float | None, digits: int = 3) -> str:
    """``value`` with at least ``digits`` significant digits and a separator between thousands; an em dash for None."""
    if value is None:
        return NOT_COMPUTED
    if isinstance(value, int):
        return f"{value:,}"
    if text := unscaled(value):
        return text
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) > ALL_WHOLE or 0 < abs(rounded) < 1e-4:
        return f"{value:.{digits - 1}e}"
    if rounded == 0 or abs(rounded) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits - 1 - math.floor(math.log10(abs(rounded)))}f}"


def prefixed(value: float | None, digits: int = 4) -> str:
    """``number``; from a million on with a decimal prefix, such as "5.003 G"."""
    if value is not None and (text := unscaled(value)):
        return text
    scales = (("T", 1e12), ("G", 1e9), ("M", LARGE))
    prefix, scale = next((pair for pair in scales if value is not None and abs(value) >= pair[1]), ("", 1.0))
    return f"{number(value / scale, digits)} {prefix}" if value is not None and prefix else number(value, digits)


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as percent, such as 3.21 %; an em dash for None."""
    if fraction is None:
        return NOT_COMPUTED
    return f"{unscaled(100 * fraction) or f'{100 * fraction:z.{digits}f}'} %"


def data_size(count: float | None, digits: int = 3) -> str:
    """Bytes with a decimal unit, such as 1.24 MB; an em dash for None."""
    if count is None:
        return NOT_COMPUTED
    if text := unscaled(count):
        return f"{text} B"
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{number(count / size, digits)} {unit}"
    return f"{count:g} B"
