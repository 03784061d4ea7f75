"""A closed-form lower bound on a program's cycles: the same numbers, no event model. Events are never below it."""

from __future__ import annotations

import math
from collections import defaultdict

from nnasim.hardware import NnaConfig
from nnasim.hardware.mac_arrays.law import MatmulTile, tile_of
from nnasim.ir.program import (
    Command,
    ElementCommand,
    HandoffCommand,
    HostCommand,
    MatmulCommand,
    Program,
)


def bound_cycles(program: Program, chip: NnaConfig) -> int:
    """A lower bound on the cycles of ``program``: no chip of this description runs it in fewer.

    The longest of three: all bytes, the CPU's too, at the DRAM's rate; the DMA's bytes at the rate that it and the
    DRAM allow, one latency before them; and the chain of commands, each at the peak rate of its unit, since a command
    waits for the one before it, or, where commands overtake, for the one before it on its unit.
    """
    return max(_dram_cycles(program, chip), math.ceil(_chain_cycles(program, chip)))


def _dram_cycles(program: Program, chip: NnaConfig) -> int:
    rate = chip.dram_bytes_per_cycle
    fetched, read, latency = sum(t.bytes for t in program.transfers), program.dram_bytes, chip.dram_latency_cycles
    if chip.dma.prefetch_across_calls:  # as many as there are buffers may have come before the call begins
        largest = sorted((transfer.bytes for transfer in program.transfers), reverse=True)[: program.weight_buffers]
        fetched, read, latency = fetched - sum(largest), read - sum(largest), 0
    dma = latency + fetched / min(rate, chip.dma_bytes_per_cycle) if fetched else 0
    return math.ceil(max(read / rate, dma))


def _chain_cycles(program: Program, chip: NnaConfig) -> float:
    chains: dict[type[Command], float] = defaultdict(float)
    tiles: dict[MatmulTile, float] = {}  # a program has thousands of tiles, but few that differ
    for first, count in program.stretches:
        command = program.commands[first]
        unit = HostCommand if isinstance(command, HandoffCommand) else type(command)
        chains[unit] += count * _peak_cycles(command, chip, tiles)
    longest = max(chains.values()) if program.ahead else sum(chains.values())
    # Rates are floats here and fractions in the events; a millionth of a cycle is neither.
    return longest * (1 - 1e-12) - 1e-6


def _peak_cycles(command: Command, chip: NnaConfig, tiles: dict[MatmulTile, float]) -> float:
    """Cycles of ``command`` at its unit's peak rate. ``tiles``: what has been asked of the MAC array's law so far."""
    if isinstance(command, MatmulCommand):
        tile = tile_of(command)
        if tile not in tiles:
            tiles[tile] = chip.mac_array_law.bound_cycles(tile)
        return max(tiles[tile], _riding_cycles(command, chip))
    if isinstance(command, ElementCommand) and chip.activation_unit:
        return command.elements * chip.activation_unit.cycles_per_element(command.kind)
    if isinstance(command, HandoffCommand):
        return chip.host.handoff_seconds(command.bytes) * chip.clock_hz
    return _host_seconds(command, chip) * chip.clock_hz if isinstance(command, HostCommand) else 0.0


def _riding_cycles(command: MatmulCommand, chip: NnaConfig) -> float:
    if command.rides is None or chip.activation_unit is None:
        return 0.0
    return command.outputs * chip.activation_unit.cycles_per_element(command.rides)


def _host_seconds(command: HostCommand, chip: NnaConfig) -> float:
    if command.macs:
        own = chip.host.product_seconds(command.kind, command.macs, command.operand_bits)
        bus = command.dram_bytes / float(chip.dram_bytes_per_cycle) / chip.clock_hz
        return max(own, chip.host.read_seconds(command.dram_bytes), bus)
    return command.elements * chip.host.ns_per_element(command.kind) * 1e-9
