"""A trace that no chip could run is refused in one line, whatever it holds."""

import pytest

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.errors import PlacementError, SimulationError
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate


def changed(trace: OpTrace, **update: object) -> OpTrace:
    return trace.model_copy(update=update)


@pytest.mark.parametrize("name", ["boot", "frame_end"])
def test_a_graph_named_as_the_compilers_own(small, name: str) -> None:
    trace = small()
    with pytest.raises(PlacementError, match="not named boot or frame_end"):
        CompiledTrace(changed(trace, graphs=trace.graphs | {name: trace.graphs["joint"]}), load_preset("edge256"))


@pytest.mark.parametrize("shape", [(2**41,), (10**200, 3)])
def test_a_tensor_beyond_all_bounds(small, shape: tuple[int, ...]) -> None:
    trace = small()
    huge = trace.tensors["enc.x"].model_copy(update={"shape": shape})
    with pytest.raises(PlacementError, match=r"at most 1,099,511,627,776 elements"):
        CompiledTrace(changed(trace, tensors=trace.tensors | {"enc.x": huge}), load_preset("edge256"))


def test_a_weight_of_a_hundred_million_rows_has_a_least_sram_and_then_a_program_that_is_bounded(small) -> None:
    trace = small()
    tall = trace.tensors["enc0.wx"].model_copy(update={"shape": (10**8, 32)})
    work = changed(trace, tensors=trace.tensors | {"enc0.wx": tall})
    with pytest.raises(PlacementError, match=r"sram\.bytes must be at least \d+") as caught:
        CompiledTrace(work, load_preset("edge256", ["sram.bytes=8000"]))
    named = int(str(caught.value).rsplit(" ", 1)[1])
    compiled = CompiledTrace(work, load_preset("edge256", [f"sram.bytes={named}"]))
    assert len(compiled.program("encoder", AT_START).transfers) <= 101_000
    with pytest.raises(PlacementError, match=f"at least {named}"):
        CompiledTrace(work, load_preset("edge256", [f"sram.bytes={named - 4}"]))


def test_audio_that_arrives_after_the_end_of_time(small) -> None:
    trace = small()
    late = trace.utterances[0].model_copy(update={"arrivals": (0.1, 0.2, 0.3, 1e300)})
    with pytest.raises(SimulationError, match=r"frame 3 arrives after 1e\+300 s"):
        simulate(changed(trace, utterances=(late,)), load_preset("edge256"))


def test_work_that_never_ends(small) -> None:
    with pytest.raises(SimulationError, match="watchdog"):
        simulate(small(system="cpu_fallback"), load_preset("edge256", ["host.handoff_us=1e9", "clock_hz=1e12"]))
