"""A result in Python: short to look at, frames with units, saved and read back."""

from pathlib import Path

import pytest

import nnasim
from nnasim.front.results import Result
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace

MOST_HTML = 100_000


def test_what_is_shown_is_short(chip: NnaConfig, trace: OpTrace, result: Result) -> None:
    assert len(repr(chip).splitlines()) == len(repr(trace).splitlines()) == len(repr(result.record).splitlines()) == 1
    assert all(str(value) == repr(value) for value in (chip, trace, result, result.record))
    assert len(repr(result).splitlines()) == 6
    for word in ("engine latency", "real-time factor", "busiest: ", "energy", "hand-offs"):
        assert word in repr(result)


def test_notebooks_get_small_html_without_markup_from_names(chip: NnaConfig, trace: OpTrace, result: Result) -> None:
    for value in (chip, trace, result):
        html = value._repr_html_()
        assert len(html) < MOST_HTML
        assert "<script" not in html
        assert "<b>" not in html
        assert "http" not in html.replace("http://www.w3.org", "")
    assert "&lt;b&gt;small" in trace._repr_html_()


def test_frames_have_units_in_their_columns_and_a_named_index(result: Result) -> None:
    ops, record = result.ops(), result.record
    assert list(ops.index.names) == ["graph", "op"]
    assert len(ops) == len(record.ops)
    assert ops["busy_ms"].sum() == pytest.approx(sum(op.cycles for op in record.ops) * 1e3 / record.clock_hz)
    assert (ops["busy_ms"] + ops["stall_ms"]).is_monotonic_decreasing
    frames = result.frames()
    assert list(frames.index.names) == ["utterance", "frame"]
    assert (frames["latency_ms"] == frames["end_ms"] - frames["arrival_ms"]).mean() == pytest.approx(1, abs=1)
    blocks = result.blocks()
    total_ms = record.totals.cycles * 1e3 / record.clock_hz
    assert blocks.sum(axis=1).to_list() == pytest.approx([total_ms] * len(blocks))
    assert result.utterances()["engine_latency_ms"].to_list() == [record.utterances[0].engine_latency_ms]
    energy = result.energy()
    assert energy.loc["total", "nominal_mj"] == record.totals.energy_mj
    assert (energy["low_mj"] <= energy["high_mj"]).all()


def test_a_chip_without_tables_has_empty_frames_and_says_so(trace: OpTrace, chip: NnaConfig) -> None:
    bare = nnasim.simulate(trace, chip.with_({"energy": None, "area": None}))
    assert bare.energy().empty
    assert bare.area().empty
    assert bare.energy_mj is None
    assert "energy not known" in repr(bare)


def test_a_result_is_saved_read_back_and_reported(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "result.json")
    assert nnasim.read_result(tmp_path / "result.json").record == result.record
    with pytest.raises(nnasim.NnasimError, match="exists"):
        result.save(tmp_path / "result.json")
    result.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text().startswith("<!")


def test_what_is_probably_not_meant_is_a_warning_at_the_users_line(trace: OpTrace, chip: NnaConfig) -> None:
    slow = chip.with_({"clock_hz": 500})
    for verb in (
        lambda: nnasim.simulate(trace, slow),
        lambda: nnasim.compare_chips({"slow": slow}, trace),
        lambda: nnasim.sweep(slow, trace, {"host.handoff_us": [10]}, jobs=1),
    ):
        with pytest.warns(UserWarning, match="clock_hz") as caught:
            verb()
        assert {warning.filename for warning in caught} == {__file__}


def test_a_chip_that_was_changed_is_told_from_its_preset(result: Result, trace: OpTrace, chip: NnaConfig) -> None:
    assert "aat on edge256 with dram.bytes_per_second 12000000000, host.handoff_us 35: " in repr(result)
    assert "aat on edge256: " in repr(nnasim.simulate(trace))
    assert len({chip, chip.with_({}), nnasim.preset("edge256")}) == 2
    with pytest.raises(AttributeError, match=r"NnaConfig.name cannot be set; with_\({...}\) gives a changed one"):
        chip.name = "mine"


def test_a_stored_trace_is_read_and_may_change_its_system(trace: OpTrace, chip: NnaConfig, tmp_path: Path) -> None:
    nnasim.write_trace(trace, tmp_path / "t.json")
    assert nnasim.trace(tmp_path / "t.json") == trace
    assert nnasim.trace(tmp_path / "t.json", system="float").system == "float"
    with pytest.raises(nnasim.NnasimError, match="frames = 3: is not used with a stored trace"):
        nnasim.trace(tmp_path / "t.json", frames=3)
    assert nnasim.simulate(tmp_path / "t.json", chip).record == nnasim.simulate(trace, chip).record
