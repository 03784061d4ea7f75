"""The memories of a chip and the engine that moves data between them: `sram`, `dram` and `dma`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from nnasim.hardware.kinds import MODELS, OpenSection, Parameters, check_parameters
from nnasim.hardware.section import Section
from nnasim.records import Flag, Integer, Number

DramKind = Literal["ddr3", "ddr4", "lpddr4", "lpddr5", "hbm2", "flash"]


def _memory(kind: object) -> object:
    """``kind``, if it is valid. Raises ValueError, which lists the kinds of memory and the models."""
    if isinstance(kind, str) and kind not in get_args(DramKind):
        models = ", ".join(name for name in MODELS.names if name != "steady")
        raise ValueError(f"must be {', '.join(get_args(DramKind))}, or how it is modelled: fixed, {models}")
    return kind


class SramConfig(Section):
    """On-chip memory, and the part of it through which streamed weights pass."""

    bytes: Integer = Field(gt=0, le=2**36, description="capacity")
    banks: Integer = Field(1, gt=0, le=4096, description="equal banks that the capacity divides into")
    ports: Integer = Field(1, gt=0, le=16, description="1: DMA and compute share the port; 2 or more: one each")
    bytes_per_cycle: Number = Field(ge=1e-3, le=2**20, description="bytes per cycle of one port")
    weight_buffers: Integer = Field(2, gt=0, le=1024, description="buffers for streamed weights; 2 is double buffering")
    weight_tile_bytes: Integer = Field(
        16384, gt=0, le=2**32, description="largest weight tile that the compiler aims at"
    )
    resident_weights: tuple[str, ...] | None = Field(
        None, description="weight tensors that stay in SRAM; null: the compiler chooses those that save most traffic"
    )

    @model_validator(mode="after")
    def _banks_divide(self) -> SramConfig:
        if self.bytes % self.banks:
            raise ValueError(f"banks: {self.banks} banks do not divide {self.bytes} bytes")
        return self


class DramConfig(OpenSection):
    """Off-chip memory: a latency and a rate, shared by all who read it, and the model of how it delivers.

    ``efficiency``, by default: between the 70 % that Intel's guide to external memory interfaces (683216, "Bandwidth")
    calls typical of DRAM and the 92 % that it gives as the most a controller reaches.
    """

    UNSAID: ClassVar[tuple[str, ...]] = ("model", "parameters")

    bytes_per_second: Number = Field(ge=1, le=1e15, description="peak rate")
    efficiency: Number = Field(0.8, ge=1e-6, le=1, description="share of the peak rate that is delivered")
    read_latency_ns: Number = Field(ge=0, le=1e9, description="time from a request to its first byte")
    cpu_share: Number = Field(0.0, ge=0, le=0.999999, description="share of the rate that other software takes")
    burst_bytes: Integer = Field(64, gt=0, le=2**16, description="bytes of one burst; a power of two")
    kind: Annotated[DramKind | None, BeforeValidator(_memory)] = Field(
        None,
        description="kind of memory: selects its row of energy.dram_pj_per_byte, and the timings of a banked model",
    )
    model: Annotated[str, BeforeValidator(MODELS.known)] = Field(
        "steady", description="model of how it delivers its bytes"
    )
    parameters: Parameters = Field(default_factory=dict, description="further numbers of a banked or plug-in model")

    @model_validator(mode="after")
    def _consistent(self) -> DramConfig:
        if self.burst_bytes & (self.burst_bytes - 1):
            raise ValueError(f"burst_bytes: {self.burst_bytes} must be a power of two")
        check_parameters(MODELS.get(self.model), self.parameters)
        return self


class DmaConfig(Section):
    """The engine that reads weights ahead of the MAC array."""

    UNSAID: ClassVar[tuple[str, ...]] = ("prefetch_across_calls",)

    channels: Integer = Field(2, gt=0, le=64, description="transfers in flight at once")
    outstanding_bursts: Integer = Field(32, gt=0, le=65536, description="bursts in flight at once, all channels")
    alignment_bytes: Integer = Field(16, gt=0, le=4096, description="a transfer's size is rounded up to this")
    weight_compression_ratio: Number = Field(
        1.0, ge=1e-6, le=1, description="size of the stored weight stream divided by the size of the weights"
    )

    prefetch_across_calls: Flag = Field(
        False, description="weights of the next call are fetched into free buffers as soon as it is known"
    )

    @model_validator(mode="after")
    def _power_of_two(self) -> DmaConfig:
        if self.alignment_bytes & (self.alignment_bytes - 1):
            raise ValueError(f"alignment_bytes: {self.alignment_bytes} must be a power of two")
        return self
