"""Blocks wired together: what overlaps, what waits, what is refused."""

import pytest

from nnasim.errors import SimulationError
from nnasim.ir.program import HandoffCommand, HostCommand
from nnasim.sim.run import run_program


def starts(run, block: str, *, stalls: bool = False) -> list[tuple[int, int]]:
    return [(r.start, r.end) for r in run.records if r.block == block and r.is_stall == stalls]


def test_a_tile_computes_when_its_weights_have_arrived_and_the_next_ones_travel_meanwhile(chip, make) -> None:
    run = run_program(make.program([make.tile(0), make.tile(1), make.tile(2)], [64, 64, 64]), chip())
    assert starts(run, "dram") == [(0, 4), (4, 8), (8, 12)]
    assert starts(run, "mac_array") == [(4, 8), (8, 12), (12, 16)]
    assert run.cycles == 16


def test_the_mac_array_stalls_while_a_slow_dram_delivers(chip, make) -> None:
    run = run_program(make.program([make.tile(0), make.tile(1)], [64, 64]), chip(dram={"bytes_per_second": 8e9}))
    assert starts(run, "mac_array", stalls=True) == [(0, 8), (12, 16)]


def test_a_resident_tile_needs_no_transfer(chip, make) -> None:
    assert run_program(make.program([make.tile(None), make.tile(None)], []), chip()).cycles == 8


def test_the_fixed_cost_is_paid_once_a_pass(chip, make) -> None:
    config = chip(mac_array={"fixed_cycles_per_pass": 100})
    assert run_program(make.program([make.tile(None, first=True), make.tile(None)], []), config).cycles == 108


def test_an_activation_that_rides_behind_a_product_takes_its_outputs_at_its_own_rate(chip, make) -> None:
    config = chip(activation_unit={"tanh_cycles_per_element": 3})
    tile = make.tile(None, n=4, k=16)  # 64 MACs on 16 lanes
    assert run_program(make.program([tile._replace(rides="sigmoid")], []), config).cycles == 4
    assert run_program(make.program([tile._replace(rides="tanh")], []), config).cycles == 3 * 4


def test_transfers_go_on_while_the_cpu_works(chip, make) -> None:
    config = chip(host={"handoff_us": 1})
    run = run_program(make.program([HandoffCommand(0, "nna"), make.tile(0)], [64]), config)
    assert starts(run, "dram") == [(0, 4)]
    assert run.cycles == 1000 + 4


def test_a_cpu_that_reads_weights_while_the_dma_prefetches_shares_the_dram_with_it(chip, make) -> None:
    """Both want 160 bytes at 16 a cycle: together 20 cycles, alone 10."""
    read, config = HostCommand(0, "matmul", 0, 1, 160), chip()
    alone = run_program(make.program([read], []), config)
    both = run_program(make.program([read, make.tile(0, n=10)], [160]), config)
    assert (starts(alone, "host", stalls=True), starts(alone, "dram")) == ([(1, 10)], [(0, 10)])
    assert starts(both, "dram") == [(0, 20), (0, 20)]
    assert starts(both, "host", stalls=True) == [(1, 20)]
    assert (starts(both, "dma"), starts(both, "dma", stalls=True)) == ([(0, 10)], [(10, 20)])
    assert (alone.cycles, both.cycles) == (10, 20 + 10)


def test_bursts_in_flight_limit_a_chips_transfers(chip, make) -> None:
    """8 bursts of 16 bytes over 32 cycles are 4 bytes a cycle, of the DRAM's 16."""
    few = chip(dram={"read_latency_ns": 32, "burst_bytes": 16}, dma={"outstanding_bursts": 8})
    run = run_program(make.program([make.tile(0)], [64]), few)
    assert starts(run, "dma") == [(32, 48)]
    assert starts(run, "dram") == [(32, 36)]


def test_a_block_that_waits_for_another_is_stalled_and_says_for_whom(chip, make) -> None:
    slow_port = chip(sram={"bytes_per_cycle": 4, "ports": 2})
    run = run_program(make.program([make.tile(0)], [64]), slow_port)
    waits = {(r.block, r.reason, r.start, r.end) for r in run.records if r.is_stall}
    assert waits == {
        ("dma", "SRAM port", 4, 16), ("dram", "SRAM port", 4, 16),
        ("mac_array", "weights not there yet", 0, 16), ("mac_array", "SRAM port", 20, 32),
    }  # fmt: skip


def test_an_element_pass_takes_its_rate_and_its_fixed_cost(chip, make) -> None:
    config = chip(activation_unit={"fixed_cycles_per_pass": 7, "mul_cycles_per_element": 0.375})
    assert run_program(make.program([make.element(100, "mul")], []), config).cycles == 7 + 38


def test_an_sram_port_that_is_too_slow_slows_the_array(chip, make) -> None:
    assert run_program(make.program([make.tile(None)], []), chip(sram={"bytes_per_cycle": 8})).cycles == 8


def test_the_sequencer_takes_its_time_per_command(chip, make) -> None:
    config = chip(sequencer={"cycles_per_command": 5})
    assert run_program(make.program([make.tile(None), make.tile(None)], []), config).cycles == 18


def test_the_same_program_runs_event_for_event_the_same(chip, make) -> None:
    work = make.program([make.tile(i, n=3 + i) for i in range(6)], [48 + 16 * i for i in range(6)])
    assert run_program(work, chip()) == run_program(work, chip())


def test_every_byte_of_the_program_crosses_the_dram_bus_once(chip, make) -> None:
    work = make.program([make.tile(0), make.tile(1)], [64, 80])
    run = run_program(work, chip())
    assert sum(r.bytes for r in run.records if r.block == "dram") == work.dram_bytes == 144


def test_a_deadlock_names_who_waits_for_what(chip, make) -> None:
    """The third transfer is needed first, but both buffers hold the first two."""
    work = make.program([make.tile(2), make.tile(0), make.tile(1)], [64, 64, 64])
    with pytest.raises(
        SimulationError, match=r"deadlock: dma \d waits for a free weight buffer; mac_array 0 waits for weights"
    ):
        run_program(work, chip())


def test_the_watchdog_stops_a_run_that_takes_too_long(chip, make) -> None:
    with pytest.raises(SimulationError, match="watchdog: not done after 10 cycles"):
        run_program(make.program([make.tile(None, n=1000)], []), chip(), watchdog_cycles=10)


def test_a_command_for_a_block_that_the_chip_lacks_is_refused(chip, make) -> None:
    config = chip().with_({"activation_unit": None, "numerics.activation": "none"})
    with pytest.raises(SimulationError, match="has no activation unit for tanh"):
        run_program(make.program([make.element(4)], []), config)


def test_a_command_that_waits_for_a_transfer_that_is_not_there_is_refused(chip, make) -> None:
    with pytest.raises(SimulationError, match="waits for transfer 1, of 1"):
        run_program(make.program([make.tile(1)], [64]), chip())
