"""A weight that several operations read is stored once, with the bias of those that the chip runs."""

import pytest

from nnasim.compiler import CompiledTrace
from nnasim.functional.cosimulate import cosimulate
from nnasim.functional.stored import random_features
from nnasim.hardware import load_preset
from tests.nnasim.functional.foreign import constants_of
from tests.nnasim.ir.foreign_traces import TraceBuilder


@pytest.mark.parametrize("on_cpu", ["with", "without", "y/requantise"])
@pytest.mark.parametrize("stays", [True, False])
def test_one_operation_adds_a_bias_and_another_does_not(on_cpu: str, stays: bool) -> None:
    build = TraceBuilder()
    x = build.quantised("x", 3, 8)
    build.matmul("with", x, 4, out="y", role="output")
    build.op("without", "matmul", [x, "with.w"], build.tensor("acc", 3, 4, bits=32))
    build.requantised("acc", "z", role="output")
    trace = build.trace().model_copy(update={"op_placement": {on_cpu: "cpu"}})
    chip = load_preset("edge256", [] if stays else ["sram.resident_weights=[]"])
    use = CompiledTrace(trace, chip).uses["with.w"]
    assert (use.bias, use.row_bytes) == ((None, 8) if on_cpu == "with" else ("with.b", 12))
    report = cosimulate(trace, chip, constants_of(trace), random_features(trace))
    assert (report.values, report.mismatches) == (3 * 2 * 3 * 4, 0)
