"""A port serves one request after another; with one port the DMA and compute share it."""

from collections.abc import Iterator
from fractions import Fraction

import simpy

from nnasim.sim.blocks.sram import Sram
from nnasim.sim.probe import Probe


def sram(ports: int) -> Sram:
    return Sram(simpy.Environment(), Probe(), Fraction(16), ports, 2)


def test_requests_on_one_port_queue() -> None:
    memory = sram(1)
    assert [memory.access(Sram.COMPUTE, 0, 64), memory.write(0, 64), memory.access(Sram.COMPUTE, 0, 8)] == [4, 8, 9]


def test_with_two_ports_the_dma_has_its_own() -> None:
    two = sram(2)
    assert [two.access(Sram.COMPUTE, 0, 64), two.write(0, 64), two.access(Sram.COMPUTE, 0, 8)] == [4, 4, 5]


def test_buffers_are_taken_in_the_order_in_which_they_became_free() -> None:
    memory, log = sram(1), []

    def taker() -> Iterator[simpy.Event]:
        for _ in range(3):
            taken = yield from memory.take_buffer()
            log.append((int(memory.env.now), *taken))

    def giver() -> Iterator[simpy.Event]:
        yield memory.env.timeout(7)
        memory.give_back(1)

    memory.env.process(taker())
    memory.env.process(giver())
    memory.env.run()
    assert log == [(0, 0, 0), (0, 1, 0), (7, 1, 7)]
