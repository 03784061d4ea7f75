"""A DRAM with banks: what a row costs, what a refresh costs, and the efficiencies that others publish."""

import random
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.hardware.drams.controller import Controller
from nnasim.hardware.drams.mapping import Stretch
from nnasim.hardware.drams.timings import BankedParameters, Timing, table, timing_of
from nnasim.hardware.memory import DramConfig

MB = 2**20
NO_REFRESH = {"trefi_ns": 1e9, "trfc_ns": 0}
X8 = {"bank_groups": 4, "banks": 16, "tfaw_ns": 21, "trrd_ns": 3.3}  # DDR4 of x8 devices, as AMD's PG313 has them


def timing(kind: str = "lpddr4", rate: float = 8.533e9, share: float = 0.0, **parameters: Any) -> Timing:
    section: dict[str, Any] = {"kind": kind, "model": "banked", "parameters": parameters}
    return timing_of(DramConfig(bytes_per_second=rate, read_latency_ns=1000, cpu_share=share, **section))


def ends(controller: Controller, reads: Iterable[tuple[int, int]], asked: int = 0) -> list[int]:
    """When each read (address, bytes) ends [ps]; all of them are asked for at once."""
    return [controller.serve(address, bytes, asked).ends[-1] for address, bytes in reads]


def efficiency(of: Timing, reads: list[tuple[int, int]]) -> float:
    """Part of the peak rate that ``reads`` get, one behind the other, without end."""
    peak = of.channels * of.access_bytes / of.access
    return sum(bytes for _, bytes in reads) / ends(Controller(of), reads)[-1] / peak


def sequential(bytes: int = 8 * MB) -> list[tuple[int, int]]:
    return [(address, 16384) for address in range(0, bytes, 16384)]


def test_a_read_of_a_closed_an_open_and_another_row() -> None:
    of = timing(**NO_REFRESH)
    controller = Controller(of)
    closed = ends(controller, [(0, 32)])[0]
    late = 10**6
    hit, other = ends(controller, [(64, 32)], late)[0], ends(controller, [(8 * 2048, 32)], 2 * late)[0]
    assert closed == of.trcd + of.tcl + of.access
    assert hit - late == of.tcl + of.access
    assert other - 2 * late == of.trp + of.trcd + of.tcl + of.access
    assert controller.counts() == {"hits": 1, "misses": 1, "conflicts": 1, "refreshes": 0}


@pytest.mark.parametrize("kind", ["lpddr4", "lpddr5", "ddr4"])
def test_rows_of_one_bank_follow_each_other_at_the_row_cycle(kind: str) -> None:
    of = timing(kind, 8e9, **NO_REFRESH, bank_bytes=2**30, group_rotation=0, trtp_ns=0)
    times = ends(Controller(of), [(row * of.open_bytes, 32) for row in range(9)])
    assert {later - sooner for sooner, later in pairwise(times)} == {of.tras + of.trp}


def test_rows_of_all_banks_are_opened_four_in_a_window() -> None:
    of = timing("ddr4", 25.6e9, **NO_REFRESH, group_rotation=0, trrd_ns=0, tras_ns=0, trp_ns=0)
    times = ends(Controller(of), [(row * of.open_bytes, 64) for row in range(40)])
    assert times[36] - times[0] == 9 * of.tfaw


def test_random_accesses_are_bounded_by_the_window_and_by_their_banks() -> None:
    of, draw = timing("ddr4", 25.6e9, **X8), random.Random(1)
    reads = [(draw.randrange(2**24) * 64, 64) for _ in range(4000)]
    window = of.access / (of.tfaw / 4)
    row_cycle = of.access / (of.tras + of.trp)
    assert row_cycle < efficiency(of, reads) < window


@pytest.mark.parametrize("kind", ["lpddr4", "lpddr5", "ddr4"])
def test_a_refresh_costs_its_share(kind: str) -> None:
    of = timing(kind, 8e9)
    lost = 1 - efficiency(of, sequential()) / efficiency(timing(kind, 8e9, **NO_REFRESH), sequential())
    around = of.trtp + of.trp_all + of.trcd + of.tcl  # rows are closed before and opened again after it
    assert of.trfc / of.trefi < lost < (of.trfc + around + of.access) / of.trefi


def test_while_nobody_reads_refreshes_go_by_and_only_close_the_rows() -> None:
    of = timing()
    controller = Controller(of)
    ends(controller, [(0, 32)])
    late = 1000 * of.trefi + of.trfc * 2
    assert ends(controller, [(32, 32)], late)[0] == late + of.trcd + of.tcl + of.access
    assert controller.counts()["refreshes"] == 1000


def test_the_bus_turns_around_between_data_of_two_directions() -> None:
    of = timing(**NO_REFRESH)
    controller = Controller(of)
    (channel,) = controller.channels

    def moved(write: bool) -> int:
        stretch = controller.mapping.stretch(0, 0, 32)
        assert stretch is not None
        return channel.serve([stretch], 0, write).ends[0]

    read, written = moved(False), moved(True)
    assert channel.serve([], 0, write=False) == ([], {})  # no data, no turn
    again = moved(False)
    assert written - read == of.trtw + of.access
    assert again - written == of.twtr + of.tcl + of.access


class BurstByBurst:
    """One channel in as many steps as there are bursts of the device: each as early as its bank and the bus allow."""

    def __init__(self, of: Timing) -> None:
        self.of, self.free, self.due = of, 0, of.trefi
        self.row: list[int | None] = [None] * of.banks
        self.opened, self.may_close, self.may_open = ([-(10**15)] * of.banks for _ in range(3))
        self.openings = [-(10**15)] * 4

    def refresh(self, now: int) -> None:
        of = self.of
        due = self.due + (now - self.due) // of.trefi * of.trefi
        closed = [self.may_close[bank] + of.trp_all for bank in range(of.banks) if self.row[bank] is not None]
        begin = max(due, *self.may_open, *closed)
        self.row, self.may_open, self.due = [None] * of.banks, [begin + of.trfc] * of.banks, due + of.trefi

    def open(self, bank: int, row: int, asked: int) -> None:
        of = self.of
        ready = self.may_open[bank] if self.row[bank] is None else max(asked, self.may_close[bank]) + of.trp
        begin = max(asked, ready, self.openings[-1] + of.trrd, self.openings[-4] + of.tfaw)
        self.openings.append(begin)
        self.row[bank], self.opened[bank] = row, begin

    def read(self, stretch: Stretch, asked: int) -> int:
        of, earliest = self.of, max(asked + self.of.tcl, self.free)
        if max(asked, self.free) >= self.due:
            self.refresh(max(asked, self.free))
        for bank in stretch.banks:
            if self.row[bank] != stretch.row:
                self.open(bank, stretch.row, asked)
        data = earliest - of.spacing
        for burst in range(stretch.accesses):
            bank = stretch.banks[burst % len(stretch.banks)]
            data = max(data + of.spacing, self.opened[bank] + of.trcd + of.tcl)
        for bank in stretch.banks:
            self.may_close[bank] = max(self.opened[bank] + of.tras, data - of.tcl + of.trtp)
        self.free = data + of.access
        return self.free


@given(
    st.lists(st.tuples(st.integers(0, 2**18), st.integers(1, 40_000), st.integers(0, 5 * 10**6)), max_size=12),
    st.sampled_from(
        [
            ("lpddr4", {}), ("lpddr4", {"trefi_ns": 900}), ("lpddr5", {}), ("ddr4", {"group_rotation": 0}),
            ("ddr4", X8), ("lpddr5", {"tfaw_ns": 400}), ("lpddr4", {"bank_bytes": 2**14, "tras_ns": 900}),
        ]
    ),
)  # fmt: skip
def test_whole_reads_end_when_they_end_burst_by_burst(
    reads: list[tuple[int, int, int]], kind: tuple[str, dict[str, float]]
) -> None:
    of = timing(kind[0], 4e9, **kind[1])
    controller, slow, asked = Controller(of), BurstByBurst(of), 0
    for address, bytes, later in reads:
        asked += later
        stretches = [controller.mapping.stretch(0, *turn) for turn in controller.turns(address, bytes)]
        turns = controller.serve(address, bytes, asked)
        assert list(turns.ends) == [slow.read(stretch, asked) for stretch in stretches if stretch]
        assert turns.before[-1] == bytes


@given(
    st.lists(st.tuples(st.integers(0, 2**18), st.integers(1, 40_000), st.integers(0, 5 * 10**6)), max_size=8),
    st.sampled_from([8e9, 16e9, 32e9]),
    st.sampled_from([0.0, 0.3]),
)
def test_a_read_is_the_same_at_once_and_turn_by_turn(
    reads: list[tuple[int, int, int]], rate: float, share: float
) -> None:
    whole, parts = (Controller(timing(rate=rate, share=share, channel_bytes=64)) for _ in range(2))
    asked = 0
    for address, bytes, later in reads:
        asked += later
        ends = [parts.serve(*turn, asked).ends[0] for turn in parts.turns(address, bytes)]
        assert list(whole.serve(address, bytes, asked).ends) == list(accumulate(ends, max))
    assert whole.counts() == parts.counts()


PUBLISHED = [
    # (kind, rate, further parameters, efficiency there, how far ours may lie off, where it stands)
    ("ddr4", 25.6e9, X8, 0.95, 0.01, "AMD PG313, single-thread linear read, groups rotate"),
    ("ddr4", 21.3e9, {**X8, "group_rotation": 0}, 0.54, 0.04, "AMD PG313, the same, simple row-bank-column"),
    ("lpddr5", 8.533e9, {}, 0.90, 0.04, "Intel 849494, LPDDR5 at 1066.667 MHz, sequential read, about 90 %"),
    ("lpddr4", 8.533e9, {}, 0.92, 0.01, "Intel 683216, the most that a controller reaches"),
]


@pytest.mark.parametrize(("kind", "rate", "parameters", "there", "off", "source"), PUBLISHED)
def test_a_sequential_stream_reaches_what_is_published(
    kind: str, rate: float, parameters: dict[str, float], there: float, off: float, source: str
) -> None:
    assert efficiency(timing(kind, rate, **parameters), sequential(32 * MB)) == pytest.approx(there, abs=off), source


def test_random_reads_of_64_bytes_lie_around_the_published_part() -> None:
    """AMD PG313, random addressing: about 40 %, reordered; ours keep their order, or have the best one."""
    of, draw = timing("ddr4", 25.6e9, **X8), random.Random(1)
    in_order = [(draw.randrange(2**24) * 64, 64) for _ in range(4000)]
    best = [(index // of.rotated * of.open_bytes + index % of.rotated * 64, 64) for index in range(4000)]
    assert efficiency(of, in_order) < 0.40 < efficiency(of, best)


def test_rows_before_banks_lose_what_opening_them_takes() -> None:
    assert efficiency(timing(bank_bytes=2**24), sequential()) < 0.9 * efficiency(timing(), sequential())


def test_four_channels_deliver_four_times_as_much() -> None:
    one, four = timing(rate=8e9), timing(rate=32e9)
    assert (one.channels, four.channels) == (1, 4)
    assert efficiency(four, sequential()) == pytest.approx(efficiency(one, sequential()), abs=0.01)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_other_software_takes_its_share_and_closes_rows(share: float) -> None:
    ours = efficiency(timing(share=share), sequential())
    assert ours < (1 - share) * efficiency(timing(), sequential())
    assert efficiency(timing(share=share, write_share=0.0), sequential()) > ours


@given(st.integers(0, 2**30), st.integers(1, 200_000), st.sampled_from([8e9, 16e9, 32e9]))
def test_turns_and_channels_split_a_range_into_all_of_its_bytes(address: int, bytes: int, rate: float) -> None:
    controller = Controller(timing(rate=rate, channel_bytes=64))
    turns = list(controller.turns(address, bytes))
    assert sum(part for _, part in turns) == bytes
    assert turns[0][0] == address
    for place, part in turns:
        stretches = [controller.mapping.stretch(channel, place, part) for channel in range(len(controller.channels))]
        accesses = sum(stretch.accesses for stretch in stretches if stretch)
        assert part <= accesses * 32 <= part + 2 * 32 * len(controller.channels)


@given(st.lists(st.integers(0, 2**22), min_size=2, max_size=2, unique=True), st.sampled_from(["lpddr5", "ddr4"]))
def test_no_two_accesses_stand_in_one_place(numbers: list[int], kind: str) -> None:
    of = timing(kind, 8e9)
    controller = Controller(of)

    def place(number: int) -> tuple[Any, ...]:
        address = number * of.access_bytes
        stretch = controller.mapping.stretch(0, address, of.access_bytes)
        return stretch, number % (of.open_bytes // of.access_bytes)

    assert place(numbers[0]) != place(numbers[1])


OTHER_VALUES = {
    "channel_bytes_per_second": 3e9, "channels": 4, "bank_groups": 2, "banks": 32, "row_bytes": 1024,
    "access_bytes": 64, "group_rotation": 0, "channel_bytes": 64, "bank_bytes": 2**20, "write_share": 0.6,
    "tccd_l_ns": 40, "trefi_ns": 1900,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BankedParameters.model_fields))
def test_every_parameter_decides_something(name: str) -> None:
    draw = random.Random(3)
    reads = [(draw.randrange(2**20) * 64, 64 * draw.randrange(1, 80)) for _ in range(400)]
    given = {} if name == "channel_bytes_per_second" else {"channels": 2}  # which follows from the other
    other = OTHER_VALUES.get(name, 3 * table()["lpddr5"].get(name, 0))
    before, after = (
        ends(Controller(timing("lpddr5", 12.8e9, 0.4, **parameters)), reads)[-1]
        for parameters in (given, {**given, name: other})
    )
    assert before != after
