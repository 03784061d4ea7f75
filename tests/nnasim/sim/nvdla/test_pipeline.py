"""NVDLA's pipeline: closed forms where they are known, and laws that hold for arrays nobody has measured."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.errors import SimulationError
from nnasim.sim.nvdla.layer import Design, Layer, Memory
from nnasim.sim.nvdla.pipeline import MEASURED, run_layer

NV_SMALL = Design(atomic_c=8, atomic_k=8, bus_bytes=8, outputs_per_cycle=1, buffer_bytes=131072)
NV_SMALL_256 = replace(NV_SMALL, atomic_c=32)
MEDIUM = Design(atomic_c=32, atomic_k=16, bus_bytes=16, outputs_per_cycle=4, buffer_bytes=524288)
LARGE = Design(atomic_c=64, atomic_k=32, bus_bytes=32, outputs_per_cycle=16, buffer_bytes=524288)
MEMORY = Memory(read_latency=32, cycles_per_read_beat=1.0, max_outstanding_reads=100000, write_latency=8)

designs = st.sampled_from([NV_SMALL, NV_SMALL_256, MEDIUM, LARGE])
rates = st.sampled_from([1.0, 1.5, 2.0, 4.0])
memories = st.builds(Memory, st.integers(0, 512), rates, st.integers(4, 1000), st.integers(0, 100))
layers = st.builds(Layer, designs, st.integers(1, 70), st.integers(1, 200), st.integers(1, 100), st.booleans())


# The dearest properties run on fewer examples: a layer is some thousand events.
few = settings(max_examples=25, deadline=None)


def cycles(layer: Layer, memory: Memory = MEMORY) -> int:
    return run_layer(layer, memory).total


@few
@given(
    design=st.sampled_from([NV_SMALL, NV_SMALL_256]),
    k=st.integers(4, 40).map(lambda blocks: 8 * blocks),
    n=st.integers(1, 12).map(lambda groups: 8 * groups),
    latency=st.integers(0, 192),
    rate=rates,
)
def test_a_gemv_from_memory_takes_what_the_measured_law_says(design, k, n, latency, rate):
    if design is NV_SMALL_256 and k % 32:
        k += 32 - k % 32
    weights = -(-n * k // 128) * 128 // 8
    law = 116 + latency + 8 + rate * (weights + k // 8 - 1) + -(-k // design.atomic_c) * 8
    memory = replace(MEMORY, read_latency=latency, cycles_per_read_beat=rate)
    assert abs(cycles(Layer(design, 1, k, n), memory) - law) <= 1.5


@few
@given(k=st.integers(8, 60).map(lambda blocks: 8 * blocks), n=st.integers(2, 12).map(lambda groups: 8 * groups))
def test_a_gemv_with_resident_weights_takes_what_the_measured_law_says(k, n):
    assert abs(cycles(Layer(NV_SMALL, 1, k, n, resident=True)) - (163 + k / 4 + n // 8 * k // 8 * 8)) <= 2


def test_one_row_more_is_faster_because_credits_return_earlier():
    assert cycles(Layer(NV_SMALL, 16, 8, 128)) == 3070
    assert cycles(Layer(NV_SMALL, 17, 8, 128)) == 2646


def test_a_wider_entry_gives_the_accumulator_twice_the_places():
    assert NV_SMALL.accumulator_rows == 16
    assert NV_SMALL_256.accumulator_rows == 32
    assert cycles(Layer(NV_SMALL_256, 16, 8, 128)) == 2500


def test_the_first_mac_waits_for_every_activation():
    assert run_layer(Layer(NV_SMALL, 16, 128, 64), MEMORY).first_mac == 632
    assert abs(run_layer(Layer(NV_SMALL_256, 64, 64, 64), MEMORY).first_mac - 1143) <= 2


@few
@given(layer=layers, memory=memories)
def test_never_below_the_roofline(layer, memory):
    beats = max(memory.cycles_per_read_beat * (layer.read_beats - 1), layer.write_beats)
    assert cycles(layer, memory) >= max(beats, layer.compute_cycles)


@few
@given(layer=layers, memory=memories)
def test_the_same_run_twice_is_the_same_run(layer, memory):
    assert run_layer(layer, memory) == run_layer(layer, memory)


@few
@given(layer=layers, memory=memories, more=st.integers(1, 200))
def test_latency_delays_a_layer_and_a_write_s_by_exactly_that(layer, memory, more):
    before = cycles(layer, memory)
    assert cycles(layer, replace(memory, write_latency=memory.write_latency + more)) == before + more
    assert cycles(layer, replace(memory, read_latency=memory.read_latency + more)) >= before


@few
@given(layer=layers, memory=memories)
def test_slower_memory_never_helps_beyond_a_few_turns_on_the_bus(layer, memory):
    slower = replace(memory, cycles_per_read_beat=2 * memory.cycles_per_read_beat)
    assert cycles(layer, slower) >= cycles(layer, memory) - 8


@few
@given(layer=layers, memory=memories)
def test_a_faster_output_stage_never_hurts(layer, memory):
    faster = replace(layer.design, outputs_per_cycle=layer.design.atomic_k)
    assert cycles(replace(layer, design=faster), memory) <= cycles(layer, memory)


@few
@given(layer=layers, memory=memories)
def test_a_larger_buffer_hurts_no_more_than_weights_can_delay_the_activations(layer, memory):
    in_flight = (memory.read_latency + 3) / min(256, memory.max_outstanding_reads)
    turn = max(memory.cycles_per_read_beat, in_flight, 1.0) + 1
    larger = replace(layer.design, buffer_bytes=4 * layer.design.buffer_bytes)
    assert cycles(replace(layer, design=larger), memory) <= cycles(layer, memory) + turn * layer.activation_beats


def test_weights_beyond_the_buffer_are_fetched_as_kernel_groups_free_their_room():
    small = Layer(replace(NV_SMALL, buffer_bytes=7168), 16, 256, 512)
    one_group = small.design.atomic_k * small.k // 8
    assert one_group <= small.weight_room_beats < 2 * one_group
    stalls = cycles(small) - cycles(replace(small, design=NV_SMALL))
    seen = one_group - (small.weight_room_beats - one_group) + MEMORY.read_latency  # per group, nothing hides it
    groups = len(small.kernel_groups)
    assert groups * seen <= stalls <= groups * (seen + MEASURED.weights_to_usable)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (Layer(NV_SMALL, 20000, 8, 8), "buffer_bytes"),
        (Layer(NV_SMALL, 1, 32768, 8), "buffer_bytes"),
        (Layer(replace(NV_SMALL, outputs_per_cycle=9), 1, 8, 8), "outputs_per_cycle"),
    ],
)
def test_a_layer_that_the_hardware_cannot_hold_is_refused(layer, named):
    with pytest.raises(SimulationError, match=named):
        run_layer(layer, MEMORY)


@few
@given(m=st.integers(1, 128), k=st.integers(1, 256), n=st.integers(1, 256))
def test_an_unmeasured_array_lies_between_its_roofline_and_the_smallest_one(m, k, n):
    for design in (MEDIUM, LARGE):
        layer = Layer(design, m, k, n)
        assert layer.compute_cycles <= cycles(layer) <= 1.1 * cycles(Layer(NV_SMALL, m, k, n)) + 60
