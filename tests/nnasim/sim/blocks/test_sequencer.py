"""A host that writes registers before each product and each pass, with one group of registers and with two."""

import pytest

from nnasim.sim.run import run_program

PASS = 100  # cycles of a pass of 100 look-ups at one a cycle
WRITES = {"register_writes_per_pass": 10, "register_write_cycles": 2.25, "interrupt_cycles": 7.2}
HOST = 30  # 7.2 + 10 x 2.25, rounded up


@pytest.fixture
def cycles(chip, make):
    def run(passes: int = 3, **sequencer: float) -> int:
        return run_program(make.program([make.element(100)] * passes, []), chip(sequencer=sequencer)).cycles

    return run


def test_with_one_group_each_pass_waits_for_its_registers(cycles) -> None:
    assert cycles(3) == 3 * PASS
    assert cycles(3, **WRITES) == 3 * (HOST + PASS)


def test_with_two_groups_registers_are_written_while_a_pass_runs(cycles) -> None:
    start = 3  # one write, rounded up
    assert cycles(3, **WRITES, register_groups=2) == HOST + 3 * PASS + 2 * start


def test_a_host_slower_than_the_passes_is_what_they_wait_for(cycles) -> None:
    slow = {**WRITES, "register_write_cycles": 30}
    assert cycles(5, **slow, register_groups=2) == 5 * 308 + PASS
    assert cycles(5, **slow) == 5 * (308 + PASS)


def test_tiles_after_the_first_of_a_product_need_no_registers(chip, make) -> None:
    config = chip(sequencer={"register_writes_per_product": 20, "register_write_cycles": 1})
    tiles = [make.tile(None, first=True), make.tile(None), make.tile(None)]
    assert run_program(make.program(tiles, []), config).cycles == 20 + 3 * 4
