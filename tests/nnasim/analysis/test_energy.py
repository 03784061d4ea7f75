"""Energy is counts times a table, its spread carried along."""

import pytest

from nnasim.analysis.energy import area_mm2, energy_mj
from nnasim.hardware import load_preset

ACTIONS = {
    "mac_int8": 10**9, "sram_bytes": 10**6, "dram_bytes": 10**6, "element": 0, "cpu_cycles": 250_000,
    "handoff_cycles": 250_000,
}  # fmt: skip


def test_a_thousand_million_multiplies_at_0_3_pj_take_0_3_mj() -> None:
    table = load_preset("edge256").energy
    assert table is not None
    parts = energy_mj(table, ACTIONS, cycles=500_000, clock_hz=500e6)
    assert parts["mac_array"].nominal == pytest.approx(0.3)
    assert parts["dram"] == pytest.approx((0.1625, 0.25, 0.325))
    assert parts["cpu"].nominal == pytest.approx(0.25)  # 250 mW for 1 ms, crossings included
    assert parts["leakage"].nominal == pytest.approx(0.002)
    assert parts["activation_unit"].nominal == 0


def test_the_total_is_the_sum_of_the_parts_at_each_end() -> None:
    table = load_preset("edge256").energy
    assert table is not None
    parts = energy_mj(table, ACTIONS, cycles=500_000, clock_hz=500e6)
    for end in range(3):
        assert parts["total"][end] == pytest.approx(sum(p[end] for name, p in parts.items() if name != "total"))


def test_area_follows_the_array_and_the_sram() -> None:
    area = area_mm2(load_preset("edge256"))
    assert area["mac_array"].nominal == pytest.approx(256 * 420e-6)
    assert area["sram"].nominal == pytest.approx(393216 * 5.5e-6)
    assert area_mm2(load_preset("edge256", ["area=null"])) == {}
