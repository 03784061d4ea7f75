"""Numbers and names of files with bounds that no real run reaches: they convert and add up without overflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from nnasim.allowed import unscaled
from nnasim.records import Integer, Number

Count = Annotated[Integer, Field(ge=0, le=2**62)]
Milliseconds = Annotated[Number, Field(ge=0, le=1e15)]
SHORTEST_S = 1e-6
"""The shortest audio: less than a sample, and what is divided by it stays a number."""
Seconds = Annotated[Number, Field(ge=0, le=1e9)]
Energy = Annotated[Number, Field(ge=0, le=1e18)]
StreamCount = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}$")]
"""A number of streams as a key of JSON, where every key is a text."""
Name = Annotated[str, Field(min_length=1, max_length=500)]
Sentence = Annotated[str, Field(max_length=2000)]


def _scalable(facts: dict[str, Any]) -> dict[str, Any]:
    """Raise ValueError for a number that no calculation can use, which names its place."""
    for place, value in _numbers(facts, ()):
        if text := unscaled(value):
            raise ValueError(f"{'.'.join(place)} must be a number that a float holds, not {text}")
    return facts


def _numbers(value: Any, place: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], int | float]]:
    if isinstance(value, Mapping | list):
        for name, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _numbers(part, (*place, str(name)))
    elif isinstance(value, int | float):
        yield place, value


def _audible(seconds: float) -> float:
    if 0 < seconds < SHORTEST_S:
        raise ValueError(f"must be 0, or at least {SHORTEST_S:g}")
    return seconds


AudioSeconds = Annotated[Number, Field(ge=0, le=1e9), AfterValidator(_audible)]
"""The length of what was heard; 0 where nothing was."""
Facts = Annotated[dict[str, Any], AfterValidator(_scalable)]
"""A chip as it was when the file was written, by whatever version: fields are not checked, numbers are finite."""
