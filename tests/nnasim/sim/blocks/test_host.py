"""A crossing costs what the preset says; a float operation its elements, or its arithmetic, or its weights' bytes."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
import simpy

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset
from nnasim.hardware.drams.steady import SteadyDram
from nnasim.ir.program import HandoffCommand, HostCommand
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.host import Host
from nnasim.sim.blocks.other_load import OtherLoad
from nnasim.sim.probe import Probe


def cycles(command: HostCommand | HandoffCommand, *overrides: str) -> int:
    """Core cycles until ``command`` has ended, no one else at work; the DRAM delivers its peak, 7.5 bytes a cycle."""
    chip, env = load_preset("edge256", ["dram.efficiency=1", *overrides]), simpy.Environment()
    dram = Dram(env, Probe(), chip.dram_model)
    env.process(Host(env, Probe(), dram, chip.host, chip.clock_hz).run(command))
    env.run()
    return int(env.now)


@pytest.mark.parametrize(("handoff_us", "expected"), [("50", 25_000), ("0", 0), ("0.001", 1), ("172", 86_000)])
def test_a_crossing_takes_its_microseconds_in_cycles_rounded_up(handoff_us: str, expected: int) -> None:
    assert cycles(HandoffCommand(0, "cpu"), f"host.handoff_us={handoff_us}") == expected


def test_1024_sigmoids_at_4_ns_take_4096_ns() -> None:
    assert cycles(HostCommand(0, "sigmoid", 1024, 0, 0)) == 2048


def test_a_matmul_takes_two_operations_per_mac() -> None:
    assert cycles(HostCommand(0, "matmul", 0, 4_000_000, 0)) == 500_000  # 8 MFLOP at 8 GFLOP/s: 1 ms


def test_a_convolution_and_a_product_of_computed_operands_reach_their_part_of_that_rate() -> None:
    slow = "host.conv_ratio=0.25", "host.bmm_ratio=0.5"
    assert cycles(HostCommand(0, "conv", 0, 4_000_000, 0), *slow) == 2_000_000
    assert cycles(HostCommand(0, "bmm", 0, 4_000_000, 0), *slow) == 1_000_000
    assert cycles(HostCommand(0, "conv", 0, 4, 3_750_000), *slow) == 500_000  # its weights


def test_an_operator_that_only_the_cpu_has_costs_its_elements() -> None:
    assert cycles(HostCommand(0, "host", 1000, 0, 0), "host.host_ns_per_element=6") == 3000
    assert cycles(HostCommand(0, "host", 1000, 0, 0), "host.layer_norm_ns_per_element=2") == 1000


def test_a_matmul_is_not_faster_than_its_weights_arrive() -> None:
    assert cycles(HostCommand(0, "matmul", 0, 4, 3_750_000)) == 500_000  # 3.75 MB at 3.75 GB/s: 1 ms


def test_a_faster_or_slower_dram_feeds_the_cpu_faster_or_slower() -> None:
    read = HostCommand(0, "matmul", 0, 4, 3_750_000)
    assert [cycles(read, f"dram.bytes_per_second={rate}e9") for rate in (7.5, 3.75, 1)] == [250_000, 500_000, 1_875_000]


def test_a_limit_of_the_cpus_own_holds_where_the_dram_is_faster() -> None:
    read = HostCommand(0, "matmul", 0, 4, 3_750_000)
    assert cycles(read, "host.memory_bytes_per_second=1e9") == 1_875_000
    assert cycles(read, "host.memory_bytes_per_second=9e9") == 500_000


def waits(stream: int, seed: int = 0) -> list[int]:
    """Cycles at which ten crossings of 1 us end, while other work takes 40 % of the CPU."""
    load = ["host.handoff_us=1", "host.other_load_per_second=2000", "host.other_load_us=200"]
    load.append(f"host.other_load_seed={seed}")
    chip, env = load_preset("edge256", load), simpy.Environment()
    dram, other = Dram(env, Probe(), SteadyDram(Fraction(8), 0)), OtherLoad(env, chip.host, chip.clock_hz, stream)
    host = Host(env, Probe(), dram, chip.host, chip.clock_hz, load=other)

    def crossings() -> Iterator[simpy.Event]:
        for number in range(10):
            yield env.timeout(max(0, 500_000 * number - int(env.now)))
            yield from host.run(HandoffCommand(0, "cpu"))
            ends.append(int(env.now))

    ends: list[int] = []
    env.run(until=env.process(crossings()))
    return ends


def test_other_work_makes_crossings_wait_and_the_same_seed_repeats_it() -> None:
    ends = waits(0)
    alone = [500_000 * number + 500 for number in range(10)]
    assert all(end >= free for end, free in zip(ends, alone, strict=True))
    assert sum(ends) > sum(alone)
    assert waits(0) == ends


def test_streams_and_seeds_are_independent() -> None:
    assert len({tuple(waits(0)), tuple(waits(1)), tuple(waits(0, seed=1))}) == 3


def test_other_work_that_fills_the_cpu_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"host\.other_load_us = 500: other work would take 1 of the CPU"):
        load_preset("edge256", ["host.other_load_per_second=2000", "host.other_load_us=500"])
