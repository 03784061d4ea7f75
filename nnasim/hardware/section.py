"""The base of every section of a preset: frozen, no unknown key, no NaN, no silent conversion of text or booleans."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Section(BaseModel):
    """A frozen part of a chip's description; unknown keys and non-finite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


# pydantic would turn "500" and true into numbers; a preset that says so is wrong, and is told.
Integer = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
Range = tuple[Number, Number, Number]
"""(low, nominal, high)."""
