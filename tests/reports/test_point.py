"""Values of a sweep's points: with units for a reader, exact where they are sorted, copied or kept."""

from pathlib import Path

import pytest

from nnasim.sweeps.sensitivity import pareto
from reports.blocks import Quantity, Value, recorded
from reports.charts.sweep import MOST_POINTS, MOST_VALUES, front_chart, most_points, point_columns
from reports.naming import whole_text
from reports.point import axis_cell, axis_text, figure_cell, figure_text
from tests.reports.pages import swept


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        ("dram.bytes_per_second", 5_002_929_893.0, "5.00293 GB/s"), ("sram.bytes", 1_048_576, "1 MiB"),
        ("clock_hz", 2.5e8, "250 MHz"), ("host.handoff_us", 5, "5 us"), ("dram.kind", "lpddr4", "lpddr4"),
        ("sram.resident_weights", None, "null"), ("numerics.weight_bits", float("nan"), "null"),
    ],
)  # fmt: skip
def test_a_value_of_an_axis_has_its_unit(axis: str, value: object, text: str) -> None:
    assert axis_text(axis, value) == text


@pytest.mark.parametrize(
    ("objective", "value", "text"),
    [
        ("cycles", 5_002_929_893, "5.003 G"), ("cycles", 96_193, "96,193"), ("dram_bytes", 67_140_000, "67.14 MB"),
        ("engine_latency_ms.p90", 10_005.9, "10,006"), ("energy_mj", None, "—"),
    ],
)  # fmt: skip
def test_a_figure_is_short_enough_to_read(objective: str, value: float | None, text: str) -> None:
    assert figure_text(objective, value) == text


def test_a_cell_is_sorted_and_kept_by_all_its_digits() -> None:
    rate, cycles = axis_cell("dram.bytes_per_second", 5_002_929_893.0), figure_cell("cycles", 5_002_929_893.0)
    assert isinstance(rate, Quantity)
    assert (rate.value, recorded(rate), recorded(cycles)) == (5_002_929_893.0,) * 3
    assert recorded(Value("5.00293 GB/s", "5002929893.0")) == "5002929893.0"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5_002_929_893.0, "byte/s", "5.002929893 GB/s"), (5e8, "Hz", "500 MHz"), (393_216, "byte", "384 KiB"),
        (1_240_001, "byte", "1,240,001"), (0.1, "ms", "0.1"), (50.0, "us", "50"), (2**60 + 1, "", f"{2**60 + 1:,}"),
        (10**400, "byte", "a number of 401 digits"),
    ],
)  # fmt: skip
def test_a_chip_says_each_of_its_numbers_whole(value: object, unit: str, text: str) -> None:
    assert whole_text(value, unit) == text


def test_a_line_joins_only_points_that_none_beats_in_the_two_objectives_of_its_picture(tmp_path: Path) -> None:
    stored = swept(tmp_path, "sweep of three objectives")
    front = pareto(stored)
    x, y = stored.objectives[:2]
    (chart,) = front_chart(stored, front, point_columns(stored, front), x, y)
    (steps,) = (columns for name, columns in chart.data.items() if name.startswith("steps"))
    across, upwards, _ = steps.values()
    assert list(across) == sorted(set(across))
    assert list(upwards) == sorted(set(upwards), reverse=True)
    assert 1 < len(across) < len(front)
    corners = set(zip(across, upwards, strict=True))
    every = set(stored.good[[x, y]].itertuples(index=False, name=None))
    assert not {
        corner for corner in corners for a, b in every if a <= corner[0] and b <= corner[1] and (a, b) != corner
    }


@pytest.mark.parametrize("count", [2, 10, 36, 200])
def test_a_page_holds_no_more_values_for_more_axes(count: int) -> None:
    assert 2 <= most_points(["axis"] * count) <= min(MOST_POINTS, MOST_VALUES // count)
