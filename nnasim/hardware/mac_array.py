"""The `mac_array` section: the family of the MAC array, its size, and the cost of starting a pass."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from nnasim.hardware.kinds import FAMILIES, OpenSection, Parameters, check_parameters
from nnasim.records import Integer, Number


class MacArrayConfig(OpenSection):
    """One array of one family.

    ``vector``: ``macs_per_cycle`` lanes fed by a weight decoder (as Arm Ethos-U); ``dot_product``: ``rows`` input
    channels x ``cols`` kernels (as NVIDIA NVDLA); ``systolic``: ``rows`` x ``cols`` cells. Give ``macs_per_cycle``, or
    ``rows`` and ``cols``; a rectangle that is not given is the squarest one of powers of two.
    """

    UNSAID: ClassVar[tuple[str, ...]] = ("flowing_macs_per_cycle", "parameters")

    kind: Annotated[str, BeforeValidator(FAMILIES.known)] = Field("vector", description="family of the array")
    macs_per_cycle: Integer | None = Field(None, gt=0, le=2**20, description="multiply-accumulates per cycle")
    rows: Integer | None = Field(None, gt=0, le=2**12, description="input channels, or rows of cells")
    cols: Integer | None = Field(None, gt=0, le=2**12, description="kernels (output channels), or columns of cells")
    dataflow: Literal["ws", "os", "is"] = Field("ws", description="the operand that stays in a systolic array")
    decoded_weights_per_cycle: Integer | None = Field(
        None, gt=0, le=2**20, description="weights that reach the lanes per cycle; null: as many as lanes"
    )
    flowing_macs_per_cycle: Number | None = Field(
        None,
        gt=0,
        le=2**20,
        description="MACs per cycle of a product of which both operands are computed; null: as many as lanes",
    )
    fixed_cycles_per_pass: Integer = Field(0, ge=0, le=10**6, description="start and drain of one pass")
    parameters: Parameters = Field(default_factory=dict, description="further numbers of a plug-in's family")

    @model_validator(mode="after")
    def _sized(self) -> MacArrayConfig:
        if self.macs_per_cycle is None and (self.rows is None or self.cols is None):
            raise ValueError("macs_per_cycle: give macs_per_cycle, or rows and cols")
        if None not in (self.rows, self.cols, self.macs_per_cycle) and self.macs != self.macs_per_cycle:
            raise ValueError(
                f"macs_per_cycle: {self.macs_per_cycle} is not rows x cols = {self.macs}; set only one of the two"
            )
        if self.macs_per_cycle and self.macs_per_cycle % (self.rows or 1) + self.macs_per_cycle % (self.cols or 1):
            raise ValueError(f"macs_per_cycle: {self.macs_per_cycle} is not divisible by the given rows or cols")
        check_parameters(FAMILIES.get(self.kind), self.parameters)
        return self

    @property
    def rectangle(self) -> tuple[int, int]:
        """(rows, cols) as given, or the squarest rectangle whose shorter side is a power of two."""
        if self.rows is not None and self.cols is not None:
            return self.rows, self.cols
        macs = self.macs_per_cycle or 0
        if self.rows is not None:
            return self.rows, macs // self.rows
        if self.cols is not None:
            return macs // self.cols, self.cols
        side = 1
        while macs % (2 * side) == 0 and 4 * side * side <= macs:
            side *= 2
        return macs // side, side

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle of the whole array."""
        rows, cols = self.rectangle
        return rows * cols
