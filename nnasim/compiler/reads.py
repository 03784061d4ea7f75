"""The fields of a chip that the compiler reads. Chips that agree in all of them run the same programs, and may share
them.
"""

from __future__ import annotations

from collections.abc import Hashable
from operator import attrgetter

from nnasim.hardware import NnaConfig

READS = (
    "compiler.chunk_frames",  # chunking: frames of a graph
    "dma.alignment_bytes",  # weights: bytes of a transfer
    "dma.weight_compression_ratio",
    "has_activation_unit",  # placement: what falls back to the CPU
    "host.cache_bytes",  # compile: whether the CPU's weights stream
    "mac_array_law.output_granule",  # memory_plan: rows of a tile
    "numerics",  # agreement: the trace's arithmetic is the chip's
    "sequencer.on_chip_decode",  # lower: crossings after an argmax
    "sequencer.runs_ahead",  # lower: what may overtake what
    "sram.bytes",  # memory_plan: what stays, what streams, in which tiles
    "sram.resident_weights",
    "sram.weight_buffers",
    "sram.weight_tile_bytes",
)
"""Every value that a program depends on, as the compiler writes it; fields that only a refusal shows are left out."""

CACHE = "host.cache_bytes"
_values = attrgetter(*READS)
_values_beside_cache = attrgetter(*(field for field in READS if field != CACHE))


def seen_by_compiler(chip: NnaConfig) -> Hashable:
    """The values of ``READS`` on ``chip``: equal for chips that run the same programs."""
    values: tuple[Hashable, ...] = _values(chip)
    return values


def seen_beside_cache(chip: NnaConfig) -> Hashable:
    """Those fields without the CPU's cache, of which a program depends on one thing: whether the CPU's weights stay in
    it.
    """
    values: tuple[Hashable, ...] = _values_beside_cache(chip)
    return values
