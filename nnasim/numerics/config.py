"""The `numerics` section of a preset: one record decides the arithmetic of training, reference and simulated chip."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from nnasim.numerics.activation_units.registry import NO_UNIT, OURS, UNITS
from nnasim.records import Flag, Integer, Number, Record

_OF_ONE_UNIT = {"lut8": ("activation_range",), "pwl": ("pwl_segments", "pwl_fit")}


class Rounding(StrEnum):
    """The rounding of a requantise: half up once, or twice, first at bit 30, as gemmlowp does."""

    SINGLE = "single"
    DOUBLE = "double"


UnitName = Annotated[str, BeforeValidator(UNITS.listed)]


class NumericsConfig(Record):
    """Number formats of the chip. Frozen; unknown keys, wrong types and forbidden combinations are refused."""

    activation: UnitName = Field("lut8", description="activation unit for sigmoid and tanh")
    activation_range: Number | None = Field(
        None, ge=1e-6, le=64, description="input range of a lut8 table, [-R, R); null: calibrated per layer"
    )
    pwl_segments: Integer = Field(16, ge=2, le=256, description="segments of the piecewise-linear unit")
    pwl_fit: Literal["uniform", "fitted"] = Field("uniform", description="where a pwl unit has its knots")
    cell_bits: Literal[8, 16] = Field(8, description="bits of the LSTM cell state")
    cell_range: Number | None = Field(
        None, ge=1e-6, le=64, description="range of an int8 cell state; null: calibrated per layer"
    )
    weight_bits: Literal[4, 8] = Field(8, description="bits of a weight")
    activation_bits: Literal[8, 16] = Field(8, description="bits of a layer's input and of h")
    accumulator_bits: Literal[32, 48] = Field(32, description="bits of the MAC array's accumulator")
    overflow: Literal["error", "wrap", "saturate"] = Field("error", description="when an accumulator overflows")
    multiplier_bits: Literal[15, 31] = Field(15, description="bits of a requantise multiplier")
    rounding: Rounding = Field(Rounding.SINGLE, description="rounding of requantise")
    per_channel: Flag = Field(True, description="one weight scale per output channel, else one per matrix")

    @model_validator(mode="after")
    def _contract(self) -> NumericsConfig:
        if self.accumulator_bits == 48 and self.multiplier_bits == 31:
            raise ValueError("multiplier_bits: a 31-bit multiplier is not allowed on a 48-bit accumulator, use 15")
        if self.activation_bits == 16 and self.accumulator_bits == 32:
            raise ValueError("accumulator_bits: int16 activations need a 48-bit accumulator")
        return self

    @property
    def has_unit(self) -> bool:
        """Whether the chip has an activation unit; without one there is no element-wise engine, gates go to the CPU."""
        return self.activation != NO_UNIT

    @property
    def idle(self) -> dict[str, str]:
        """The fields that change no integer of this arithmetic, each with the field that makes it so."""
        if self.activation not in OURS:  # a package's unit may read any of them
            of_units: dict[str, str] = {}
        else:
            others = (names for unit, names in _OF_ONE_UNIT.items() if unit != self.activation)
            of_units = {name: "activation" for names in others for name in names}
        return of_units | ({"cell_range": "cell_bits"} if self.cell_bits == 16 else {})  # int16 has a range of its own

    def digest(self) -> str:
        """The 16 hex digits that identify this arithmetic, by which its accuracy and its cost are joined."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
