"""Finding the latencies again: a design with other latencies is found to have them."""

from dataclasses import replace

from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Design, Layer, Memory
from nnasim.sim.nvdla.pipeline import run_layer
from workloads.validation.refit import START, errors, fit

DESIGN = Design(atomic_c=8, atomic_k=8, bus_bytes=8, outputs_per_cycle=1, buffer_bytes=131072)
MEMORY = Memory(read_latency=32, cycles_per_read_beat=1.0, max_outstanding_reads=1000, write_latency=8)
SHAPES = ((1, 8, 8), (2, 16, 8))


def test_the_search_moves_towards_the_design_it_saw():
    design = replace(Latencies(), write_pipeline=40)
    layers = [Layer(DESIGN, *shape) for shape in SHAPES]
    seen = [(layer, MEMORY, run_layer(layer, MEMORY, design).total) for layer in layers]
    assert min(errors(seen, START)) > 5
    assert max(errors(seen, fit(seen))) < 0.5
