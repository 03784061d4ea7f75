"""Readers of options such as input=1x576 and sr=16000, which describe a model."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from nnasim.errors import InputError

_SIZES = re.compile(r"\d{1,10}(x\d{1,10})*", re.ASCII)
_MOST_TEXT = 1000


def shapes_of(texts: list[str] | None) -> dict[str, tuple[int, ...]]:
    """Sizes by input, from texts such as "input=1x576". Raises InputError."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts or ():
        name, equals, sizes = text.rpartition("=")
        if not (name and equals and _SIZES.fullmatch(sizes)):
            raise InputError("--shape", "", text, "must be INPUT=SIZES, as input=1x576")
        _refuse_twice("--shape", text, name, shapes)
        shapes[name] = tuple(map(int, sizes.split("x")))
    return shapes


def bindings_of(texts: list[str] | None) -> dict[str, Any]:
    """Numbers by name, from texts such as "sr=16000"; several values are a list, as "lengths=3,4". Raises
    InputError.
    """
    bindings: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        numbers = [_number(part) for part in value.split(",")]
        if not (name and equals) or len(text) > _MOST_TEXT or None in numbers:
            raise InputError("--bind", "", text, "must be NAME=NUMBER, as sr=16000")
        _refuse_twice("--bind", text, name, bindings)
        bindings[name] = numbers[0] if len(numbers) == 1 else numbers
    return bindings


def _refuse_twice(option: str, text: str, name: str, given: Mapping[str, Any]) -> None:
    if name in given:
        raise InputError(option, "", text, f"gives {name} a second time")


def _number(text: str) -> int | float | bool | None:
    words = {"true": True, "false": False}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    if not text.isascii() or "_" in text:
        return None
    for kind in (int, float):
        try:
            number: int | float = kind(text)
        except ValueError:
            continue
        return number if isinstance(number, int) or math.isfinite(number) else None
    return None
