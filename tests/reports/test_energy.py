"""Ranges of energy and area reach the page as the result file carries them."""

import json
import re
from pathlib import Path

import pytest

from nnasim.errors import TraceError
from nnasim.hardware import load_preset
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import Extra
from nnasim.pipeline import simulate
from reports.page import page
from reports.result_set import ResultSet
from reports.text import number
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=32, frame_ms=40, encoder_units=64, encoder_before=1, embedding=16, prediction_units=32,
    prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


def simulated(*overrides: str):
    return simulate(build_trace(SHAPE, 4, 2), load_preset("edge256", list(overrides)))


def section(html: str) -> str:
    return html.partition('<section id="energy">')[2].partition("</section>")[0]


def test_a_result_file_carries_a_range_per_part_and_their_sums(tmp_path) -> None:
    write_record(tmp_path / "result.json", simulated())
    stored = json.loads((tmp_path / "result.json").read_text())["extra"]
    for figure in ("energy_mj", "area_mm2"):
        parts = {name: row for name, row in stored[figure].items() if name != "total"}
        assert all(low < typical < high for low, typical, high in parts.values() if high)
        sums = [sum(column) for column in zip(*parts.values(), strict=True)]
        assert max(abs(a / b - 1) for a, b in zip(sums, stored[figure]["total"], strict=True)) < 1e-12


def test_a_wider_table_widens_the_total_by_just_that_part() -> None:
    plain, wide = (simulated(f"energy.dram_pj_per_byte.lpddr4={row}") for row in ("[100,250,300]", "[50,250,600]"))
    low, typical, high = (b - a for a, b in zip(*(r.extra.energy_mj["total"] for r in (plain, wide)), strict=True))
    moved = plain.totals.dram_bytes * 1e-9
    assert (round(low / moved), typical, round(high / moved)) == (-50, 0, 300)


def test_the_page_shows_low_typical_and_high_of_every_part_and_total(tmp_path) -> None:
    write_record(tmp_path / "result.json", simulated())
    result = read_result(tmp_path / "result.json")
    text = section(page(ResultSet({"aat": result})))
    for figure in ("energy_mj", "area_mm2"):
        for part, row in getattr(result.extra, figure).items():
            cells = "".join(f'<td data-order="{value!r}">{number(value)}</td>' for value in row)
            name = part.replace("_", " ")
            assert re.search(rf"{name}.*?</th>\s*{re.escape(cells)}", text, re.DOTALL), part
    assert "45 nm" in text


def test_systems_on_one_chip_share_its_area() -> None:
    result, smaller = simulated(), simulated("sram.bytes=131072")
    text = section(page(ResultSet({"aat": result, "naive": result, "small": smaller})))
    energy, _, area = text.partition("<h3>Area")
    assert energy.count('colspan="3"') == 3
    assert re.findall(r"edge256, [^<]*", area) == ["edge256, sram 384 KiB", "edge256, sram 128 KiB"]


def test_without_tables_there_is_no_such_section() -> None:
    assert 'id="energy"' not in page(ResultSet({"aat": simulated("energy=null", "area=null")}))


@pytest.mark.parametrize("row", [[3, 2, 1], [1, 2], ["a", 1, 2], [0, 1, "inf"], 7])
def test_what_is_no_range_is_refused_when_a_file_is_read(tmp_path: Path, row: object) -> None:
    data = simulated().model_dump(mode="json")
    data["extra"]["energy_mj"]["leakage"] = row
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(TraceError, match=r"result\.json: extra\.energy_mj"):
        read_result(tmp_path / "result.json")


def test_hostile_names_of_parts_are_escaped() -> None:
    extra = Extra(energy_mj={"<img src=x onerror=alert(1)>": (1, 2, 3), "total": (1, 2, 3)})
    html = page(ResultSet({"aat": simulated().model_copy(update={"extra": extra})}))
    assert "<img" not in html
    assert "&lt;img" in section(html)
