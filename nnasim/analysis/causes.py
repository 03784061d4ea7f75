"""The cause of each part of a critical path: the DRAM, the weight decoder, a pass's fixed cost, a hand-off."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from nnasim.analysis.critical_path import Segment, critical_path
from nnasim.hardware import NnaConfig
from nnasim.hardware.mac_arrays.law import MatmulTile, mac_array_law, tile_of
from nnasim.ir.explanation import Cause
from nnasim.ir.program import ElementCommand, MatmulCommand, OpInfo
from nnasim.ir.run import BUS, CPU_WEIGHTS, FEW_BURSTS, FIRST_BYTE, OTHER_WORK, SRAM_PORT, ProgramRun, Record

Part = tuple[Cause, str, int]
"""(cause, layer, cycles)."""

_OF_WAIT: dict[str, Cause] = {
    FIRST_BYTE: "dram_latency",
    SRAM_PORT: "sram_port",
    BUS: "bus",
    CPU_WEIGHTS: "cpu_dram",
    OTHER_WORK: "other_work",
}
_Split = list[tuple[Cause, int]]


class Causes:
    """Names the causes of critical paths on one chip."""

    def __init__(self, chip: NnaConfig) -> None:
        self.chip = chip
        self._law = chip.mac_array_law
        free = {"fixed_cycles_per_pass": 0}
        self._working = mac_array_law(chip.mac_array.with_(free))
        self._undecoded = mac_array_law(chip.mac_array.with_({**free, "decoded_weights_per_cycle": None}))
        self._tiles: dict[MatmulTile, _Split] = {}

    def parts(self, run: ProgramRun) -> Iterator[Part]:
        """The critical path of ``run`` by cause and layer, in order of time; together its cycles."""
        worked, held = _works(run), _held_back(run)
        for segments, times in critical_path(run):
            for segment in segments:
                layer = "" if segment.record is None else _layer(run.program.ops[segment.record.op])
                for cause, cycles in self._split(segment, run, worked, held):
                    if cycles:
                        yield cause, layer, times * cycles

    def _split(
        self, segment: Segment, run: ProgramRun, worked: Mapping[int, MatmulCommand | ElementCommand],
        held: Mapping[tuple[int, int], int],
    ) -> _Split:  # fmt: skip
        record, cycles = segment.record, segment.end - segment.start
        if record is None:
            return [("unknown", cycles)]
        if record.is_stall:
            return [(_OF_WAIT.get(record.reason, "unknown"), cycles)]
        if record.block == "dma":
            slow = min(cycles, held.get((record.op, record.end), 0))
            return [("dram", cycles - slow), ("dma", slow)]
        if record.block == "host":
            return [("handoff" if run.program.ops[record.op].kind == "handoff" else "cpu", cycles)]
        if record.block == "sequencer":
            return [("sequencer", cycles)]
        return self._pass(record, cycles, worked.get(id(record)))

    def _pass(self, record: Record, cycles: int, command: MatmulCommand | ElementCommand | None) -> _Split:
        """Work of a compute block, the fixed cost of its pass apart."""
        if isinstance(command, MatmulCommand):
            return self._product(command, cycles)
        if record.block == "activation_unit":
            unit = self.chip.activation_unit
            fixed = min(cycles, unit.fixed_cycles_per_pass if unit else 0)
            return [("fixed", fixed), ("element_wise", cycles - fixed)]
        return [("mac_array", cycles)]

    def _product(self, command: MatmulCommand, cycles: int) -> _Split:
        """Cycles of a tile: its fixed cost, and what binds the rest: lanes, weight decoder, or a table behind them."""
        tile = tile_of(command)
        if tile not in self._tiles:
            whole, work = self._law.tile_cycles(tile), self._working.tile_cycles(tile)
            binds: Cause = "weight_decoder" if work > self._undecoded.tile_cycles(tile) else "mac_array"
            self._tiles[tile] = [("fixed", whole - work), (binds, work)]
        (_, fixed), (binds, work) = self._tiles[tile]
        fixed = min(fixed, cycles)
        return [("fixed", fixed), (binds if cycles <= fixed + work else "element_wise", cycles - fixed)]


def _layer(info: OpInfo) -> str:
    """The layer for which an operation runs; "" for a crossing."""
    return "" if info.kind == "handoff" else info.layer


def _works(run: ProgramRun) -> dict[int, MatmulCommand | ElementCommand]:
    """The command of each busy record of a compute block, by identity: those of an operation are matched in order.

    For a record that came several times, the command of the first time: the others were like it. For an operation with
    fewer records than commands, none: a command of no cycles leaves no record.
    """
    commands: dict[int, list[MatmulCommand | ElementCommand]] = defaultdict(list)
    for command in run.program.commands:
        if isinstance(command, MatmulCommand | ElementCommand):
            commands[command.op].append(command)
    places: Counter[int] = Counter()
    works = list[tuple[Record, int]]()
    for records, times in run.times():
        busy = [r for r in records if r.block in ("mac_array", "activation_unit") and not r.reason]
        for record in busy:
            works.append((record, places[record.op]))
            places[record.op] += 1
        if times > 1:
            places.update({op: count * (times - 1) for op, count in Counter(record.op for record in busy).items()})
    return {
        id(record): commands[record.op][place]
        for record, place in works
        if places[record.op] == len(commands[record.op])
    }


def _held_back(run: ProgramRun) -> dict[tuple[int, int], int]:
    """(operation, end as recorded) -> cycles in which the DMA's own rate, and not the DRAM's, made a transfer last."""
    return {
        (record.op, record.end): record.end - record.start
        for record in run.recorded
        if record.block == "dram" and record.reason == FEW_BURSTS
    }
