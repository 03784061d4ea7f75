"""Passes of the output stage: what every constant was read off, and laws for operations that nobody has measured."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.sim.nvdla.layer import Design, Memory
from nnasim.sim.nvdla.operands import BURSTS_IN_FLIGHT, RETIRE
from nnasim.sim.nvdla.output_path import PLAIN, TABLE, X_ADD, X_MULTIPLY, Engine, OutputPath
from nnasim.sim.nvdla.passes import FIRST_REQUEST, PLAIN_LATENCY, Pass, run_pass
from nnasim.sim.nvdla.pipeline import WRITE_RESPONSE

FULL = Design(atomic_c=32, atomic_k=8, bus_bytes=8, outputs_per_cycle=2, buffer_bytes=131072)
MEMORY = Memory(read_latency=32, cycles_per_read_beat=1, max_outstanding_reads=100000, write_latency=8)

ADD, MULTIPLY = Engine(add=True, operand_bytes=1), Engine(multiply=True, operand_bytes=1)
LOOK_UP = OutputPath(table=True)
PATHS = {
    "copy": PLAIN,
    "lut": LOOK_UP,
    "add_ew": OutputPath(ew=ADD),
    "add_bs": OutputPath(bs=ADD),
    "mul_bs": OutputPath(bs=MULTIPLY),
    "mul_bs_add_bn": OutputPath(bs=MULTIPLY, bn=ADD),
}

# nv_small_256_full under Verilator: op, values, read latency, cycles a beat, and where the interrupt came.
MEASURED = [
    ("copy", 32, 32, 1, 118), ("copy", 2048, 32, 1, 1126), ("copy", 2048, 128, 1, 2437), ("copy", 512, 32, 4, 367),
    ("lut", 32, 32, 1, 146), ("lut", 2048, 32, 1, 2162), ("lut", 512, 128, 1, 773), ("lut", 512, 32, 4, 635),
    ("add_ew", 32, 32, 1, 141), ("add_ew", 2048, 32, 1, 2157), ("add_ew", 512, 128, 1, 768),
    ("add_ew", 512, 32, 4, 642),
    ("add_bs", 32, 32, 1, 126), ("add_bs", 512, 128, 1, 705), ("add_bs", 512, 32, 4, 627),
    ("mul_bs", 32, 32, 1, 125), ("mul_bs", 2048, 128, 1, 2444), ("mul_bs", 2048, 32, 4, 2162),
    ("mul_bs_add_bn", 64, 32, 1, 147), ("mul_bs_add_bn", 2048, 128, 1, 2450), ("mul_bs_add_bn", 2048, 32, 4, 3187),
]  # fmt: skip

engines = st.builds(Engine, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 4))
paths = st.builds(OutputPath, engines, engines, engines, st.booleans())
memories = st.builds(Memory, st.integers(0, 600), st.sampled_from([1.0, 1.5, 2.0, 4.0]), st.integers(1, 300),
                     st.integers(0, 100), st.sampled_from([1, 2, 4, 8]))  # fmt: skip
values = st.integers(1, 700)
few = settings(max_examples=60, deadline=None)


def cycles(count: int, path: OutputPath = PLAIN, memory: Memory = MEMORY) -> int:
    return run_pass(Pass(FULL, count, path), memory).total


@pytest.mark.parametrize(("name", "count", "latency", "rate", "total"), MEASURED)
def test_a_pass_takes_the_cycles_of_the_register_transfer_design(name, count, latency, rate, total) -> None:
    assert cycles(count, PATHS[name], replace(MEMORY, read_latency=latency, cycles_per_read_beat=rate)) == total


def test_each_constant_is_a_difference_of_two_columns_of_the_shortest_passes() -> None:
    """Copy of 32 values, latency 32: first request 20, last data 55, first write 96, last write 99, interrupt 118."""
    assert FIRST_REQUEST == 20
    assert PLAIN_LATENCY == 96 - 55 - 32 // 2  # its values take 16 cycles
    assert WRITE_RESPONSE == 118 - 99 - 8  # write latency 8
    assert TABLE == (124 - 96) - 32 // 2  # a look-up a cycle instead of two values
    assert X_ADD - X_MULTIPLY == 126 - 125
    assert BURSTS_IN_FLIGHT == 4
    assert 128 + 3 + RETIRE == (697 - 262) // 3  # at latency 128, 16 and 4 bursts: three rounds of four


def test_a_long_pass_is_bound_by_its_engine_its_beats_or_the_round_trip_of_four_bursts() -> None:
    def per_burst(path: OutputPath, memory: Memory) -> float:
        return (cycles(32 * 120, path, memory) - cycles(32 * 40, path, memory)) / 80

    slow = replace(MEMORY, cycles_per_read_beat=4)
    assert per_burst(PLAIN, MEMORY) == 16
    assert per_burst(LOOK_UP, MEMORY) == 32
    assert per_burst(PATHS["mul_bs_add_bn"], slow) == 3 * 4 * 4
    assert per_burst(PLAIN, replace(MEMORY, read_latency=256)) == (256 + 3 + RETIRE) / BURSTS_IN_FLIGHT


def test_requests_in_flight_are_counted_by_the_burst_where_the_memory_does() -> None:
    beat, burst = (replace(MEMORY, max_outstanding_reads=1, burst_beats=beats) for beats in (1, 4))
    assert cycles(2048, memory=beat) - cycles(1024, memory=beat) == 128 * (32 + 1)
    assert cycles(2048, memory=burst) - cycles(1024, memory=burst) == 32 * (32 + 4)


@few
@given(count=values, path=paths, memory=memories)
def test_never_below_the_roofline(count, path, memory) -> None:
    work = Pass(FULL, count, path)
    beats = memory.cycles_per_read_beat * (work.read_beats - 1)
    assert run_pass(work, memory).total >= max(beats, count / path.values_per_cycle(2), work.write_beats)


@few
@given(count=values, path=paths, memory=memories)
def test_more_values_latency_or_beats_never_make_a_pass_faster(count, path, memory) -> None:
    counts = [cycles(count + more, path, memory) for more in (0, 8, 32, 200)]
    latencies = [cycles(count, path, replace(memory, read_latency=memory.read_latency + more)) for more in (0, 1, 90)]
    rates = [cycles(count, path, replace(memory, cycles_per_read_beat=rate)) for rate in (1, 2, 4)]
    for later in (counts, latencies, rates):
        assert all(first <= second for first, second in pairwise(later))


@few
@given(count=values, path=paths)
def test_a_request_of_many_beats_is_never_slower_than_one_of_each(count, path) -> None:
    single, several = (replace(MEMORY, max_outstanding_reads=2, burst_beats=beats) for beats in (1, 4))
    assert cycles(count, path, several) <= cycles(count, path, single)


@few
@given(count=values, path=st.sampled_from(list(PATHS.values())), busy=st.integers(0, 500))
def test_engines_that_are_busy_delay_a_measured_pass_and_by_no_more_than_that_and_a_round_trip(
    count, path, busy
) -> None:
    free, later, round_trip = _behind(count, path, busy)
    assert free <= later <= free + busy + round_trip


@few
@given(count=values, path=paths, busy=st.integers(0, 500))
def test_streams_of_several_operands_may_change_turns_behind_busy_engines_for_a_round_trip(count, path, busy) -> None:
    """One of them then waits a round trip longer, or less: up to 22 cycles were seen, on no pass that was measured."""
    free, later, round_trip = _behind(count, path, busy)
    assert free - round_trip <= later <= free + busy + round_trip


def _behind(count: int, path: OutputPath, busy: int) -> tuple[int, int, int]:
    """(cycles of a pass, cycles behind engines that are busy for so many, a round trip of the memory)."""
    work = Pass(FULL, count, path)
    return run_pass(work, MEMORY).total, run_pass(work, MEMORY, busy).total, MEMORY.read_latency + 3 + RETIRE
