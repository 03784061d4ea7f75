"""Transfers arrive in order, at the rate of the slower memory, as far ahead as there are buffers."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
import simpy

from nnasim.hardware.drams.steady import SteadyDram
from nnasim.ir.program import Transfer
from nnasim.sim.blocks.dma import Dma
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.probe import Probe


def arrivals(
    sizes: list[int], *, rate: int | Fraction = 16, latency: int = 0, channels: int = 1, buffers: int = 8,
    sram_rate: int = 1024, hold: int | None = None, own: int | Fraction | None = None, probe: Probe | None = None,
) -> list[int]:  # fmt: skip
    """Cycles at which transfers of ``sizes`` bytes arrive; a reader gives each buffer back after ``hold`` cycles."""
    env, probe, log = simpy.Environment(), probe or Probe(), list[int]()
    sram = Sram(env, probe, Fraction(sram_rate), 2, buffers)
    dram, own_rate = Dram(env, probe, SteadyDram(Fraction(rate), latency)), Fraction(own) if own else None
    dma = Dma(env, probe, dram, sram, channels, bytes_per_cycle=own_rate)

    def reader() -> Iterator[simpy.Event]:
        for event in dma.start([Transfer(0, "w", 0, 1, size) for size in sizes]):
            buffer = yield event
            log.append(int(env.now))
            if hold is not None:
                yield env.timeout(hold)
                sram.give_back(buffer)

    env.process(reader())
    env.run()
    return log


def test_three_64_byte_tiles_over_a_16_byte_port_arrive_at_4_8_12() -> None:
    assert arrivals([64, 64, 64]) == [4, 8, 12]


def test_one_channel_pays_the_latency_for_every_transfer() -> None:
    assert arrivals([64, 64, 64], latency=10) == [14, 28, 42]


def test_a_second_channel_hides_the_latency_behind_the_data() -> None:
    assert arrivals([64, 64, 64], latency=3, channels=2) == [7, 11, 15]


def test_a_fraction_of_a_byte_per_cycle_rounds_up_per_transfer() -> None:
    assert arrivals([64, 64], rate=Fraction(15, 2)) == [9, 18]


def test_a_slow_sram_port_holds_the_transfer() -> None:
    assert arrivals([64, 64], sram_rate=8) == [8, 16]


def test_with_two_buffers_the_third_transfer_waits_for_the_reader() -> None:
    assert arrivals([64, 64, 64, 64], buffers=2, hold=100) == [4, 104, 204, 304]


def test_with_one_buffer_nothing_overlaps() -> None:
    assert arrivals([64, 64], buffers=1, hold=100) == [4, 108]


@pytest.mark.parametrize("buffers", [2, 3, 8])
def test_more_buffers_never_let_a_transfer_arrive_later(buffers: int) -> None:
    few, more = (arrivals([64] * 9, buffers=count, hold=5) for count in (buffers - 1, buffers))
    assert all(later <= earlier for earlier, later in zip(few, more, strict=True))


@pytest.mark.parametrize(("rate", "each"), [(4, 16), (16, 4), (Fraction(7, 2), 19)])
def test_bursts_in_flight_limit_the_rate_of_the_transfers(rate: int | Fraction, each: int) -> None:
    assert arrivals([64, 64], rate=16, own=rate) == [each, 2 * each]


def records(**chip: Any) -> list[tuple[str, int, int, str]]:
    """(block, start, end, reason of a stall) of two transfers of 64 bytes."""
    probe = Probe()
    arrivals([64, 64], probe=probe, **chip)
    return [(r.block, r.start, r.end, r.reason) for r in probe.records if r.block != "sram"]


def test_a_dram_that_the_sram_holds_back_is_stalled_and_says_so() -> None:
    assert records(sram_rate=4) == [
        ("dram", 0, 4, ""), ("dma", 0, 4, ""), ("dma", 4, 16, "SRAM port"), ("dram", 4, 16, "SRAM port"),
        ("dram", 16, 20, ""), ("dma", 16, 20, ""), ("dma", 20, 32, "SRAM port"), ("dram", 20, 32, "SRAM port"),
    ]  # fmt: skip


def test_bursts_in_flight_are_the_dmas_own_work_and_hold_the_dram_back() -> None:
    assert records(own=8) == [
        ("dram", 0, 4, ""), ("dma", 0, 8, ""), ("dram", 4, 8, "DMA's bursts in flight"),
        ("dram", 8, 12, ""), ("dma", 8, 16, ""), ("dram", 12, 16, "DMA's bursts in flight"),
    ]  # fmt: skip


def test_a_channel_that_waits_for_the_first_byte_is_stalled() -> None:
    assert records(latency=10)[:2] == [("dram", 10, 14, ""), ("dma", 0, 10, "first byte from the DRAM")]
