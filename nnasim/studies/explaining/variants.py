"""One trace on many chips that differ in a few fields each: what did not change is not simulated again.

Programs are compiled once for all chips that the compiler sees alike, and a program runs once for all chips that agree
in what its commands read: a change of the hand-off concerns programs with hand-offs. The figures of a variant are
those of ``simulate`` on its chip, to the last digit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from nnasim.analysis.causes import Causes, Part
from nnasim.analysis.energy import energy_mj
from nnasim.analysis.frame_path import frame_path, representative_moment
from nnasim.analysis.latency import frame_rows, utterance_times
from nnasim.analysis.percentiles import percentile
from nnasim.analysis.tally import actions_of, alike
from nnasim.compiler import CompiledTrace
from nnasim.compiler.reads import seen_beside_cache
from nnasim.compiler.schedule import compiled_arrivals, trace_steps
from nnasim.hardware import NnaConfig
from nnasim.hardware.field_units import leaves
from nnasim.ir.explanation import Cause, Figures, FramePath
from nnasim.ir.program import ElementCommand, HandoffCommand, HostCommand, MatmulCommand, Program
from nnasim.ir.result import SimResult
from nnasim.ir.run import ProgramRun, Step, StepRun
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate_compiled
from nnasim.results import SimOptions
from nnasim.sim.replay import Replay, replay_is_exact
from nnasim.sim.run import run_program, run_steps
from nnasim.units import cycles_to_ms

BOOT = "boot"  # the graph of the program that loads resident weights
_SILENT = {"name", "description", "numerics", "energy", "area", "compiler"}  # what no running program reads
_PRODUCT_FIELDS = (
    "float_matmul_gflops", "int8_matmul_gops", "conv_ratio", "bmm_ratio", "memory_bytes_per_second",
)  # fmt: skip


class _Timing(NamedTuple):
    """The figures that chips share if the same happens on them: medians, the bottleneck, and the actions that take
    energy.
    """

    engine_ms: float
    frame_ms: float
    bottleneck: Cause
    cycles: int
    actions: Counter[str]


class _Runner(NamedTuple):
    """The runs of programs on one chip: of a ``program`` alone, and of an ``utterance`` by its number.

    ``reads``: the fields of the chip that are read, unless a program declares its own.
    """

    program: Callable[[Program], ProgramRun]
    utterance: Callable[[list[Step], int], list[StepRun]]
    reads: Hashable


class Variants:
    """Runs of ``trace``, or of traces that differ from it in where operations are placed."""

    def __init__(self, trace: OpTrace) -> None:
        self.trace = trace
        self._compiled: dict[Hashable, list[CompiledTrace]] = {}
        self._kept: dict[int, tuple[object, Any]] = {}  # by identity of what it was computed of, which is kept alive
        self._runs: dict[Hashable, ProgramRun] = {}
        self._timings: dict[Hashable, _Timing] = {}

    def compiled(self, chip: NnaConfig, trace: OpTrace | None = None) -> CompiledTrace:
        """``trace`` (default: the one of all variants), compiled. Raises PlacementError or NumericsError."""
        given = trace or self.trace
        alike = self._compiled.setdefault((id(given), seen_beside_cache(chip)), [])
        compiled = next((compiled for compiled in alike if compiled.serves(chip)), None)
        if compiled is None:
            compiled = CompiledTrace(given, chip)
            alike.append(compiled)
        return compiled.on(chip)

    def figures(self, chip: NnaConfig, trace: OpTrace | None = None) -> Figures:
        """The medians, the energy and the bottleneck on ``chip``. Raises what a simulation raises."""
        timing = self._timing(self.compiled(chip, trace))
        energy = energy_mj(chip, timing.actions, timing.cycles)
        return Figures(
            engine_ms=timing.engine_ms,
            frame_ms=timing.frame_ms,
            energy_mj=energy["total"].nominal if energy else None,
            bottleneck=timing.bottleneck,
        )

    def result(self, chip: NnaConfig) -> SimResult:
        """All that ``simulate`` measures on ``chip``."""
        return simulate_compiled(self.compiled(chip), SimOptions())

    def path(self, chip: NnaConfig) -> FramePath:
        """The critical path of the representative frame on ``chip``."""
        compiled = self.compiled(chip)
        return self._path(compiled, self._runner(chip).utterance(trace_steps(compiled)[0], 0))

    def _timing(self, compiled: CompiledTrace) -> _Timing:
        """The timing of a run on the chip of ``compiled``: computed anew if a program runs otherwise than on any
        earlier chip.
        """
        steps, runner = trace_steps(compiled), self._runner(compiled.chip)
        programs = self._known(steps, "programs", lambda: _programs(compiled.boot(), steps))
        going = runner.reads or tuple(id(runner.program(program)) for program in programs)
        key = (id(steps), going)
        if key not in self._timings:
            boot = programs[0] if programs[0].graph == BOOT else None
            self._timings[key] = self._timed(compiled, runner, boot, steps)
        return self._timings[key]

    def _timed(
        self, compiled: CompiledTrace, runner: _Runner, boot_program: Program | None, steps: list[list[Step]]
    ) -> _Timing:
        boot = None if boot_program is None else runner.program(boot_program)
        runs = [runner.utterance(utterance, index) for index, utterance in enumerate(steps)]
        clock_hz, latencies, frames = compiled.chip.clock_hz, list[float](), list[float]()
        for utterance, ran in zip(compiled.trace.utterances, runs, strict=True):
            arrivals = compiled_arrivals(compiled, utterance)
            latencies.append(utterance_times(utterance, ran, clock_hz, None).engine_latency_ms)
            rows = frame_rows(0, arrivals, ran)
            frames += [cycles_to_ms(end - arrival, clock_hz) for _, _, arrival, _, end in rows]
        return _Timing(
            engine_ms=percentile(latencies, 50),
            frame_ms=percentile(frames, 50),
            bottleneck=self._path(compiled, runs[0]).bottleneck,
            cycles=(boot.cycles if boot else 0) + sum(ran[-1].end for ran in runs),
            actions=self._actions([*([boot] if boot else []), *(step.run for ran in runs for step in ran)]),
        )

    def _runner(self, chip: NnaConfig) -> _Runner:
        """The runner of ``chip``: each program once if one run stands for all; else every event of them."""
        if replay_is_exact(chip):
            replay = Replay(partial(self._run, chip=chip, fields=_timing_fields(chip)))
            return _Runner(replay.run_program, lambda steps, _: replay.run_steps(steps), ())
        reads = tuple((field, _hashable(value)) for field, value in leaves(chip.model_dump(exclude=_SILENT)))
        alone = partial(run_program, chip=chip)
        return _Runner(alone, lambda steps, index: run_steps(steps, chip, stream=index), reads)

    def _path(self, compiled: CompiledTrace, steps: Sequence[StepRun]) -> FramePath:
        moment = representative_moment(steps, compiled_arrivals(compiled, compiled.trace.utterances[0]))
        causes = Causes(compiled.chip)
        return frame_path(moment, lambda run: self._known(run, "parts", lambda: _summed(causes.parts(run))))

    def _run(self, program: Program, chip: NnaConfig, fields: _TimingFields) -> ProgramRun:
        content = self._known(program, "content", lambda: _content(program))
        key = (id(program), *_read_by(content, chip, fields))
        if key not in self._runs:
            self._runs[key] = self._slim(run_program(program, chip), Causes(chip))
        return self._runs[key]

    def _slim(self, run: ProgramRun, causes: Causes) -> ProgramRun:
        """``run`` without its records, reduced to the figures that are compared: a hundred variants would have
        millions.
        """
        slim = ProgramRun(run.program, run.cycles, ())
        self._kept[id(slim)] = (slim, {"actions": actions_of(run), "parts": _summed(causes.parts(run))})
        return slim

    def _known(self, thing: object, what: str, make: Any) -> Any:
        """``make()``, computed once for ``thing``."""
        _, values = self._kept.setdefault(id(thing), (thing, {}))
        if what not in values:
            values[what] = make()
        return values[what]

    def _actions(self, runs: Sequence[ProgramRun]) -> Counter[str]:
        """The actions in all ``runs`` that the energy table prices."""
        actions: Counter[str] = Counter()
        for run, count in alike(runs):
            for action, times in self._known(run, "actions", partial(actions_of, run)).items():
                actions[action] += times * count
        return actions


def _programs(boot: Program | None, steps: list[list[Step]]) -> list[Program]:
    """The programs of ``steps``, each once, and before them the one that loads resident weights, if any."""
    ordered = {id(step.program): step.program for utterance in steps for step in utterance}
    return [*([boot] if boot else []), *ordered.values()]


def _summed(parts: Iterable[Part]) -> list[Part]:
    """``parts``, those of one cause and layer as one."""
    sums: dict[tuple[Cause, str], int] = {}
    for cause, layer, cycles in parts:
        sums[cause, layer] = sums.get((cause, layer), 0) + cycles
    return [(cause, layer, cycles) for (cause, layer), cycles in sums.items()]


class _TimingFields(NamedTuple):
    """Fields of a chip, with values, that decide how long programs run: of the NNA, and of the CPU's products."""

    nna: tuple[tuple[str, Hashable], ...]
    products: tuple[tuple[str, Hashable], ...]


def _timing_fields(chip: NnaConfig) -> _TimingFields:
    """The fields of ``chip`` that every program may read, and those that programs with products on the CPU read.

    Of the DMA's bursts in flight only the resulting rate counts, and only if it is lower than the DRAM's.
    """
    fields = dict(leaves(chip.model_dump(exclude=_SILENT)))
    fields["dma.outstanding_bursts"] = min(chip.dma_bytes_per_cycle, chip.dram_bytes_per_cycle)
    held = tuple(
        (field, _hashable(value))
        for field, value in fields.items()
        if not field.startswith("host.") and not field.endswith(("_per_element", "_per_byte"))
    )
    return _TimingFields(held, tuple((field, _hashable(fields.get(f"host.{field}"))) for field in _PRODUCT_FIELDS))


_Content = tuple[tuple[str, ...], tuple[str, ...], bool, bool]


def _read_by(content: _Content, chip: NnaConfig, fields: _TimingFields) -> tuple[Hashable, ...]:
    """The values that a program of this ``content`` reads of ``chip``: chips that agree in them run it alike."""
    kinds, hosted, multiplied, crosses = content
    unit = chip.activation_unit
    rates = tuple((kind, unit.cycles_per_element(kind) if unit else None) for kind in kinds)
    costs = tuple((kind, chip.host.ns_per_element(kind)) for kind in hosted)
    crossing = (chip.host.handoff_seconds(0), chip.host.handoff_seconds(1)) if crosses else ()
    return (fields.nna, fields.products if multiplied else (), rates, costs, crossing)


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
