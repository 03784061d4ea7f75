"""More SRAM, banks or ports: never more traffic, never slower by more than the bound; and the limits that are named."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.compiler import CompiledTrace
from nnasim.compiler.memory_plan import plan_memory
from nnasim.compiler.residency import Item, _searched, _tabled, choose_residents
from nnasim.errors import PlacementError
from nnasim.hardware import load_preset, preset_names
from nnasim.pipeline import simulate
from reports.notes import result_notes
from tests.nnasim.compiler.capacity import (
    SHAPES,
    dram_bytes,
    sizes_around_every_rung,
    slower_at_most,
    spent,
    traffic,
)
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES as PAPER_SIZED

PAPER = PAPER_SIZED["rnnt-paper"]
TRACES = {name: build_trace(shape, 8, 3) for name, shape in SHAPES.items()}
CHIPS = [name for name in preset_names() if name != "nvdla_small"]  # its arithmetic is another


def chip_of(preset: str, trace, **fields: object):
    numerics = trace.numerics.model_dump(mode="json")
    return load_preset(preset).with_({"numerics": numerics, "sram.banks": 1, **fields})


def sizes(preset: str, trace) -> list[int]:
    return sizes_around_every_rung(trace, chip_of(preset, trace), 12)


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("preset", CHIPS)
def test_a_larger_sram_never_reads_more(preset: str, name: str) -> None:
    trace = TRACES[name]
    read = [traffic(trace, chip_of(preset, trace, **{"sram.bytes": s})) for s in sizes(preset, trace)]
    fits = [value for value in read if value is not None]
    assert len(fits) > 15
    assert read[-len(fits) :] == fits, "what fits in a smaller SRAM is refused in a larger one"
    assert all(more <= less for less, more in pairwise(fits))
    assert fits[-1] < fits[0]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_larger_sram_never_reads_more_whatever_the_tiles_buffers_and_arrays(data: st.DataObject) -> None:
    trace = TRACES[data.draw(st.sampled_from(sorted(TRACES)))]
    preset = data.draw(st.sampled_from(CHIPS))
    fields = {
        "sram.weight_tile_bytes": data.draw(st.integers(64, 70_000)),
        "sram.weight_buffers": data.draw(st.integers(1, 9)),
        "dma.alignment_bytes": data.draw(st.sampled_from([1, 16, 64])),
        "dma.weight_compression_ratio": data.draw(st.sampled_from([1.0, 0.63])),
    }
    small = data.draw(st.integers(4_000, 400_000))
    large = small + data.draw(st.integers(1, 60_000))
    less, more = (traffic(trace, chip_of(preset, trace, **fields, **{"sram.bytes": s})) for s in (small, large))
    assert less is None or (more is not None and more <= less)


@pytest.mark.parametrize("name", TRACES)
def test_the_plan_knows_what_will_be_read(name: str) -> None:
    trace = TRACES[name]
    for size in (30_000, 60_000, 120_000):
        chip = chip_of("edge256", trace, **{"sram.bytes": size})
        assert dram_bytes(CompiledTrace(trace, chip)) == simulate(trace, chip).totals.dram_bytes


@pytest.mark.parametrize("field", ["sram.banks", "sram.ports"])
@pytest.mark.parametrize("preset", CHIPS)
def test_more_banks_or_ports_read_no_more_and_are_not_slower(preset: str, field: str) -> None:
    trace = TRACES["odd"]
    runs = [simulate(trace, chip_of(preset, trace, **{"sram.bytes": 65_536, field: count})) for count in (1, 2, 4, 8)]
    for fewer, more in pairwise(runs):
        assert more.totals.dram_bytes <= fewer.totals.dram_bytes
        assert more.extra.busy_cycles <= fewer.extra.busy_cycles


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("preset", CHIPS)
def test_a_larger_sram_is_not_slower_by_more_than_a_tile_an_invocation_and_loading(preset: str, name: str) -> None:
    trace = TRACES[name]
    fits = [s for s in sizes(preset, trace) if traffic(trace, chip_of(preset, trace, **{"sram.bytes": s})) is not None]
    fastest = None
    for size in fits[:: len(fits) // 5]:
        compiled = CompiledTrace(trace, chip_of(preset, trace, **{"sram.bytes": size}))
        cycles = spent(compiled).working
        assert fastest is None or cycles <= fastest + slower_at_most(compiled)
        assert fastest is None or cycles <= 1.05 * fastest, "the share that the manual states"
        fastest = cycles if fastest is None else min(fastest, cycles)


# The limits that messages name.


def least(trace, chip) -> int:
    with pytest.raises(PlacementError, match=r"sram\.bytes must be at least (\d+)") as caught:
        CompiledTrace(trace, chip)
    return int(re.findall(r"at least (\d+)", str(caught.value))[-1])


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("preset", CHIPS)
@pytest.mark.parametrize("banks", [1, 4, 48])
def test_the_least_sram_that_a_message_names_is_accepted_and_nothing_less(preset: str, name: str, banks: int) -> None:
    trace = TRACES[name]
    named = least(trace, chip_of(preset, trace, **{"sram.bytes": banks, "sram.banks": banks}))
    for close in (named - banks, named // 2 // banks * banks):
        assert least(trace, chip_of(preset, trace, **{"sram.bytes": close, "sram.banks": banks})) == named
    CompiledTrace(trace, chip_of(preset, trace, **{"sram.bytes": named, "sram.banks": banks}))


@pytest.mark.parametrize("listed", [["enc0.wh"], ["enc0.wh", "output.w"], []])
def test_a_list_of_residents_has_a_least_sram_too_and_fits_in_every_larger_one(listed: list[str]) -> None:
    trace = TRACES["odd"]
    fields = {"sram.resident_weights": listed}
    named = least(trace, chip_of("edge256", trace, **fields, **{"sram.bytes": 1}))
    read = [
        traffic(trace, chip_of("edge256", trace, **fields, **{"sram.bytes": named + 97 * n})) for n in range(0, 200, 5)
    ]
    assert None not in read
    assert all(more <= less for less, more in pairwise(read))
    assert traffic(trace, chip_of("edge256", trace, **fields, **{"sram.bytes": named - 1})) is None


def test_a_weight_that_is_hardly_used_streams_where_loading_it_costs_more() -> None:
    trace = TRACES["large outputs"]  # 1,500 rows of an embedding, of which four are read
    memory = CompiledTrace(trace, chip_of("edge256", trace, **{"sram.bytes": 2**21})).memory
    assert "embedding.w" not in memory.resident
    assert memory.buffers * memory.buffer_bytes <= 4 * 64


items = st.lists(
    st.builds(Item, st.uuids().map(str), st.integers(1, 300).map(lambda n: 16 * n), st.integers(-50, 5000)), max_size=9
)


@given(items, st.integers(0, 12_000))
def test_the_table_saves_as_much_as_the_search(weights: list[Item], capacity: int) -> None:
    fitting = [item for item in weights if item.saved > 0 and item.bytes <= capacity]
    fitting.sort(key=lambda item: -item.saved / item.bytes)
    searched = _searched(fitting, capacity)
    assert searched is not None
    tabled = _tabled(fitting, capacity, 16)
    assert sum(item.bytes for item in tabled) <= capacity
    assert sum(item.saved for item in tabled) == sum(item.saved for item in searched)


def test_a_choice_too_hard_to_search_is_still_the_best_one() -> None:
    """Sixty weights of one density: the search sees no difference, the table does."""
    weights = [Item(f"w{n}", 16 * (101 + n % 7), 16 * (101 + n % 7)) for n in range(60)]
    capacity = 16 * 3001
    chosen = choose_residents(weights, capacity)
    assert sum(item.bytes for item in weights if item.tensor in chosen) == capacity


def test_no_tile_is_smaller_than_a_128th_of_a_large_weight() -> None:
    """More tiles hide nothing more and only cost events: the configured size gives way, not the bound."""
    trace = build_trace(SHAPES["one large layer"], 2, 1)
    chip = chip_of(
        "edge256", trace, **{"sram.bytes": 150_000, "sram.weight_tile_bytes": 64, "mac_array.macs_per_cycle": 1}
    )
    compiled = CompiledTrace(trace, chip)
    memory = plan_memory(chip, compiled.memory.working_set, compiled.uses)
    for name, use in compiled.uses.items():
        if use.rows_per_use > 1 and memory.buffers == chip.sram.weight_buffers:
            assert -(-use.rows // memory.tile_rows[name]) <= 128 + 127


def longest_chunk(trace, chip) -> str:
    with pytest.raises(PlacementError, match=r"compiler\.chunk_frames must be at most") as caught:
        CompiledTrace(trace, chip.with_({"compiler.chunk_frames": 32}))
    return str(caught.value)


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("preset", CHIPS)
def test_the_most_frames_of_a_chunk_are_accepted_and_one_more_is_not_and_so_is_the_sram_that_they_ask_for(
    preset: str, name: str
) -> None:
    trace = build_trace(SHAPES[name], 32, 2)
    chip = chip_of(preset, trace)
    chip = chip.with_({"sram.bytes": least(trace, chip.with_({"sram.bytes": 1})) + 2_000})
    message = longest_chunk(trace, chip)
    frames, size = (int(re.findall(words, message)[-1]) for words in (r"at most (\d+)", r"at least (\d+)"))
    CompiledTrace(trace, chip.with_({"compiler.chunk_frames": frames}))
    CompiledTrace(trace, chip.with_({"compiler.chunk_frames": 32, "sram.bytes": size}))
    for fields in ({"compiler.chunk_frames": frames + 1}, {"compiler.chunk_frames": 32, "sram.bytes": size - 1}):
        with pytest.raises(PlacementError):
            CompiledTrace(trace, chip.with_(fields))


@pytest.mark.parametrize(("size", "words"), [(32_000, r"slow above (\d+)"), (16_000, "slow with any")])
def test_the_cliff_below_a_longest_chunk_is_named_and_is_one(size: int, words: str) -> None:
    trace = build_trace(SHAPES["large outputs"], 32, 3)
    chip = chip_of("edge256", trace, **{"sram.bytes": size})
    message = longest_chunk(trace, chip)
    assert re.search(words, message)
    most = int(re.findall(r"at most (\d+)", message)[0])
    roomy = chip.with_({"compiler.chunk_frames": most, "sram.bytes": 2 * size})
    slow = chip.with_({"compiler.chunk_frames": most})
    assert simulate(trace, slow).extra.busy_cycles > 1.2 * simulate(trace, roomy).extra.busy_cycles
    for fine in re.findall(r"slow above (\d+)", message):
        faster = chip.with_({"compiler.chunk_frames": int(fine)})
        assert simulate(trace, slow).extra.busy_cycles > 1.2 * simulate(trace, faster).extra.busy_cycles


@pytest.mark.parametrize(("sram_bytes", "cliff"), [(66_080, True), (90_000, False), (393_216, False)])
def test_a_result_says_that_its_buffers_do_not_cover_the_latency_and_then_it_is_slow(
    sram_bytes: int, cliff: bool
) -> None:
    trace = build_trace(PAPER, 2, 1)
    fast, result = (simulate(trace, load_preset("edge256").with_({"sram.bytes": s})) for s in (393_216, sram_bytes))
    assert any("cover the DRAM's latency" in note for note in result_notes("aat", result)) == cliff
    assert (result.extra.busy_cycles > 1.5 * fast.extra.busy_cycles) == cliff


def test_small_tiles_of_small_matrices_are_no_cliff() -> None:
    """Only an embedding streams here, or tiles are as large as they are configured: more SRAM would change nothing."""
    roomy, fine = chip_of("edge256", TRACES["even"]), {"sram.bytes": 40_000, "sram.weight_tile_bytes": 64}
    for chip in (roomy, chip_of("edge256", TRACES["even"], **fine)):
        assert list(result_notes("aat", simulate(TRACES["even"], chip))) == []
