"""What can be eased of a chip's arithmetic: every chip can be so, and nothing is eased that decides nothing."""

from typing import Any

import pytest

from nnasim.hardware import load_preset, preset_names
from nnasim.ir.explanation import ALL
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.explaining.easings import easings


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("system", ["cpu_fallback", "naive", "aat"])
def test_every_chip_can_be_as_eased(preset: str, system: Any) -> None:
    chip = load_preset(preset)
    rows = list(easings(chip.numerics, system))
    assert len({(row.field, row.eased) for row in rows}) == len(rows)
    assert rows[-1].field == ALL
    for row in rows:
        assert bool(row.changes) != (row.real is not None)
        if row.changes:
            assert chip.with_(row.changes).numerics != chip.numerics
            assert row.field in row.changes


def test_each_field_that_has_a_finer_value_is_eased_by_itself() -> None:
    coarse = NumericsConfig(
        activation="pwl", pwl_segments=8, cell_range=4.0, weight_bits=4, rounding="double", per_channel=False
    )
    assert [row.field.partition(".")[2] for row in easings(coarse, "aat") if row.changes] == [
        "activation", "pwl_segments", "pwl_fit", "cell_bits", "cell_range", "activation_bits", "weight_bits",
        "per_channel", "accumulator_bits", "multiplier_bits", "rounding",
    ]  # fmt: skip


def test_gates_on_the_cpu_have_no_field_of_the_chip() -> None:
    fields = {row.field for row in easings(NumericsConfig(), "cpu_fallback")}
    assert not fields & {"numerics.activation", "numerics.cell_bits"}
    assert not fields - {row.field for row in easings(NumericsConfig(activation="none"), "aat")}


@pytest.mark.parametrize("system", ["float", "cpu_int8"])
def test_a_system_of_the_cpu_has_nothing_to_ease(system: Any) -> None:
    assert not list(easings(NumericsConfig(), system))
