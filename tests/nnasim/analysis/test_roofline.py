"""The bound counts everything that takes time on any chip: bytes of both readers, hand-offs, each unit at its peak."""

from nnasim.analysis.roofline import bound_cycles
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.program import Command, ElementCommand, HandoffCommand, HostCommand, MatmulCommand, Program, Transfer

OP = 0
TILE = MatmulCommand(OP, 1, 64, 256, 0, 8, 8, None, True, True, 0)


def bound(commands: list[Command], *transfers: int, chip: NnaConfig | None = None) -> int:
    moved = tuple(Transfer(OP, "w", 0, 1, size) for size in transfers)
    return bound_cycles(Program("encoder", (), tuple(commands), moved, 2, (), ()), chip or load_preset("edge256"))


def test_hand_offs_are_part_of_the_bound() -> None:
    crossings: list[Command] = [HandoffCommand(OP, "cpu"), HandoffCommand(OP, "nna")]
    assert bound(crossings) == 50_000  # 2 x 50 us at 500 MHz
    assert bound([*crossings, TILE]) == 50_000 + 64 * 256 // 8


def test_both_readers_bytes_pass_one_dram() -> None:
    """edge256 delivers 0.8 x 7.5 = 6 bytes a cycle, the first of the DMA's 500 cycles after it is asked for."""
    read = HostCommand(OP, "matmul", 0, 1, 600_000)
    assert bound([], 600_000) == 100_500
    assert bound([read]) == 100_000
    assert bound([read], 600_000) == 200_000


def test_bursts_in_flight_bound_the_dma() -> None:
    """64 bursts of 16 bytes over 500 cycles: 2.048 bytes a cycle."""
    chip = load_preset("edge256", ["dram.burst_bytes=16", "dma.outstanding_bursts=64"])
    assert bound([], 61_440, chip=chip) == 500 + 30_000


def test_each_unit_counts_at_its_peak() -> None:
    assert bound([TILE]) == 2048  # the decoder's 8 weights a cycle
    assert bound([ElementCommand(OP, "mul", 800, None, 0)]) == 300
    assert bound([HostCommand(OP, "sigmoid", 1000, 0, 0)]) == 2000
    assert bound([HostCommand(OP, "matmul", 0, 4_000_000, 0)]) == 500_000


def test_convolutions_products_of_computed_operands_and_new_kinds_of_element_count_too() -> None:
    depthwise = TILE._replace(m=100, n=64, k=9, taps=9, groups=64)
    assert bound([depthwise]) == max(100 * 64 * 9 // 256, 64 * 9 // 8)
    assert bound([depthwise._replace(rides="table")]) == 100 * 64  # the table takes an output a cycle
    flowing = TILE._replace(m=100, n=64, k=64, flowing=True)
    assert bound([flowing]) == 100 * 64 * 64 // 256  # and no weights to decode
    assert bound([ElementCommand(OP, "softmax", 800, None, 0)]) == 6400
    assert bound([HostCommand(OP, "conv", 0, 4_000_000, 0)]) == 1_000_000  # conv_ratio 0.5
    assert bound([HostCommand(OP, "host", 1000, 0, 0)]) == 2000
