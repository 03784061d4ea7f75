"""NnaConfig: one chip, complete. It holds every number of the timing model, with its unit in its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from nnasim.hardware.compiler_options import CompilerConfig
from nnasim.hardware.costs import AreaConfig, EnergyConfig, refuse_mixed_nodes
from nnasim.hardware.dram_kind import changes_with_model
from nnasim.hardware.drams.model import DramModel, dram_model
from nnasim.hardware.idle import refuse_idle
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, mac_array_law
from nnasim.hardware.memory import DmaConfig, DramConfig, SramConfig
from nnasim.hardware.picture import chip_html, chip_line
from nnasim.hardware.read_latency import with_ns
from nnasim.hardware.section import DESCRIPTIVE, Section
from nnasim.hardware.units import ActivationUnitConfig, HostConfig, SequencerConfig
from nnasim.numerics.config import NumericsConfig
from nnasim.records import Number, put, refuse_no_changes


class NnaConfig(Section):
    """A neural-network accelerator, its memories and its host. Frozen; checked across sections."""

    UNSAID: ClassVar[tuple[str, ...]] = ("validated",)

    name: str = Field("custom", min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    validated: str = Field("", max_length=2000, description="what its times were compared with, and how near they came")
    clock_hz: Number = Field(ge=1, le=1e12, description="NNA core clock")
    mac_array: MacArrayConfig
    sram: SramConfig
    dram: DramConfig
    dma: DmaConfig = DmaConfig()
    activation_unit: ActivationUnitConfig | None = None
    sequencer: SequencerConfig = SequencerConfig()
    host: HostConfig
    compiler: CompilerConfig = CompilerConfig()
    energy: EnergyConfig | None = None
    area: AreaConfig | None = None
    numerics: NumericsConfig = NumericsConfig()

    @model_validator(mode="after")
    def _consistent(self) -> NnaConfig:
        if self.activation_unit is None and self.numerics.has_unit:
            raise ValueError(
                f"numerics.activation: {self.numerics.activation} needs an activation_unit section; "
                "without one only 'none' is allowed"
            )
        if self.dma.alignment_bytes > self.sram.weight_tile_bytes:
            raise ValueError(
                f"dma.alignment_bytes: {self.dma.alignment_bytes} is more than sram.weight_tile_bytes "
                f"= {self.sram.weight_tile_bytes}"
            )
        self.dram_model  # noqa: B018  # raises the model's ValueError if the fields make no DRAM
        if self.energy is not None and (
            self.dram.kind is None or self.energy.dram_pj_per_byte.of(self.dram.kind) is None
        ):
            rows = [kind for kind, row in self.energy.dram_pj_per_byte if row is not None]
            raise ValueError(
                f"dram.kind: must have a row in energy.dram_pj_per_byte, which has {', '.join(rows) or 'none'}"
            )
        return self

    @property
    def has_activation_unit(self) -> bool:
        """Whether gates, element-wise operations, argmax and look-ups can run on the chip."""
        return self.activation_unit is not None and self.numerics.has_unit

    @property
    def mac_array_law(self) -> MacArrayLaw:
        """The timing law of the MAC array's family: how long work takes on it."""
        return mac_array_law(self.mac_array)

    @property
    def dram_model(self) -> DramModel:
        """The timing law of the DRAM, in core cycles."""
        return dram_model(self.dram, self.clock_hz)

    @property
    def dram_bytes_per_cycle(self) -> Fraction:
        """The most bytes per core cycle that the DRAM delivers, to all its readers together."""
        return self.dram_model.bytes_per_cycle

    @property
    def dram_latency_cycles(self) -> int:
        """The least core cycles from a request to its first byte."""
        return self.dram_model.latency_cycles

    @property
    def dma_bytes_per_cycle(self) -> Fraction:
        """Bytes per core cycle that the DMA's bursts in flight allow, whatever the memories do.

        With B bytes per burst and X bursts in flight over a latency of L cycles, at most B X / L bytes arrive per cycle
        (Little's law). The engine keeps requesting, so a latency shorter than one burst costs nothing.
        """
        return Fraction(self.dram.burst_bytes * self.dma.outstanding_bursts, max(1, self.dram_latency_cycles))

    def with_(self, changes: Mapping[str, Any], source: object = "chip") -> Self:
        """Another chip: this one with ``changes``, dotted field -> value, as {"dram.bytes_per_second": 12e9}.

        Raises ConfigError for an unknown field, for a value that a preset file may not have, and for a change of a
        field that has no effect on the changed chip.
        """
        refuse_no_changes(changes, source)
        changes = changes_with_model(changes)
        given: dict[str, Any] = {}
        for field, value in changes.items():
            put(given, field, value)
        refuse_mixed_nodes(self.model_dump(include={"energy", "area"}), given, source)
        changes = with_ns(changes, self.clock_hz, source)
        chip = super().with_(changes, source)
        refuse_idle(chip, changes, source)
        return chip

    def __hash__(self) -> int:
        return hash(self.digest())  # equal chips have equal digests; a field may be a mapping, which has no hash

    def __repr__(self) -> str:
        return chip_line(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """The chip as HTML for notebooks."""
        return chip_html(self)

    def digest(self) -> str:
        """The 16 hex digits that identify the chip; fields that only describe it do not count."""
        data = self.model_dump(mode="json", exclude=set(DESCRIPTIVE))
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
