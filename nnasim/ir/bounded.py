"""Numbers and names of files with bounds that no real run reaches: they convert and add up without overflow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=0, le=2**62)]
Milliseconds = Annotated[float, Field(ge=0, le=1e15)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Energy = Annotated[float, Field(ge=0, le=1e18)]
StreamCount = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}$")]
"""A number of streams as a key of JSON, where every key is a text."""
Name = Annotated[str, Field(min_length=1, max_length=500)]
Sentence = Annotated[str, Field(max_length=2000)]
