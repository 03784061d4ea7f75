"""One invocation's records become sums that add and repeat."""

from dataclasses import replace

from nnasim.analysis.tally import Tally, tally
from nnasim.ir.program import HandoffCommand, HostCommand, MatmulCommand, OpInfo, Program
from nnasim.ir.run import ProgramRun, Record

MATMUL = OpInfo("encoder", "mm", "matmul", "matmul", "enc0", "nna", "mac_array")
GATES = OpInfo("encoder", "gates", "add", "element_wise", "enc0", "cpu", "host")
CROSS = OpInfo("encoder", "handoff.to_cpu", "handoff", "handoff", "handoff", "cpu", "host")

RUN = ProgramRun(
    Program(
        "encoder", (MATMUL, CROSS, GATES),
        (MatmulCommand(0, 1, 4, 16, 0, 8, 8, None, True, True, 64), HandoffCommand(1, "cpu"),
         HostCommand(2, "add", 4, 0, 0)),
        (), 2, (), (),
    ),
    cycles=30,
    recorded=(
        Record("dma", 0, 0, 0, 6, 64),
        Record("dma", 1, 0, 4, 8, 64),
        Record("dma", 0, 0, 6, 9, 0, "no free weight buffer"),
        Record("dram", 0, 0, 0, 8, 128),
        Record("mac_array", 0, 0, 0, 6, 0, "weights not there yet"),
        Record("mac_array", 0, 0, 6, 10),
        Record("host", 0, 1, 10, 20),
        Record("host", 0, 2, 20, 30),
    ),
)  # fmt: skip


def test_a_block_is_busy_while_any_of_its_parts_works_and_stalls_while_one_waits_and_none_works() -> None:
    sums = tally(RUN)
    assert (sums.busy["dma"], sums.stall["dma"]) == (8, 1)
    assert (sums.busy["mac_array"], sums.stall["mac_array"]) == (4, 6)


def test_the_nna_worked_while_any_of_its_blocks_did() -> None:
    assert tally(RUN).nna_cycles == 10


def test_what_dma_loads_ahead_during_a_crossing_is_no_work_of_the_nna() -> None:
    ahead = (*RUN.records, Record("dma", 1, 0, 12, 18, 64), Record("dma", 1, 0, 25, 29, 64))
    sums = tally(replace(RUN, recorded=ahead))
    assert (sums.nna_cycles, sums.busy["dma"]) == (10, 18)


def test_an_operation_is_charged_what_its_own_block_spent_and_the_bytes_from_dram() -> None:
    op = tally(RUN).ops["encoder", "mm"]
    assert (op.count, op.cycles, op.stall_cycles, op.bytes, op.macs) == (1, 4, 6, 128, 64)


def test_a_16_bit_input_costs_two_8_bit_multiplications_and_a_4_bit_weight_one() -> None:
    def mac_int8(weight_bits: int, input_bits: int) -> int:
        command = MatmulCommand(0, 1, 4, 16, 0, weight_bits, input_bits, None, True, True, 64)
        return tally(replace(RUN, program=replace(RUN.program, commands=(command,)))).actions["mac_int8"]

    assert mac_int8(8, 8) == 64
    assert mac_int8(8, 16) == 128
    assert mac_int8(4, 8) == 64
    assert mac_int8(4, 16) == 128


def test_crossings_and_cpu_work_are_counted_apart() -> None:
    actions = tally(RUN).actions
    assert (actions["handoffs"], actions["handoff_cycles"], actions["cpu_cycles"]) == (1, 10, 10)


def test_a_tally_added_three_times_is_three_times_the_tally() -> None:
    total = Tally()
    total.add(tally(RUN), 3)
    assert total.cycles == 90
    assert total.busy["mac_array"] == 12
    assert total.ops["encoder", "mm"].bytes == 3 * 128
    assert total.actions["macs"] == 3 * 64
