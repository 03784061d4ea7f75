"""A closed-form lower bound on a program's cycles: the same numbers, no event model. Events are never below it."""

from __future__ import annotations

import math

from nnasim.hardware import NnaConfig
from nnasim.hardware.mac_arrays.law import MatmulTile
from nnasim.ir.program import ElementCommand, HandoffCommand, HostCommand, MatmulCommand, Program


def bound_cycles(program: Program, config: NnaConfig) -> int:
    """No chip of this description runs ``program`` in fewer cycles.

    The longest of three: all bytes, the CPU's too, at the DRAM's rate; the DMA's bytes at the rate that it and the
    DRAM allow, one latency before them; and the chain of commands, each at the peak rate of its unit, since a command
    waits for the one before it.
    """
    return max(_dram_cycles(program, config), math.ceil(_chain_cycles(program, config)))


def _dram_cycles(program: Program, config: NnaConfig) -> int:
    rate = config.dram_bytes_per_cycle
    fetched = sum(transfer.bytes for transfer in program.transfers)
    dma = config.dram_latency_cycles + fetched / min(rate, config.dma_bytes_per_cycle) if fetched else 0
    return math.ceil(max(program.dram_bytes / rate, dma))


def _chain_cycles(program: Program, config: NnaConfig) -> float:
    total, law = 0.0, config.mac_array_law
    tiles: dict[tuple[int, ...], float] = {}  # a program has thousands of tiles, but few that differ
    for command in program.commands:
        if isinstance(command, MatmulCommand):
            shape = command.m, command.n, command.k, command.weight_bits, command.input_bits
            if shape not in tiles:
                tiles[shape] = law.bound_cycles(MatmulTile(*shape))
            total += tiles[shape]
        elif isinstance(command, ElementCommand) and config.activation_unit:
            total += command.elements * config.activation_unit.cycles_per_element(command.kind)
        elif isinstance(command, HandoffCommand):
            total += config.host.handoff_seconds(command.bytes) * config.clock_hz
        elif isinstance(command, HostCommand):
            total += _host_seconds(command, config) * config.clock_hz
    # Rates are floats here and fractions in the events; a millionth of a cycle is neither.
    return total * (1 - 1e-12) - 1e-6


def _host_seconds(command: HostCommand, config: NnaConfig) -> float:
    if command.kind == "matmul":
        own = config.host.matmul_seconds(command.macs, command.operand_bits)
        bus = command.dram_bytes / float(config.dram_bytes_per_cycle) / config.clock_hz
        return max(own, config.host.read_seconds(command.dram_bytes), bus)
    return command.elements * config.host.ns_per_element(command.kind) * 1e-9
