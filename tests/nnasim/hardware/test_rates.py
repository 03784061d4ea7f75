"""What the DRAM delivers, in bytes a core cycle, as exact numbers."""

from fractions import Fraction

import pytest

from nnasim.hardware import load_preset


@pytest.mark.parametrize(
    ("overrides", "bytes_per_cycle"),
    [
        ((), Fraction(6)),  # 3.75 GB/s x 0.8 at 500 MHz
        (("dram.efficiency=1",), Fraction(15, 2)),
        (("dram.efficiency=0.7",), Fraction(21, 4)),
        (("dram.cpu_share=0.25",), Fraction(9, 2)),
        (("clock_hz=1e9",), Fraction(3)),
        (("dram.bytes_per_second=12e9", "dram.efficiency=0.9"), Fraction(108, 5)),
    ],
)
def test_the_rate_is_the_peak_times_efficiency_less_what_others_take(overrides, bytes_per_cycle: Fraction) -> None:
    assert load_preset("edge256", overrides).dram_bytes_per_cycle == bytes_per_cycle


@pytest.mark.parametrize("preset", ["edge256", "edge512", "ethos_u85", "mcu128", "systolic", "tpu_like"])
def test_no_preset_takes_the_peak_rate_for_granted(preset: str) -> None:
    assert 0.7 <= load_preset(preset).dram.efficiency <= 0.9


def test_the_measured_design_keeps_the_memory_it_was_measured_with() -> None:
    assert load_preset("nvdla_small").dram_bytes_per_cycle == 8
