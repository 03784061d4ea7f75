"""A value that is legal and was given in another unit is named with its field, its unit and what was meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset, preset_names
from nnasim.hardware.plausible import implausible, magnitudes
from nnasim.magnitudes import Magnitude
from tests.nnasim.hardware.other_values import fields

CHIP = load_preset("edge256")


@pytest.mark.parametrize("preset", preset_names())
def test_no_preset_is_doubted(preset: str) -> None:
    assert implausible(load_preset(preset)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"clock_hz": 1e6},
        {"clock_hz": 5e9, "sram.bytes_per_cycle": 1024},
        {"dram.bytes_per_second": 1e6},
        {"dram.bytes_per_second": 3.2e12, "dram.kind": "hbm2"},
        {"sram.bytes": 8192},
        {"sram.bytes": 2**28, "sram.banks": 256},
        {"host.handoff_us": 0},
        {"host.handoff_us": 0.1},
        {"host.handoff_us": 5000},
        {"host.float_matmul_gflops": 0.05, "host.cache_bytes": 0},
        {"host.float_matmul_gflops": 2000},
        {"host.sigmoid_ns_per_element": 0},
        {"energy.cpu_mw": [0, 0, 0]},
    ],
)
def test_what_somebody_builds_or_studies_is_believed(changes: dict[str, object]) -> None:
    assert implausible(CHIP.with_(changes)) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"clock_hz": 500}, "clock_hz = 500 is in Hz, expected are 1e6 to 2e10; did you mean 500 MHz, which is 5e8?"),
        ({"clock_hz": 1.2}, "did you mean 1.2 GHz, which is 1.2e9?"),
        ({"dram.bytes_per_second": 4}, "dram.bytes_per_second = 4 is in bytes a second, .* 4 GB/s, which is 4e9"),
        (
            {"dram.bytes_per_second": 3750},
            "dram.bytes_per_second = 3750 .* 3750 MB/s, which is 3.75e9",
        ),
        ({"sram.bytes": 192}, "sram.bytes = 192 is in bytes, .* 192 KB, which is 196608"),
        ({"sram.bytes_per_cycle": 1e6}, "sram.bytes_per_cycle = 1e6 is in bytes a cycle"),
        ({"host.handoff_us": 50_000}, "host.handoff_us = 50000 is in us, .* 50000 ns, which is 50"),
        ({"host.handoff_us": 5e-5}, "host.handoff_us = 5e-5 is in us, .* 5e-5 s, which is 50"),
        ({"host.float_matmul_gflops": 1e5}, "host.float_matmul_gflops = 100000 is in .* MOP/s, which is 100"),
        ({"host.tanh_ns_per_element": 4e-9}, "host.tanh_ns_per_element = 4e-9 is in ns, .* 4e-9 s, which is 4"),
        ({"activation_unit.tanh_cycles_per_element": 1e5}, "activation_unit.tanh_cycles_per_element = 100000"),
        ({"energy.cpu_mw": [1e-2, 2e-2, 3e-2]}, "energy.cpu_mw = 0.02 is in mW, .* 0.02 W, which is 20"),
        ({"area.mac_int8_um2": [1e-4, 4e-4, 8e-4]}, "area.mac_int8_um2 = 0.0004 is in um2, .* mm2, which is 400"),
        ({"energy.dram_pj_per_byte.lpddr4": [3e-11, 8e-11, 1e-10]}, "energy.dram_pj_per_byte.lpddr4 = 8e-11 is in pJ"),
        ({"energy.mac_leakage_uw": [5e4, 5e5, 9e6]}, "energy.mac_leakage_uw = 500000 is in uW, .* pW, which is 0.5"),
        ({"energy.sram_leakage_uw_per_kb": [1e5, 1e6, 1e7]}, "energy.sram_leakage_uw_per_kb = 1e6 is in uW"),
        ({"energy.rest_leakage_mw": [1e5, 5e5, 2e6]}, "energy.rest_leakage_mw = 500000 is in mW, .* nW, which is 0.5"),
        ({"sram.bytes": 2**26}, "sram.banks = 4 of 16384 KB each: .* is extrapolated"),
    ],
)
def test_a_slip_of_the_unit_is_one_line_with_field_value_and_unit(changes: dict[str, object], line: str) -> None:
    (complaint,) = [
        text for text in implausible(CHIP.with_(changes)) if not text.startswith("sram.banks") or "banks" in line
    ]

    assert re.search(line, complaint), complaint
    assert "\n" not in complaint


def test_every_magnitude_is_of_a_field_that_chips_have() -> None:
    assert {field for field, _ in magnitudes(CHIP)} <= set(fields())


@given(st.floats(1e-12, 1e15))
def test_a_unit_that_is_proposed_is_one_that_would_be_believed(value: float) -> None:
    magnitude = Magnitude(1e6, 5e8, 2e10, "Hz", (("MHz", 1e6), ("GHz", 1e9), ("kHz", 1e3)))
    doubt = magnitude.doubt("clock_hz", value)
    assert (doubt is None) == (1e6 <= value <= 2e10)
    if doubt and "did you mean" in doubt:
        proposed = float(doubt.rpartition("which is ")[2].rstrip("?"))
        assert magnitude.doubt("clock_hz", proposed) is None or proposed in (pytest.approx(1e6), pytest.approx(2e10))


@pytest.mark.parametrize(
    ("override", "question"),
    [("host.float_matmul_gflops=8e9", "8e9 OP/s, which is 8"), ("dram.bytes_per_second=3.75e18", "at most 1e15")],
)
def test_a_value_that_is_refused_is_asked_for_its_unit_too(override: str, question: str) -> None:
    with pytest.raises(ConfigError, match=question):
        load_preset("edge256", [override])
