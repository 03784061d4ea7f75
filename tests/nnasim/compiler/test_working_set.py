"""What does not fit the SRAM is said with its largest tensors, and with the size that would do."""

import re

import pytest

from nnasim.errors import PlacementError
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from tests.nnasim.ir.foreign_traces import TraceBuilder


def large_state() -> OpTrace:
    """A cache of half a megabyte that a call shifts, and reads."""
    build = TraceBuilder()
    build.op("arrival", "quantise", [build.tensor("x", 1, 1024, bits=32, role="input")], build.tensor("new", 1, 1024))
    build.op("shift", "concat", ["new"], build.tensor("cache", 512, 1024, role="state"), axis=0, shift=True)
    build.op("piece", "slice", ["cache"], build.tensor("y", 1, 1024, role="output"), axis=0, start=0)
    return build.trace()


def test_a_state_beyond_the_sram_is_named_with_its_bytes_and_the_size_that_does() -> None:
    with pytest.raises(PlacementError) as refused:
        simulate(large_state(), load_preset("edge256"))
    message = str(refused.value)
    assert "\n" not in message
    assert "edge256: sram.bytes = 393216" in message
    assert re.search(r"what lasts takes \d+ bytes \(state cache 524288\)", message)
    assert re.search(r"a call of step takes \d+ bytes \(activation new 1024\)", message)
    least = int(re.search(r"sram.bytes must be at least (\d+)", message)[1])  # type: ignore[index]
    assert simulate(large_state(), load_preset("edge256", [f"sram.bytes={least}", "sram.banks=1"])).totals.cycles
    with pytest.raises(PlacementError, match="state cache"):
        simulate(large_state(), load_preset("edge256", [f"sram.bytes={least - 16}", "sram.banks=1"]))
