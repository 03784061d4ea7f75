"""The critical path: who held up whom, from records by hand and from runs of every chip; it adds up to the latency."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.analysis.causes import Causes
from nnasim.analysis.critical_path import critical_path
from nnasim.compiler import CompiledTrace
from nnasim.compiler.schedule import trace_steps
from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.explanation import Explanation, FramePath, PathPart
from nnasim.ir.program import OpInfo, Program
from nnasim.ir.run import FIRST_BYTE, LATE_WEIGHTS, NO_BUFFER, ProgramRun, Record
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from tests.nnasim.ir.foreign_traces import TRACES
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SMALL = RnntShape(
    name="small", input_features=24, frame_ms=40, encoder_units=48, encoder_before=1, reduction=2, encoder_after=1,
    embedding=16, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
SYSTEMS = ("float", "cpu_fallback", "aat")


def run_of(cycles: int, *records: Record) -> ProgramRun:
    info = OpInfo(
        graph="g", name="o", kind="matmul", group="matmul", layer="l", unit="nna", block="mac_array"
    )  # fmt: skip
    program = Program(
        graph="g", ops=(info, info), commands=(), transfers=(), weight_buffers=1, entry=(), exit=()
    )  # fmt: skip
    return ProgramRun(program, cycles, records)


def walked(run: ProgramRun) -> list[tuple[str, int, int]]:
    assert all(times == 1 for _, times in critical_path(run))
    segments = [segment for lap, _ in critical_path(run) for segment in lap]
    return [(s.record.block if s.record else "nothing", s.start, s.end) for s in segments]


def test_a_tile_that_waited_for_weights_gives_its_wait_to_the_transfer() -> None:
    run = run_of(
        30,
        Record("dma", 0, 0, 0, 5, 0, FIRST_BYTE),
        Record("dma", 0, 0, 5, 20, 64),
        Record("mac_array", 0, 0, 0, 20, 0, LATE_WEIGHTS),
        Record("mac_array", 0, 0, 20, 30),
    )
    assert walked(run) == [("dma", 0, 5), ("dma", 5, 20), ("mac_array", 20, 30)]


def test_a_transfer_that_waited_for_a_buffer_gives_its_wait_to_the_tile_that_held_it() -> None:
    run = run_of(
        60,
        Record("dma", 0, 0, 0, 10, 64),
        Record("mac_array", 0, 0, 0, 10, 0, LATE_WEIGHTS),
        Record("mac_array", 0, 0, 10, 40),
        Record("dma", 0, 1, 10, 40, 0, NO_BUFFER),
        Record("dma", 0, 1, 40, 50, 64),
        Record("mac_array", 0, 1, 40, 50, 0, LATE_WEIGHTS),
        Record("mac_array", 0, 1, 50, 60),
    )
    assert walked(run) == [
        ("dma", 0, 10), ("mac_array", 10, 40), ("dma", 40, 50), ("mac_array", 50, 60),
    ]  # fmt: skip


def test_data_that_follow_other_data_are_held_up_by_those_and_not_by_their_own_latency() -> None:
    run = run_of(
        20,
        Record("dma", 0, 0, 0, 10, 64),
        Record("dma", 1, 1, 0, 10, 0, FIRST_BYTE),
        Record("dma", 1, 1, 10, 20, 64),
    )
    ((segments, _),) = critical_path(run)
    assert [segment.record.op for segment in segments if segment.record] == [0, 1]


def test_cycles_of_which_nobody_has_a_record_are_a_segment_too() -> None:
    assert walked(run_of(10, Record("host", 0, 0, 2, 6))) == [("nothing", 0, 2), ("host", 2, 6), ("nothing", 6, 10)]


def check(trace: OpTrace, chip: Any) -> FramePath:
    result = simulate(trace, chip)
    assert result.explanation is not None
    path = result.explanation.path
    assert path is not None
    place = result.frames.utterance.index(0) + list(result.frames.frame).index(path.frame)
    assert path.cycles == result.frames.end[place] - result.frames.arrival[place]
    assert sum(part.cycles for part in path.parts) == path.cycles
    return path


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_frames_path_is_its_latency_and_every_cycle_has_a_cause(preset: str, system: Any) -> None:
    chip = load_preset(preset)
    path = check(build_trace(SMALL, 4, 2, system=system, numerics=chip.numerics), chip)
    assert "unknown" not in path.by_cause


@pytest.mark.parametrize("name", sorted(TRACES))
def test_so_has_every_cycle_of_models_from_elsewhere(name: str) -> None:
    trace = TRACES[name]()
    assert "unknown" not in check(trace, load_preset("edge256")).by_cause


CHANGES = {
    "dram.bytes_per_second": st.sampled_from([1e8, 1e9, 1e11]),
    "dram.read_latency_ns": st.sampled_from([0, 30, 5000]),
    "dma.channels": st.sampled_from([1, 2, 3]),
    "dma.outstanding_bursts": st.sampled_from([1, 8, 64]),
    "sram.ports": st.sampled_from([1, 2]),
    "sram.bytes_per_cycle": st.sampled_from([0.5, 3, 16]),
    "sram.bytes": st.sampled_from([16384, 32768, 393216]),
    "sram.weight_buffers": st.sampled_from([1, 2, 4]),
    "sram.weight_tile_bytes": st.sampled_from([512, 4096]),
    "sequencer.cycles_per_command": st.sampled_from([0, 7]),
    "host.cache_bytes": st.sampled_from([0, 2**20]),
    "host.memory_bytes_per_second": st.sampled_from([None, 5e8]),
    "compiler.chunk_frames": st.sampled_from([1, 2]),
}


@settings(deadline=None, max_examples=25)
@given(changes=st.fixed_dictionaries({}, optional=CHANGES), system=st.sampled_from(SYSTEMS))
def test_whatever_the_chip_the_parts_add_up(changes: dict[str, Any], system: Any) -> None:
    chip = load_preset("edge256")
    trace = build_trace(SMALL, 4, 2, system=system, numerics=chip.numerics)
    try:
        path = check(trace, chip.with_(changes or {"host.handoff_us": 50}))
    except NnasimError:
        return  # the SRAM is too small for it
    assert "unknown" not in path.by_cause


MANY_TILES = RnntShape(
    name="tiles", input_features=24, frame_ms=40, encoder_units=200, encoder_before=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=400,
)  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(changes=st.fixed_dictionaries({}, optional=CHANGES))
def test_tiles_in_step_are_walked_as_if_each_had_been_recorded(changes: dict[str, Any]) -> None:
    chip = load_preset("edge256", ["sram.bytes=65536", "sram.weight_tile_bytes=1024"])
    chip = chip.with_({**changes, "sram.bytes": 65536, "sram.weight_tile_bytes": 1024})
    compiled = CompiledTrace(build_trace(MANY_TILES, 4, 2, system="aat", numerics=chip.numerics), chip)
    for program in {id(step.program): step.program for step in trace_steps(compiled)[0]}.values():
        run = run_program(program, chip)
        assert sums(chip, run) == sums(chip, ProgramRun(program, run.cycles, run.records))


def sums(chip: NnaConfig, run: ProgramRun) -> list[tuple[tuple[str, str], int]]:
    """Cycles by cause and layer, in order of first appearance."""
    cycles: dict[tuple[str, str], int] = {}
    for cause, layer, taken in Causes(chip).parts(run):
        cycles[cause, layer] = cycles.get((cause, layer), 0) + taken
    assert sum(cycles.values()) == run.cycles
    return list(cycles.items())


def test_a_path_through_tiles_in_step_has_few_segments_and_all_cycles() -> None:
    chip = load_preset("edge256", ["sram.bytes=65536", "sram.weight_tile_bytes=1024"])
    compiled = CompiledTrace(build_trace(MANY_TILES, 4, 2, system="aat", numerics=chip.numerics), chip)
    programs = {step.program.graph: step.program for step in trace_steps(compiled)[0]}
    run = run_program(programs["encoder"], chip)
    assert run.repeats
    laps = critical_path(run)
    assert any(times > 1 for _, times in laps)
    assert sum(times * (segment.end - segment.start) for lap, times in laps for segment in lap) == run.cycles


def test_a_path_whose_parts_do_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="add up to 3 cycles, not to the 4"):
        FramePath(frame=0, cycles=4, parts=(PathPart(cause="dram", layer="enc0", cycles=3),))


def test_sweeps_leave_it_out_and_files_without_it_are_read() -> None:
    trace = build_trace(SMALL, 4, 1, system="aat", numerics=load_preset("edge256").numerics)
    result = simulate(trace, load_preset("edge256"), SimOptions(timeline=False))
    assert result.explanation is None
    assert "explanation" not in result.model_dump(mode="json")
    assert type(result).model_validate(result.model_dump(mode="json")) == result
    assert Explanation.model_validate({}).path is None
