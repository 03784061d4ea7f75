"""The SRAM is divided without overlap, and the division is the best one."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.compiler import CompiledTrace
from nnasim.compiler.allocate import Allocation, Lifetime, allocate, check_allocations, peak_bytes
from nnasim.compiler.residency import Item, choose_residents
from nnasim.errors import PlacementError
from nnasim.hardware import load_preset


def test_tensors_that_never_live_together_share_an_address() -> None:
    placed = allocate([Lifetime("a", 64, 0, 1), Lifetime("b", 64, 2, 3)])
    assert [(a.life.name, a.address) for a in placed] == [("a", 0), ("b", 0)]
    assert peak_bytes(placed) == 64


def test_tensors_that_live_together_stand_apart_and_aligned() -> None:
    placed = allocate([Lifetime("a", 60, 0, 2), Lifetime("b", 10, 2, 3)])
    assert [(a.life.name, a.address) for a in placed] == [("a", 0), ("b", 64)]


lives = st.builds(
    lambda name, size, first, span: Lifetime(str(name), size, first, first + span),
    st.integers(), st.integers(1, 300), st.integers(0, 9), st.integers(0, 4),
)  # fmt: skip


@given(st.lists(lives, max_size=12, unique_by=lambda life: life.name))
def test_no_two_living_tensors_overlap_and_the_arena_is_no_larger_than_all_of_them(lifetimes: list[Lifetime]) -> None:
    placed = allocate(lifetimes)
    assert sorted(a.life.name for a in placed) == sorted(life.name for life in lifetimes)
    assert peak_bytes(placed) <= sum(life.bytes + 15 for life in lifetimes)


def test_the_check_sees_an_overlap() -> None:
    with pytest.raises(ValueError, match="b and a overlap at 32"):
        check_allocations([Allocation(Lifetime("a", 64, 0, 1), 0), Allocation(Lifetime("b", 64, 1, 1), 32)])


items = st.builds(
    lambda name, size, saved: Item(str(name), 16 * size, saved),
    st.integers(),
    st.integers(1, 99),
    st.integers(-99, 9999),
)


@given(st.lists(items, max_size=7, unique_by=lambda item: item.tensor), st.integers(0, 6000))
def test_residents_save_as_much_traffic_as_any_choice_that_fits(weights: list[Item], capacity: int) -> None:
    def saved(chosen: tuple[Item, ...]) -> int:
        return sum(item.saved for item in chosen)

    names = choose_residents(weights, capacity)
    chosen = tuple(item for item in weights if item.tensor in names)
    fitting = (
        subset
        for count in range(len(weights) + 1)
        for subset in combinations(weights, count)
        if sum(item.bytes for item in subset) <= capacity
    )
    assert sum(item.bytes for item in chosen) <= capacity
    assert saved(chosen) == max(saved(subset) for subset in fitting)


def test_a_chip_that_holds_all_weights_keeps_no_buffers(small) -> None:
    memory = CompiledTrace(small(frames=40, symbols=40), load_preset("edge256")).memory
    assert memory.buffers == 0
    assert len(memory.resident) == 10  # wx and wh of three layers, both projections, output, embedding


def test_the_plan_never_uses_more_than_there_is(small) -> None:
    for size in (20_000, 30_000, 40_000, 60_000):
        chip = load_preset("edge256", [f"sram.bytes={size}"])
        memory = CompiledTrace(small(), chip).memory
        assert memory.total <= size
        assert memory.buffers >= 1


def test_an_sram_that_cannot_hold_the_states_is_refused_with_the_size_that_would_do(small) -> None:
    with pytest.raises(PlacementError, match=r"bytes = 1024: .*must be at least \d+; did you mean 1024 KB") as caught:
        CompiledTrace(small(), load_preset("edge256", ["sram.bytes=1024"]))
    needed = int(str(caught.value).partition("at least ")[2].partition(";")[0])
    assert CompiledTrace(small(), load_preset("edge256", [f"sram.bytes={needed}"])).memory.buffers == 1


def test_a_weight_tile_that_no_sram_holds_is_refused_with_the_nearest_size_that_does(small) -> None:
    narrow = ["mac_array.kind=systolic", "sram.bytes=6000", "mac_array.macs_per_cycle=4096"]
    with pytest.raises(
        PlacementError, match=r"weight .*tile bytes = \d+: .* sram\.bytes must be at least (\d+)"
    ) as caught:
        CompiledTrace(small(), load_preset("edge256", narrow))
    enough = -(-int(str(caught.value).rsplit(" ", 1)[1]) // 4) * 4
    assert CompiledTrace(small(), load_preset("edge256", [*narrow, f"sram.bytes={enough}"])).memory.buffers == 1


def test_the_users_list_of_residents_is_kept(small) -> None:
    chip = load_preset("edge256", ["sram.resident_weights=[enc1.wh]"])
    assert CompiledTrace(small(), chip).memory.resident == {"enc1.wh"}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["sram.resident_weights=[enc9.wh]"], "'enc9.wh': weights on the NNA are enc0.wx"),
        (["sram.resident_weights=[enc1.wh]", "sram.bytes=20000"], r"sram\.bytes must be at least \d+"),
    ],
)
def test_a_list_that_names_nothing_or_does_not_fit_is_refused(small, overrides: list[str], words: str) -> None:
    with pytest.raises(PlacementError, match=words):
        CompiledTrace(small(), load_preset("edge256", overrides))
