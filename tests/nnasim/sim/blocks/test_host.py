"""A crossing costs what the preset says; a float operation its elements, or its arithmetic, or its weights' bytes."""

import pytest
import simpy

from nnasim.hardware import load_preset
from nnasim.ir.program import HandoffCommand, HostCommand
from nnasim.sim.blocks.host import Host
from nnasim.sim.probe import Probe


def cycles(command: HostCommand | HandoffCommand, *overrides: str) -> int:
    chip = load_preset("edge256", list(overrides))
    return Host(simpy.Environment(), Probe(), chip.host, chip.clock_hz).cycles(command)


@pytest.mark.parametrize(("handoff_us", "expected"), [("50", 25_000), ("0", 0), ("0.001", 1), ("172", 86_000)])
def test_a_crossing_takes_its_microseconds_in_cycles_rounded_up(handoff_us: str, expected: int) -> None:
    assert cycles(HandoffCommand(0, "cpu"), f"host.handoff_us={handoff_us}") == expected


def test_1024_sigmoids_at_4_ns_take_4096_ns() -> None:
    assert cycles(HostCommand(0, "sigmoid", 1024, 0, 0)) == 2048


def test_a_matmul_takes_two_operations_per_mac() -> None:
    assert cycles(HostCommand(0, "matmul", 0, 4_000_000, 0)) == 500_000  # 8 MFLOP at 8 GFLOP/s: 1 ms


def test_a_matmul_is_not_faster_than_its_weights_arrive() -> None:
    assert cycles(HostCommand(0, "matmul", 0, 4, 3_750_000)) == 500_000  # 3.75 MB at 3.75 GB/s: 1 ms
