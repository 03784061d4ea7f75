"""One trace on many chips that differ in a few fields each: what did not change is not simulated again.

Programs are compiled once for all chips that the compiler sees alike, and a program runs once for all chips that agree
in what its commands read: a change of the hand-off concerns programs with hand-offs. The figures of a variant are
those of ``simulate`` on its chip, to the last digit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any

from nnasim.analysis.causes import Causes
from nnasim.analysis.energy import energy_mj
from nnasim.analysis.frame_path import frame_path, representative_moment
from nnasim.analysis.latency import frame_rows, utterance_times
from nnasim.analysis.percentiles import percentile
from nnasim.analysis.tally import actions_of, alike
from nnasim.compiler import CompiledTrace
from nnasim.compiler.reads import seen_by_compiler
from nnasim.compiler.schedule import compiled_arrivals, trace_steps
from nnasim.hardware import NnaConfig
from nnasim.hardware.field_units import leaves
from nnasim.ir.explanation import Figures, FramePath
from nnasim.ir.program import ElementCommand, HandoffCommand, HostCommand, MatmulCommand, Program
from nnasim.ir.result import SimResult
from nnasim.ir.run import ProgramRun, StepRun
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate_compiled
from nnasim.results import SimOptions
from nnasim.sim.replay import Replay, replay_is_exact
from nnasim.sim.run import run_program, run_steps
from nnasim.units import cycles_to_ms

_SILENT = {"name", "description", "numerics", "energy", "area", "compiler"}  # what no running program reads
_PRODUCT_FIELDS = (
    "float_matmul_gflops", "int8_matmul_gops", "conv_ratio", "bmm_ratio", "memory_bytes_per_second",
)  # fmt: skip


class Variants:
    """Runs of ``trace``, or of traces that differ from it in where operations are placed."""

    def __init__(self, trace: OpTrace) -> None:
        self.trace = trace
        self._compiled: dict[Hashable, CompiledTrace] = {}
        self._kept: dict[int, tuple[object, Any]] = {}  # by identity of what it was computed of, which is kept alive
        self._runs: dict[Hashable, ProgramRun] = {}

    def compiled(self, chip: NnaConfig, trace: OpTrace | None = None) -> CompiledTrace:
        """``trace`` (default: the one of all variants), compiled. Raises PlacementError or NumericsError."""
        given = trace or self.trace
        key = (id(given), seen_by_compiler(chip))
        if key not in self._compiled:
            self._compiled[key] = CompiledTrace(given, chip)
        return self._compiled[key].on(chip)

    def figures(self, chip: NnaConfig, trace: OpTrace | None = None) -> Figures:
        """The medians, the energy and the bottleneck on ``chip``. Raises what a simulation raises."""
        compiled = self.compiled(chip, trace)
        runs, boot = self._utterances(compiled), self._boot(compiled)
        latencies, frames = list[float](), list[float]()
        for utterance, steps in zip(compiled.trace.utterances, runs, strict=True):
            arrivals = compiled_arrivals(compiled, utterance)
            latencies.append(utterance_times(utterance, steps, chip.clock_hz, None).engine_latency_ms)
            rows = frame_rows(0, arrivals, steps)
            frames += [cycles_to_ms(end - arrival, chip.clock_hz) for _, _, arrival, _, end in rows]
        return Figures(
            engine_ms=percentile(latencies, 50),
            frame_ms=percentile(frames, 50),
            energy_mj=self._energy(chip, boot, runs),
            bottleneck=self._path(compiled, runs[0]).bottleneck,
        )

    def result(self, chip: NnaConfig) -> SimResult:
        """All that ``simulate`` measures on ``chip``."""
        compiled = self.compiled(chip)
        return simulate_compiled(compiled, SimOptions())

    def path(self, chip: NnaConfig) -> FramePath:
        """The critical path of the representative frame on ``chip``."""
        compiled = self.compiled(chip)
        return self._path(compiled, self._utterances(compiled)[0])

    def _path(self, compiled: CompiledTrace, steps: Sequence[StepRun]) -> FramePath:
        moment = representative_moment(steps, compiled_arrivals(compiled, compiled.trace.utterances[0]))
        causes = Causes(compiled.chip)
        return frame_path(moment, lambda run: self._known(run, "parts", lambda: list(causes.parts(run))))

    def _utterances(self, compiled: CompiledTrace) -> list[list[StepRun]]:
        chip, steps = compiled.chip, trace_steps(compiled)
        if not replay_is_exact(chip):
            return [run_steps(utterance, chip, stream=index) for index, utterance in enumerate(steps)]
        fields = _timing_fields(chip)
        replay = Replay(partial(self._run, chip=chip, fields=fields))
        return [replay.run_steps(utterance) for utterance in steps]

    def _boot(self, compiled: CompiledTrace) -> ProgramRun | None:
        program = compiled.boot()
        return None if program is None else run_program(program, compiled.chip)

    def _run(self, program: Program, chip: NnaConfig, fields: dict[str, Any]) -> ProgramRun:
        content = self._known(program, "content", lambda: _content(program))
        key = (id(program), *_read_by(content, chip, fields))
        if key not in self._runs:
            self._runs[key] = self._slim(run_program(program, chip), Causes(chip))
        return self._runs[key]

    def _slim(self, run: ProgramRun, causes: Causes) -> ProgramRun:
        """``run`` without its records, of which only what is judged by is kept: a hundred variants have millions."""
        slim = ProgramRun(run.program, run.cycles, ())
        self._kept[id(slim)] = (slim, {"actions": actions_of(run), "parts": list(causes.parts(run))})
        return slim

    def _known(self, thing: object, what: str, make: Any) -> Any:
        """``make()``, computed once for ``thing``."""
        _, values = self._kept.setdefault(id(thing), (thing, {}))
        if what not in values:
            values[what] = make()
        return values[what]

    def _energy(self, chip: NnaConfig, boot: ProgramRun | None, runs: Sequence[list[StepRun]]) -> float | None:
        if chip.energy is None:
            return None
        actions: Counter[str] = Counter()
        for run, count in alike([*([boot] if boot else []), *(step.run for steps in runs for step in steps)]):
            for action, times in self._known(run, "actions", partial(actions_of, run)).items():
                actions[action] += times * count
        cycles = (boot.cycles if boot else 0) + sum(steps[-1].end for steps in runs)
        return energy_mj(chip, actions, cycles)["total"].nominal


def _timing_fields(chip: NnaConfig) -> dict[str, Any]:
    """Every field of ``chip`` that may decide how long a program runs.

    Of the DMA's bursts in flight only the rate that follows, and that only where it is less than the DRAM's.
    """
    fields = dict(leaves(chip.model_dump(exclude=_SILENT)))
    fields["dma.outstanding_bursts"] = min(chip.dma_bytes_per_cycle, chip.dram_bytes_per_cycle)
    return fields


_Content = tuple[tuple[str, ...], tuple[str, ...], bool, bool]


def _read_by(content: _Content, chip: NnaConfig, fields: dict[str, Any]) -> tuple[Hashable, ...]:
    """What a program of this ``content`` reads of ``chip``: chips that agree in it run it alike."""
    kinds, hosted, multiplied, crosses = content
    wanted = tuple(
        (field, _hashable(value))
        for field, value in fields.items()
        if not field.endswith(("_per_element", "_per_byte"))
        and (not field.startswith("host.") or (multiplied and field.removeprefix("host.") in _PRODUCT_FIELDS))
    )
    unit = chip.activation_unit
    rates = tuple((kind, unit.cycles_per_element(kind) if unit else None) for kind in kinds)
    costs = tuple((kind, chip.host.ns_per_element(kind)) for kind in hosted)
    crossing = (chip.host.handoff_seconds(0), chip.host.handoff_seconds(1)) if crosses else ()
    return (wanted, rates, costs, crossing)


def _content(program: Program) -> _Content:
    """(kinds of the activation unit, kinds of the CPU, whether the CPU multiplies, whether anything crosses)."""
    kinds, hosted, multiplied, crosses = dict[str, None](), dict[str, None](), False, False
    for command in program.commands:
        if isinstance(command, ElementCommand):
            kinds[command.kind] = None
        elif isinstance(command, MatmulCommand):
            if command.rides is not None:
                kinds[command.rides] = None
        elif isinstance(command, HandoffCommand):
            crosses = True
        elif isinstance(command, HostCommand):
            multiplied = multiplied or command.macs > 0
            if not command.macs:
                hosted[command.kind] = None
    return tuple(kinds), tuple(hosted), multiplied, crosses


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


def gains(before: Figures, after: Figures) -> Iterator[tuple[str, float | None]]:
    """(figure, how much lower it is after, as a fraction of before) of each figure."""
    for name in ("engine_ms", "frame_ms", "energy_mj"):
        old, new = getattr(before, name), getattr(after, name)
        yield name, None if not old or new is None else 1 - new / old
