"""Random models on random chips: the chip shows the reference's integers, in a possible time, with all of the work."""

import pytest

from nnasim.compiler import CompiledTrace
from nnasim.compiler.addresses import address_map
from nnasim.errors import PlacementError
from nnasim.functional.cosimulate import cosimulate
from nnasim.functional.stored import random_features
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.io import parse_record
from nnasim.ir.shapes import macs_of
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.random_traces import random_trace

CHIPS = {
    "as it is": [],
    "chunks": ["compiler.chunk_frames=3"],
    "tight": ["sram.bytes=8192", "sram.banks=1", "sram.weight_tile_bytes=64"],
    "streaming chunks": ["sram.resident_weights=[]", "compiler.chunk_frames=2", "mac_array.kind=dot_product"],
}


def macs(trace: OpTrace) -> int:
    """Multiply-accumulates of every call, from shapes alone."""
    of = {name: sum(macs_of(op, trace.tensors) for op in graph.ops) for name, graph in trace.graphs.items()}
    return sum(of[graph] for utterance in trace.utterances for graph in utterance.call_graphs)


def chip_for(trace: OpTrace, overrides: list[str]) -> NnaConfig:
    """The chip, or one of more SRAM where that is too small."""
    chip = load_preset("edge256", overrides)
    try:
        CompiledTrace(trace, chip)
    except PlacementError:
        return load_preset("edge256", [change for change in overrides if not change.startswith("sram.bytes")])
    return chip


@pytest.mark.parametrize("chip_name", CHIPS)
@pytest.mark.parametrize("seed", range(8))
def test_the_chip_computes_what_the_reference_does(seed: int, chip_name: str) -> None:
    trace = with_outputs(random_trace(seed))
    assert parse_record(OpTrace, trace.model_dump(mode="json"), "trace") == trace
    chip = chip_for(trace, CHIPS[chip_name])
    address_map(CompiledTrace(trace, chip))
    report = cosimulate(trace, chip, constants_of(trace), random_features(trace))
    assert report.values + report.states > 0
    assert (report.mismatches, report.different) == (0, {})
    result = simulate(trace, chip)
    assert result == simulate(trace, chip, SimOptions(replay=False))
    assert result.totals.macs == macs(trace)
    assert 0 < result.bound_cycles <= result.totals.cycles
