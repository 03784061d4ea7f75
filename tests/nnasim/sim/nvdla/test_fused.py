"""Products with work behind them: what hides behind the weight stream, and what does not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.sim.nvdla.layer import Design, Layer, Memory
from nnasim.sim.nvdla.output_path import PLAIN, Engine, OutputPath
from nnasim.sim.nvdla.pipeline import FULL_CONFIGURATION, run_layer

FULL = Design(atomic_c=32, atomic_k=8, bus_bytes=8, outputs_per_cycle=2, buffer_bytes=131072)
MEMORY = Memory(read_latency=32, cycles_per_read_beat=1, max_outstanding_reads=100000, write_latency=8)
BIAS = OutputPath(bs=Engine(add=True, operand_bytes=2))
SCALED = OutputPath(bs=Engine(add=True, multiply=True, operand_bytes=4))
PATHS = {
    "plain": PLAIN,
    "bias": BIAS,
    "bias_scale_layer": OutputPath(bs=Engine(add=True, multiply=True, operand_bytes=2)),
    "bias_scale_channel_lut": replace(SCALED, table=True),
    "bias_scale_channel_addmem": replace(SCALED, ew=Engine(add=True, operand_bytes=1)),
}

# nv_small_256_full under Verilator: variant, K, N, read latency, cycles a beat, and where the interrupt came.
MEASURED = [
    ("plain", 64, 64, 32, 1, 688), ("plain", 128, 512, 32, 1, 8392), ("plain", 64, 256, 32, 4, 8389),
    ("bias", 64, 64, 32, 1, 694), ("bias", 64, 256, 32, 1, 2278), ("bias", 128, 128, 32, 4, 8553),
    ("bias_scale_layer", 64, 512, 32, 1, 4391), ("bias_scale_layer", 128, 128, 128, 1, 2367),
    ("bias_scale_channel_lut", 256, 32, 32, 1, 1295), ("bias_scale_channel_lut", 64, 256, 32, 2, 4540),
    ("bias_scale_channel_addmem", 64, 128, 32, 1, 1277), ("bias_scale_channel_addmem", 128, 128, 1, 1, 2294),
    ("bias_scale_channel_addmem", 64, 256, 32, 4, 9026),
]  # fmt: skip

engines = st.builds(Engine, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 4))
paths = st.builds(OutputPath, engines, engines, engines, st.booleans())
few = settings(max_examples=25, deadline=None)


def cycles(k: int, n: int, path: OutputPath = PLAIN, memory: Memory = MEMORY, m: int = 1) -> int:
    return run_layer(Layer(FULL, m, k, n, path=path), memory, FULL_CONFIGURATION).total


@pytest.mark.parametrize(("variant", "k", "n", "latency", "rate", "total"), MEASURED)
def test_a_product_takes_the_cycles_of_the_register_transfer_design(variant, k, n, latency, rate, total) -> None:
    memory = replace(MEMORY, read_latency=latency, cycles_per_read_beat=rate)
    assert cycles(k, n, PATHS[variant], memory) == total


def test_operands_of_the_first_channels_come_before_the_weights_and_cost_no_beat() -> None:
    """16 beats of one stream, and 18 cycles of the bus: what comes later shares it with the weights."""
    assert cycles(64, 64, BIAS) - cycles(64, 64) == BIAS.latency
    assert cycles(64, 256, BIAS) - cycles(64, 256) == BIAS.latency + 64 - 16
    slow = replace(MEMORY, cycles_per_read_beat=4)
    assert cycles(64, 256, BIAS, slow) - cycles(64, 256, memory=slow) == BIAS.latency + 4 * 64 - 18


def test_what_takes_longer_than_the_weights_of_a_group_no_longer_hides() -> None:
    """A group of 8 kernels over 8 channels: 8 beats of weights, but 9 cycles of the table."""
    look_up = OutputPath(table=True)
    assert cycles(64, 512, look_up) - cycles(64, 512) == look_up.latency + 4
    assert cycles(8, 512, look_up) - cycles(8, 512) > look_up.latency + 4


def test_far_operands_hold_a_short_product_up() -> None:
    far = replace(MEMORY, read_latency=192)
    assert cycles(32, 1024, PATHS["bias_scale_channel_lut"], far) > 1.5 * cycles(32, 1024, memory=far)


@few
@given(k=st.integers(1, 200), n=st.integers(1, 100), m=st.integers(1, 20), path=paths, latency=st.integers(0, 300))
def test_work_behind_a_product_never_makes_it_faster(k, n, m, path, latency) -> None:
    memory = replace(MEMORY, read_latency=latency)
    assert cycles(k, n, path, memory, m) >= cycles(k, n, PLAIN, memory, m)


@few
@given(k=st.integers(8, 128), n=st.integers(8, 64), m=st.sampled_from([1, 3, 16]), path=paths)
def test_counting_requests_instead_of_beats_never_makes_it_slower(k, n, m, path) -> None:
    single, several = (replace(MEMORY, max_outstanding_reads=2, burst_beats=beats) for beats in (1, 4))
    assert cycles(k, n, path, several, m) <= cycles(k, n, path, single, m)


def test_one_request_of_four_beats_in_flight_is_not_one_beat_in_flight() -> None:
    single, several = (replace(MEMORY, max_outstanding_reads=1, burst_beats=beats) for beats in (1, 4))
    assert cycles(64, 256, memory=single) / cycles(64, 256, memory=several) == pytest.approx(3.6, abs=0.05)
