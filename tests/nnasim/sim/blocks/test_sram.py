"""A port serves one request after another; with one port the DMA and compute share it."""

from fractions import Fraction

import simpy

from nnasim.sim.blocks.sram import Sram
from nnasim.sim.probe import Probe


def sram(ports: int) -> Sram:
    return Sram(simpy.Environment(), Probe(), Fraction(16), ports, 2)


def test_requests_on_one_port_queue() -> None:
    one = sram(1)
    assert [one.access(Sram.COMPUTE, 0, 64), one.write(0, 64), one.access(Sram.COMPUTE, 0, 8)] == [4, 8, 9]


def test_with_two_ports_the_dma_has_its_own() -> None:
    two = sram(2)
    assert [two.access(Sram.COMPUTE, 0, 64), two.write(0, 64), two.access(Sram.COMPUTE, 0, 8)] == [4, 4, 5]


def test_there_are_as_many_buffers_as_were_asked_for() -> None:
    assert list(sram(1).free_buffers.items) == [0, 1]
