"""Calls that run as one chunk leave and show the integers that they do one by one, however they keep their states."""

import pytest

from nnasim.functional.cosimulate import CosimReport, cosimulate
from nnasim.functional.stored import random_features
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.foreign_traces import GROUPS, TraceBuilder


def in_chunks(trace: OpTrace, frames: int) -> CosimReport:
    chip = load_preset("edge256", [f"compiler.chunk_frames={frames}"])
    return cosimulate(trace, chip, constants_of(trace), random_features(trace))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_register_on_the_cpu_reads_what_the_call_before_left(frames: int) -> None:
    build = TraceBuilder()
    past = build.tensor("past", 3, 8, role="state")
    build.op("past/push", "concat", [build.quantised("x", 1, 8)], past, axis=0, shift=True)
    build.op("past/show", "copy", [past], build.tensor("y", 3, 8, role="output"))
    trace = build.trace(5).model_copy(update={"placement": dict.fromkeys(GROUPS.values(), "cpu")})
    report = in_chunks(trace, frames)
    assert (report.values, report.states, report.mismatches) == (5 * 3 * 8, 3 * 8, 0)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_state_that_a_call_writes_twice_has_both_values_in_their_order(frames: int) -> None:
    """The second is a product of all calls at once, which stands before what works call by call."""
    build = TraceBuilder()
    x = build.quantised("x", 1, 8)
    state = build.tensor("state", 1, 8, role="state")
    build.op("first", "mul", [x, x], state)
    build.op("show", "copy", [state], build.tensor("y", 1, 8, role="output"))
    build.matmul("second", x, 8, out="state", role="state")
    report = in_chunks(with_outputs(build.trace(5)), frames)
    assert (report.values, report.states, report.mismatches) == (5 * 8, 8, 0)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_view_of_a_state_shows_each_call_its_own_value(frames: int) -> None:
    build = TraceBuilder()
    x = build.quantised("x", 1, 8)
    state = build.tensor("state", 1, 8, role="state")
    flat = build.op("flat", "copy", [state], build.tensor("flat", 8), view=True)
    build.matmul("old", flat, 4, out="y", role="output")
    build.op("next", "add", [x, state], state)
    report = in_chunks(build.trace(5), frames)
    assert (report.values, report.states, report.mismatches) == (5 * 4, 8, 0)
