"""Energy is counts times a table, its spread carried along; what a part costs follows its size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.analysis.energy import Spread, area_mm2, energy_mj, leakage_mw, sram_pj_per_byte
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

ACTIONS = {
    "mac_int8": 10**9, "sram_bytes": 10**6, "dram_bytes": 10**6, "element": 0, "cpu_cycles": 250_000,
    "handoff_cycles": 250_000,
}  # fmt: skip
KB, MB = 1 << 10, 1 << 20
CHIP = load_preset("edge256")
SIZES = st.integers(4, 17).map(lambda power: 1 << power).map(lambda kilobytes: kilobytes * KB)
RECOGNISER = RnntShape(
    input_features=64, frame_ms=30, encoder_units=256, encoder_before=2, embedding=32, prediction_units=64,
    prediction_layers=1, joint_units=64, outputs=40,
)  # fmt: skip


def sram(**fields: object) -> NnaConfig:
    """edge256 with another SRAM."""
    return CHIP.with_({f"sram.{name}": value for name, value in fields.items()})


def pj(chip: NnaConfig) -> Spread:
    assert chip.energy is not None
    return sram_pj_per_byte(chip.sram, chip.energy)


def leakage(chip: NnaConfig) -> Spread:
    assert chip.energy is not None
    return leakage_mw(chip, chip.energy)


def test_a_thousand_million_multiplies_at_0_3_pj_take_0_3_mj() -> None:
    parts = energy_mj(CHIP, ACTIONS, cycles=500_000)
    assert parts["mac_array"].nominal == pytest.approx(0.3)
    assert parts["dram"] == pytest.approx((0.032, 0.08, 0.112))
    assert parts["cpu"].nominal == pytest.approx(0.25)  # 250 mW for 1 ms, crossings included
    assert parts["activation_unit"].nominal == 0


def test_the_total_is_the_sum_of_the_parts_at_each_end() -> None:
    parts = energy_mj(CHIP, ACTIONS, cycles=500_000)
    for end in range(3):
        assert parts["total"][end] == pytest.approx(sum(p[end] for name, p in parts.items() if name != "total"))


def test_without_a_table_there_is_no_energy() -> None:
    assert energy_mj(CHIP.with_({"energy": None}), ACTIONS, cycles=1) == {}


@pytest.mark.parametrize(("capacity", "published"), [(8 * KB, 10), (32 * KB, 20), (MB, 100)])
def test_one_bank_costs_what_was_published_within_4_percent(capacity: int, published: float) -> None:
    assert pj(sram(bytes=capacity, banks=1, bytes_per_cycle=8)).nominal * 8 == pytest.approx(published, rel=0.04)


def test_four_banks_of_32_kb_cost_a_bank_and_the_way_across_them() -> None:
    chip = sram(bytes=128 * KB, banks=4, bytes_per_cycle=8)
    assert pj(chip).nominal == pytest.approx(2.5 + 2.3 * (8**-0.5 - 32**-0.5))


def test_a_wider_port_shares_its_word_line_among_more_bytes() -> None:
    narrow, table, wide = (pj(sram(bytes=32 * KB, banks=1, bytes_per_cycle=width)).nominal for width in (1, 8, 64))
    assert (narrow, table) == pytest.approx((2.5 * (0.7 + 2.4), 2.5))
    assert wide == pytest.approx(2.5 * (0.7 + 0.3 / 8))


def test_leakage_is_that_of_cells_of_what_serves_them_of_multipliers_and_of_the_rest() -> None:
    # 384 KB at 1 uW, four banks whose 16-byte port leaks as 1 KB does, 256 MACs at 0.5 uW, 0.5 mW
    assert leakage(CHIP).nominal == pytest.approx(0.388 + 0.128 + 0.5)


def test_a_larger_array_leaks_more() -> None:
    once, twice = (leakage(CHIP.with_({"mac_array.macs_per_cycle": macs})) for macs in (256, 512))
    assert twice.nominal - once.nominal == pytest.approx(0.128)


@given(SIZES, SIZES, st.sampled_from([1, 2, 8]), st.sampled_from([1, 8, 100.5]), st.sampled_from([1, 2]))
@settings(max_examples=60)
def test_more_sram_never_leaks_less_nor_costs_less_a_byte(
    first: int, second: int, banks: int, width: float, ports: int
) -> None:
    small, large = (
        sram(bytes=size, banks=banks, bytes_per_cycle=width, ports=ports)
        for size in (min(first, second), max(first, second))
    )
    assert all(a <= b for a, b in zip(leakage(small), leakage(large), strict=True))
    assert all(a <= b for a, b in zip(pj(small), pj(large), strict=True))


@given(SIZES, st.integers(0, 10), st.integers(0, 10))
@settings(max_examples=60)
def test_a_byte_costs_more_from_larger_banks_and_more_banks_leak_more(size: int, first: int, second: int) -> None:
    few, many = (sram(bytes=size, banks=1 << power) for power in (min(first, second), max(first, second)))
    assert all(a <= b for a, b in zip(leakage(few), leakage(many), strict=True))
    bank_few, bank_many = (pj(chip.with_({"energy.sram_route_pj_per_byte": [0, 0, 0]})) for chip in (few, many))
    assert all(a >= b for a, b in zip(bank_few, bank_many, strict=True))


@pytest.mark.parametrize("preset", preset_names())
def test_every_part_of_every_preset_is_bracketed(preset: str) -> None:
    system = "aat" if load_preset(preset).has_activation_unit else "cpu_fallback"
    chip = load_preset(preset)
    result = simulate(build_trace(RECOGNISER, 2, 1, system=system, numerics=chip.numerics), chip)
    assert result.extra.energy_mj["total"][1] == result.totals.energy_mj
    for low, nominal, high in result.extra.energy_mj.values():
        assert 0 <= low <= nominal <= high


def test_each_kind_of_memory_has_its_own_row() -> None:
    nominal = {
        kind: energy_mj(CHIP.with_({"dram.kind": kind}), ACTIONS, cycles=1)["dram"].nominal
        for kind in ("hbm2", "lpddr5", "lpddr4", "ddr4", "ddr3")
    }
    assert list(nominal.values()) == sorted(nominal.values())
    assert len(set(nominal.values())) == 5
    assert {name: load_preset(name).dram.kind for name in preset_names()}["mcu128"] == "flash"


def test_the_sram_that_takes_least_energy_is_neither_the_smallest_nor_the_largest() -> None:
    sizes = [64 * KB << power for power in range(9)]
    trace = build_trace(RECOGNISER, 30, 8)
    energies = [simulate(trace, sram(bytes=size)).totals.energy_mj for size in sizes]
    best = energies.index(min(energies))
    assert 0 < best < len(sizes) - 1, energies


def test_area_follows_the_array_and_the_sram() -> None:
    area = area_mm2(load_preset("edge256"))
    assert area["mac_array"].nominal == pytest.approx(256 * 420e-6)
    assert area["sram"].nominal == pytest.approx(393216 * 5.5e-6)
    assert area_mm2(load_preset("edge256", ["area=null"])) == {}
