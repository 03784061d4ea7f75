"""LSTM steps: operations, register writes and interrupts in a chain, as measured and by laws."""

from dataclasses import replace

import pytest

from nnasim.sim.nvdla.layer import Design, Memory
from nnasim.sim.nvdla.lstm import CHAINS, lstm_step
from nnasim.sim.nvdla.passes import Pass, run_pass
from nnasim.sim.nvdla.steps import Host, Operation, run_chain

FULL = Design(atomic_c=32, atomic_k=8, bus_bytes=8, outputs_per_cycle=2, buffer_bytes=131072)
MEMORY = Memory(read_latency=32, cycles_per_read_beat=1, max_outstanding_reads=100000, write_latency=8)
ONE = Host(cycles_per_write=2.24, cycles_per_interrupt=18)
AHEAD = replace(ONE, groups=2)
FREE = Host(cycles_per_write=0, cycles_per_interrupt=0)


def second_step(chain: str, units: int, memory: Memory = MEMORY, host: Host = ONE) -> float:
    operations = lstm_step(chain, FULL, units, units)
    ends = [timing.interrupt for timing in run_chain(operations * 2, memory, host)]
    return ends[-1] - ends[len(operations) - 1]


@pytest.mark.parametrize(
    ("chain", "host", "units", "latency", "rate", "measured"),
    [
        ("unfused10", ONE, 64, 32, 1, 7647), ("unfused10", AHEAD, 64, 32, 1, 6265),
        ("fused7", ONE, 64, 32, 1, 6679), ("fused7", AHEAD, 64, 32, 1, 5598),
        ("unfused10", AHEAD, 128, 32, 1, 19422), ("fused7", AHEAD, 128, 32, 1, 18210),
        ("unfused10", AHEAD, 64, 128, 1, 7104), ("fused7", ONE, 64, 128, 1, 7351),
        ("unfused10", ONE, 64, 32, 2, 11928), ("fused7", AHEAD, 64, 32, 2, 9893),
    ],
)  # fmt: skip
def test_a_step_takes_the_cycles_of_the_register_transfer_design(chain, host, units, latency, rate, measured) -> None:
    memory = replace(MEMORY, read_latency=latency, cycles_per_read_beat=rate)
    assert second_step(chain, units, memory, host) == pytest.approx(measured, rel=0.005)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("units", [32, 64, 96])
def test_writing_ahead_is_never_slower_and_fusing_neither(chain, units) -> None:
    assert second_step(chain, units, host=AHEAD) <= second_step(chain, units, host=ONE)
    assert second_step("fused7", units, host=AHEAD) <= second_step("unfused10", units, host=AHEAD)


@pytest.mark.parametrize("host", [ONE, AHEAD, FREE])
@pytest.mark.parametrize("chain", CHAINS)
def test_no_operation_begins_before_what_it_needs_has_ended(chain, host) -> None:
    operations = lstm_step(chain, FULL, 64, 64) * 2
    timings = run_chain(operations, MEMORY, host)
    for index, operation in enumerate(operations):
        for back in operation.needs:
            if back <= index:
                assert timings[index].enabled >= timings[index - back].interrupt


def test_with_one_group_a_step_is_its_operations_and_the_hosts_part_between_them() -> None:
    operations = lstm_step("fused7", FULL, 64, 64)
    timings = run_chain(operations * 2, MEMORY, ONE)
    switches = 2  # from the table of tanh to that of the sigmoid, and back
    writes = sum(operation.registers + operation.enables for operation in operations) + switches
    host = len(operations) * 18 + 2.24 * writes
    alone = sum(timing.cycles for timing in timings[len(operations) :])
    assert second_step("fused7", 64) == pytest.approx(alone + host)


def test_a_host_that_takes_no_time_leaves_the_operations_alone() -> None:
    work = Pass(FULL, 64)
    copies = [Operation(name="copy", work=work, needs=(1,), registers=34, enables=2)] * 3
    alone = run_pass(work, MEMORY).total
    assert [timing.interrupt for timing in run_chain(copies, MEMORY, FREE)] == [alone, 2 * alone, 3 * alone]


def test_operations_that_need_nothing_of_each_other_overlap_where_registers_are_written_ahead() -> None:
    copies = [Operation(name="copy", work=Pass(FULL, 2048), needs=(), registers=34, enables=2)] * 4
    one, ahead = (run_chain(copies, MEMORY, host)[-1].interrupt for host in (ONE, AHEAD))
    assert 4 * 2048 / 2 < ahead < one


def test_another_table_waits_for_the_operation_before() -> None:
    def look_up(name: str) -> Operation:
        return Operation(name=name, work=Pass(FULL, 512), needs=(), registers=35, enables=2, table=name)

    same = run_chain([look_up("tanh"), look_up("tanh")], MEMORY, AHEAD)
    other = run_chain([look_up("tanh"), look_up("sigmoid")], MEMORY, AHEAD)
    assert same[1].enabled < same[0].interrupt < other[1].enabled
