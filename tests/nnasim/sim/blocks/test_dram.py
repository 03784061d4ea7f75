"""One bus for all readers: together they get its rate, and none of them more."""

from fractions import Fraction

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from nnasim.hardware.drams.steady import SteadyDram
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.probe import Probe

Reads = list[tuple[int, int]]  # (after how many cycles it is asked, bytes), one after another


def ends(rate: Fraction, *readers: Reads) -> tuple[list[list[tuple[int, int]]], Probe]:
    """(start, end) of every read of every reader."""
    env, probe = simpy.Environment(), Probe()
    dram = Dram(env, probe, SteadyDram(rate, 0))
    log: list[list[tuple[int, int]]] = [[] for _ in readers]

    def reader(number: int, reads: Reads):
        for gap, bytes in reads:
            yield env.timeout(gap)
            start = int(env.now)
            yield from dram.read(number, 0, bytes)
            log[number].append((start, int(env.now)))

    for number, reads in enumerate(readers):
        env.process(reader(number, reads))
    env.run()
    return log, probe


def test_alone_a_read_gets_the_whole_bus() -> None:
    assert ends(Fraction(16), [(0, 160), (5, 32)])[0] == [[(0, 10), (15, 17)]]


def test_two_equal_reads_that_overlap_share_it_and_neither_gets_the_full_rate() -> None:
    assert ends(Fraction(16), [(0, 160)], [(0, 160)])[0] == [[(0, 20)], [(0, 20)]]


def test_the_longer_one_has_the_whole_bus_again_when_the_shorter_one_has_ended() -> None:
    assert ends(Fraction(16), [(0, 320)], [(0, 80)])[0] == [[(0, 25)], [(0, 10)]]


def test_one_that_comes_later_takes_half_from_then_on() -> None:
    assert ends(Fraction(16), [(0, 160)], [(5, 160)])[0] == [[(0, 15)], [(5, 20)]]


def test_three_readers_get_a_third_each() -> None:
    assert ends(Fraction(3), [(0, 30)], [(0, 30)], [(0, 30)])[0] == [[(0, 30)]] * 3


@pytest.mark.parametrize(("rate", "cycles"), [(Fraction(15, 2), 9), (Fraction(6), 11), (Fraction(1, 3), 192)])
def test_a_fraction_of_a_byte_a_cycle_rounds_up(rate: Fraction, cycles: int) -> None:
    assert ends(rate, [(0, 64)])[0] == [[(0, cycles)]]


some_reads = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 2000)), max_size=6)


@given(some_reads, some_reads, st.fractions(Fraction(1, 10), 40, max_denominator=100))
def test_the_bus_is_busy_for_its_bytes_over_its_rate_whoever_reads(first: Reads, second: Reads, rate: Fraction) -> None:
    log, probe = ends(rate, first, second)
    busy = {cycle for read in probe.records for cycle in range(read.start, read.end)}
    needed = sum(bytes for _, bytes in (*first, *second)) / rate
    assert needed <= len(busy) <= needed + len(first) + len(second)  # a part of a cycle is lost per read
    for reads, times in zip((first, second), log, strict=True):
        for (_, bytes), (start, end) in zip(reads, times, strict=True):
            assert bytes / rate <= end - start <= 2 * bytes / rate + 1 + len(first) + len(second)
