"""Whatever number a result or a sweep holds, each way of writing it as text has one, and none ends in an error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnasim import magnitudes
from nnasim.allowed import number_text, unscaled
from nnasim.cli import chip_tables
from nnasim.cli.sweep_lines import clock
from nnasim.csvtext import csv_text
from nnasim.errors import TraceError
from nnasim.front import sweeping
from nnasim.ir.io import read_result, read_shared, write_record
from nnasim.markup import counted, cut
from nnasim.studies.latency import study
from nnasim.sweeps.settings import written
from reports import moved, set_line, sweep_lines, to_html
from reports.blocks import Quantity, inlines, recorded
from reports.chart import shown_data
from reports.naming import field_name, value_name, whole_text
from reports.parameters import value_text
from reports.text import data_size, number, percent, prefixed
from tests.attack import attack
from tests.reports.pages import simulated, streamed

LARGEST = sys.float_info.max
NUMBERS = (
    0, -0.0, 5e-324, 2.0**53 + 2, 1e300, -LARGEST, int(LARGEST), 10**307, 10**309, -(10**309), 10**399 + 1,
    math.inf, -math.inf, math.nan,
)  # fmt: skip
UNITS = "byte", "byte/s", "Hz", "us", "bit", "ratio", ""
OF_A_UNIT: dict[str, Callable[[Any, str], str]] = {
    "value_name": value_name, "whole_text": whole_text, "value_text": value_text,
}  # fmt: skip
WRITERS: dict[str, Callable[[Any], object]] = {
    "number": number, "prefixed": prefixed, "percent": percent, "data_size": data_size, "number_text": number_text,
    "counted": lambda value: counted(value, "point"), "field_name": lambda value: field_name("sram.bytes", value),
    "clock": clock, "magnitudes": magnitudes._short, "latency study": study._shown, "setting": sweeping._setting,
    "written": written, "chip": chip_tables._shown, "sweep": sweep_lines._text, "set": set_line._written,
    "moved": moved._text, "sorted": to_html._sorted_as, "cell": cut, "words": inlines,
    "csv": lambda value: csv_text(("x",), [(recorded(value), recorded(Quantity(value, "")))]),
    "chart": lambda value: json.dumps(shown_data([value, {"x": value}]), allow_nan=False),
    **{f"{name} {unit}": lambda value, write=write, unit=unit: write(value, unit)
       for name, write in OF_A_UNIT.items() for unit in UNITS},
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_every_number_has_a_text(name: str) -> None:
    for value in NUMBERS:
        assert WRITERS[name](value), value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"), (10**309, "a number of 310 digits"),
        (int(LARGEST), None), (LARGEST, None), (0, None),
    ],
)  # fmt: skip
def test_what_nothing_can_be_multiplied_with_is_told_in_words(value: float, text: str | None) -> None:
    assert unscaled(value) == text


def test_beyond_the_whole_numbers_a_float_has_no_digits_that_say_nothing() -> None:
    assert number(1e307) == "1.00e+307"
    assert number(2.0**52) == f"{2**52:,}"


def paths(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all numbers in ``data``."""
    if isinstance(data, dict | list):
        for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(inner, (*path, key))
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield path


def put(data: Any, path: tuple[str | int, ...], value: object) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


@pytest.mark.parametrize("kind", ["result", "shared"])
def test_a_chip_with_a_number_beyond_every_float_is_refused_by_its_place(tmp_path: Path, kind: str) -> None:
    """The share of the DRAM's rate that a run used cannot be computed from one."""
    write_record(tmp_path / "result.json", simulated(4e9) if kind == "result" else streamed(4e9))
    data = json.loads((tmp_path / "result.json").read_text())
    for path in paths(data["hardware"]):
        absurd = json.loads(json.dumps(data["hardware"]))
        put(absurd, path, 10**390)
        (tmp_path / "absurd.json").write_text(json.dumps({**data, "hardware": absurd}))
        with pytest.raises(TraceError) as refused:
            (read_result if kind == "result" else read_shared)(tmp_path / "absurd.json")
        assert f"{'.'.join(map(str, path))} must be a number that a float holds, not a number of 391" in str(
            refused.value
        )


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_a_result_whose_chip_holds_only_absurd_numbers_has_a_page(tmp_path: Path, suffix: str) -> None:
    write_record(tmp_path / "result.json", simulated(4e9))
    data = json.loads((tmp_path / "result.json").read_text())
    bound = (("clock_hz",), ("sram", "bytes"))  # to figures beside them
    for path in paths(data["hardware"]):
        if tuple(path) not in bound:
            put(data["hardware"], path, 10**307)
    (tmp_path / "absurd.json").write_text(json.dumps(data))
    read_result(tmp_path / "absurd.json")
    ending = attack("report", tmp_path / "absurd.json", "--out", tmp_path / f"page.{suffix}")
    assert ending.code == 0, ending
