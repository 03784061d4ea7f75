"""The units that work beside the MAC array: `activation_unit`, `sequencer` and `host`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import ClassVar

from pydantic import Field, model_validator

from nnasim.hardware.section import Section
from nnasim.records import Flag, Integer, Number
from nnasim.units import ceil_div

MOST_IN_FLIGHT = 256

NEAREST = {
    "table": "sigmoid",
    "softmax": "layer_norm",
    "mean": "argmax",
    "copy": "concat",
    "slice": "concat",
    "split": "concat",
    "host": "layer_norm",
}
"""Kinds whose rate may be null, as in chips of earlier versions -> the kind whose rate is used instead."""


def rate_of(unit: Section, kind: str, suffix: str) -> float:
    """The rate of ``kind`` in the field ``{kind}_{suffix}`` of ``unit``, or of its nearest kind if that is null."""
    rate = getattr(unit, f"{kind}_{suffix}")
    return rate_of(unit, NEAREST[kind], suffix) if rate is None else float(rate)


class ActivationUnitConfig(Section):
    """Tables and element-wise engine: cycles per OUTPUT element of each kind of operation, and per pass."""

    UNSAID: ClassVar[tuple[str, ...]] = tuple(f"{kind}_cycles_per_element" for kind in NEAREST if kind != "host")

    fixed_cycles_per_pass: Integer = Field(0, ge=0, le=10**6, description="start and drain of one pass")
    sigmoid_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    tanh_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    mul_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    add_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    requantise_cycles_per_element: Number = Field(1.0, ge=0, le=1e6, description="only if no matmul feeds it")
    quantise_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    layer_norm_cycles_per_element: Number = Field(4.0, ge=0, le=1e6)
    concat_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    argmax_cycles_per_element: Number = Field(1.0, ge=0, le=1e6, description="per INPUT element")
    embedding_cycles_per_element: Number = Field(1.0, ge=0, le=1e6)
    table_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as sigmoid")
    softmax_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as layer_norm")
    mean_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="per INPUT element; null: as argmax")
    copy_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")
    slice_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")
    split_cycles_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")

    def cycles_per_element(self, kind: str) -> float:
        """The rate of operation ``kind`` (an ``OpKind`` that is no product)."""
        return rate_of(self, kind, "cycles_per_element")

    def cycles(self, kind: str, elements: int) -> int:
        """Cycles of ``elements`` elements of operation ``kind``, rounded up, without the fixed cost of a pass."""
        # A rate such as 0.1 is meant as the decimal number, not as the double just above it.
        rate = Fraction(self.cycles_per_element(kind)).limit_denominator(10**6)
        return ceil_div(elements * rate.numerator, rate.denominator)


class SequencerConfig(Section):
    """The command sequencer."""

    UNSAID: ClassVar[tuple[str, ...]] = (
        "in_flight",
        "register_writes_per_pass",
        "register_writes_per_product",
        "register_write_cycles",
        "interrupt_cycles",
        "register_groups",
    )

    in_flight: Integer = Field(
        1, ge=1, le=MOST_IN_FLIGHT, description="commands in progress at once; 1: each waits for the one before it"
    )
    cycles_per_command: Integer = Field(0, ge=0, le=10**6, description="decode and issue of one command")
    register_writes_per_pass: Integer = Field(
        0, ge=0, le=10**6, description="registers that the host writes before a pass of the activation unit"
    )
    register_writes_per_product: Integer = Field(
        0, ge=0, le=10**6, description="registers that the host writes before a product"
    )
    register_write_cycles: Number = Field(0, ge=0, le=1e6, description="NNA cycles for one register write")
    interrupt_cycles: Number = Field(
        0, ge=0, le=1e6, description="NNA cycles to read and acknowledge the interrupt after a pass or product"
    )
    register_groups: Integer = Field(
        1, ge=1, le=2, description="2: the registers of the next pass or product are written while one runs"
    )
    on_chip_decode: Flag = Field(
        True, description="true: greedy decoding branches on the chip; false: the host reads each argmax and decides"
    )

    def host_cycles(self, product: bool) -> int:
        """Cycles that the host takes before a product or a pass: the previous interrupt, and the registers."""
        writes = self.register_writes_per_product if product else self.register_writes_per_pass
        return math.ceil(self.interrupt_cycles + writes * self.register_write_cycles)

    @property
    def runs_ahead(self) -> bool:
        """Whether a command may begin before the one before it has ended."""
        return self.in_flight > 1


class HostConfig(Section):
    """The CPU: the cost of a crossing, and its speed in float."""

    UNSAID: ClassVar[tuple[str, ...]] = (
        "conv_ratio",
        "bmm_ratio",
        *(f"{kind}_ns_per_element" for kind in NEAREST),
    )

    handoff_us: Number = Field(ge=0, le=1e9, description="one crossing, without the parts that the fields below give")
    handoff_driver_us: Number = Field(0, ge=0, le=1e9, description="part of a crossing: the driver's call")
    handoff_interrupt_us: Number = Field(0, ge=0, le=1e9, description="part of a crossing: interrupt and wake-up")
    handoff_cache_ns_per_byte: Number = Field(0, ge=0, le=1e6, description="cache upkeep per byte handed over")
    handoff_copy_ns_per_byte: Number = Field(0, ge=0, le=1e6, description="copy per byte handed over")
    float_matmul_gflops: Number = Field(ge=1e-6, le=1e6, description="10^9 float operations per second, 2 per MAC")
    int8_matmul_gops: Number | None = Field(
        None, ge=1e-6, le=1e6, description="10^9 int8 operations per second, 2 per MAC; null: no faster than in float"
    )
    conv_ratio: Number = Field(1.0, ge=1e-6, le=1, description="share of a matmul's rate that a convolution reaches")
    bmm_ratio: Number = Field(
        1.0, ge=1e-6, le=1, description="share of a matmul's rate that a product of two computed operands reaches"
    )
    memory_bytes_per_second: Number | None = Field(
        None, ge=1, le=1e15, description="the CPU's own limit on reading weights; null: only the DRAM's"
    )
    cache_bytes: Integer = Field(0, ge=0, le=2**40, description="float weights up to this size are read once")
    other_load_per_second: Number = Field(0, ge=0, le=1e6, description="arrivals of other work, a Poisson process")
    other_load_us: Number = Field(0, ge=0, le=1e6, description="CPU time of one piece of other work")
    other_load_seed: Integer = Field(0, ge=0, le=2**32, description="seed of the arrival process")
    sigmoid_ns_per_element: Number = Field(ge=0, le=1e6)
    tanh_ns_per_element: Number = Field(ge=0, le=1e6)
    mul_ns_per_element: Number = Field(ge=0, le=1e6)
    add_ns_per_element: Number = Field(ge=0, le=1e6)
    requantise_ns_per_element: Number = Field(ge=0, le=1e6)
    quantise_ns_per_element: Number = Field(ge=0, le=1e6)
    layer_norm_ns_per_element: Number = Field(ge=0, le=1e6)
    concat_ns_per_element: Number = Field(ge=0, le=1e6)
    argmax_ns_per_element: Number = Field(ge=0, le=1e6, description="per INPUT element")
    embedding_ns_per_element: Number = Field(ge=0, le=1e6)
    table_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as sigmoid")
    softmax_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as layer_norm")
    mean_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="per INPUT element; null: as argmax")
    copy_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")
    slice_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")
    split_ns_per_element: Number | None = Field(None, ge=0, le=1e6, description="null: as concat")
    host_ns_per_element: Number | None = Field(
        None, ge=0, le=1e6, description="an operator that only the CPU has; null: as layer_norm"
    )

    @model_validator(mode="after")
    def _load_leaves_room(self) -> HostConfig:
        share = self.other_load_per_second * self.other_load_us * 1e-6
        if share >= 1:
            raise ValueError(f"other_load_us: other work would take {share:.3g} of the CPU; it must stay below 1")
        return self

    @property
    def has_other_load(self) -> bool:
        """Whether other work competes for the CPU."""
        return self.other_load_per_second > 0 and self.other_load_us > 0

    def handoff_seconds(self, bytes: int) -> float:
        """Seconds of one crossing that hands over ``bytes`` bytes: the settable total plus the parts beside it."""
        per_byte = self.handoff_cache_ns_per_byte + self.handoff_copy_ns_per_byte
        fixed_us = self.handoff_us + self.handoff_driver_us + self.handoff_interrupt_us
        return fixed_us * 1e-6 + bytes * per_byte * 1e-9

    def product_seconds(self, kind: str, macs: int, operand_bits: int) -> float:
        """Seconds of arithmetic of a product of ``macs`` multiply-accumulates whose wider operand has ``operand_bits``.

        ``kind``: matmul, conv or bmm.
        """
        integer = self.int8_matmul_gops if operand_bits <= 8 else None
        part = {"conv": self.conv_ratio, "bmm": self.bmm_ratio}.get(kind, 1.0)
        return 2 * macs / ((integer or self.float_matmul_gflops) * part * 1e9)

    def read_seconds(self, bytes: int) -> float:
        """Seconds of reading ``bytes`` bytes at the CPU's own limit; 0 if it has none. The DRAM limits it
        separately.
        """
        return bytes / self.memory_bytes_per_second if self.memory_bytes_per_second else 0.0

    def ns_per_element(self, kind: str) -> float:
        """Nanoseconds per element of operation ``kind`` (an ``OpKind`` that is no product)."""
        return rate_of(self, kind, "ns_per_element")
