"""What a chip has no unit for falls to the CPU, and the result says which kinds and what they cost."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.errors import PlacementError
from nnasim.hardware import load_preset
from nnasim.ir.trace import OP_GROUPS, OpTrace, placement_of
from nnasim.pipeline import simulate
from reports.notes import notes
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

Small = Callable[..., OpTrace]
SHAPE = RnntShape(
    name="small", input_features=16, frame_ms=40, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1,
    embedding=8, prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip
LACKING = ["numerics.activation=none"]


def test_kinds_and_crossings_of_a_chip_without_an_activation_unit(small: Small) -> None:
    trace = small(system="aat")
    result = simulate(trace, load_preset("nvdla_small"))
    assert result.fallback is not None
    assert set(result.fallback.kinds) == {"add", "sigmoid", "tanh", "mul", "embedding", "argmax"}
    assert result.fallback.handoffs == result.totals.handoffs
    assert result.fallback.handoffs_without == simulate(trace, load_preset("edge256")).totals.handoffs
    (line,) = notes({"aat": result})
    assert "nvdla_small has no unit for" in line
    assert f"{result.totals.handoffs} hand-offs, {result.fallback.handoffs_without} if it had" in line


def test_nothing_falls_back_where_the_chip_has_the_units_or_the_system_wants_the_cpu(small: Small) -> None:
    assert simulate(small(system="aat"), load_preset("edge256")).fallback is None
    for system in ("float", "cpu_fallback"):
        result = simulate(small(system=system), load_preset("nvdla_small"))
        assert result.fallback is None
        assert notes({system: result}) == []


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({group: st.sampled_from(["cpu", "nna"]) for group in OP_GROUPS}), st.sampled_from([1, 2]))
def test_crossings_without_fallback_are_those_of_a_chip_with_the_units(placement: dict[str, str], chunk: int) -> None:
    wanted = build_trace(SHAPE, 4, 2).model_copy(update={"placement": {**placement_of("aat"), **placement}})
    options = [f"compiler.chunk_frames={chunk}"]
    try:
        able = simulate(wanted, load_preset("edge256", options))
    except PlacementError:  # an encoder that cannot run ahead is not chunked on either chip
        return
    lacking = simulate(wanted, load_preset("edge256", [*options, *LACKING]))
    assert able.fallback is None
    if lacking.fallback:
        assert lacking.fallback.handoffs_without == able.totals.handoffs
    else:
        assert lacking.totals.handoffs == able.totals.handoffs
