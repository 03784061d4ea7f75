"""Several chips on the same work, and many of them."""

from pathlib import Path

import pytest

import nnasim
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace


def test_chips_stand_side_by_side_and_the_first_is_the_measure(trace: OpTrace, chip: NnaConfig, tmp_path: Path) -> None:
    slow = chip.with_({"dram.bytes_per_second": 1e8})
    compared = nnasim.compare_chips({"slow": slow, "<i>today</i>": chip, "preset": "mcu128"}, trace)
    frame = compared.frame()
    assert list(frame.index) == ["slow", "<i>today</i>", "preset"]
    assert frame.loc["slow", "gain_pct"] == 0
    before, after = frame["engine_latency_mean_ms"].iloc[:2]
    assert frame["gain_pct"].iloc[1] == pytest.approx(100 * (1 - after / before))
    assert len(repr(compared).splitlines()) == 4
    html = compared._repr_html_()
    assert "<i>" not in html
    assert len(html) < 100_000
    compared.report(tmp_path / "chips.html")
    assert "&lt;i&gt;today" in (tmp_path / "chips.html").read_text()


def test_chips_with_and_without_an_energy_table_stand_in_one_table(trace: OpTrace, chip: NnaConfig) -> None:
    bare = chip.with_({"energy": None, "area": None})
    compared = nnasim.compare_chips({"bare": bare, "full": chip}, trace)
    assert "—" in repr(compared).splitlines()[1]
    assert "—" not in repr(compared).splitlines()[2]
    assert compared._repr_html_()


class TestASweepWithoutAFile:
    def test_every_value_of_an_axis_is_a_point(self, trace: OpTrace, chip: NnaConfig) -> None:
        swept = nnasim.sweep(chip, trace, {"host.handoff_us": [10, 50, 100]}, jobs=1)
        frame = swept.frame()
        assert frame.index.name == "point"
        assert frame["host.handoff_us"].to_list() == [10, 50, 100]
        single = nnasim.simulate(trace, chip.with_({"host.handoff_us": 50}))
        assert frame["engine_latency_ms.p50"][1] == single.engine_latency_ms
        assert swept.best()["host.handoff_us"] == 10
        assert len(repr(swept).splitlines()) == 5

    def test_two_objectives_have_a_front(self, trace: OpTrace, chip: NnaConfig) -> None:
        axes = {"mac_array.macs_per_cycle": [64, 256], "host.handoff_us": {"range": [10, 50, 2]}}
        swept = nnasim.sweep(chip, trace, axes, objectives=["engine_latency_ms.p50", "area_mm2"], jobs=1)
        assert len(swept.frame()) == 4
        assert set(swept.pareto()["host.handoff_us"]) == {10}
        assert len(swept._repr_html_()) < 100_000

    @pytest.mark.filterwarnings("ignore:sram")  # so small that nobody would build it
    def test_points_keep_their_numbers(self, trace: OpTrace, chip: NnaConfig) -> None:
        swept = nnasim.sweep(chip, trace, {"sram.bytes": [64, 393216]}, jobs=1)
        assert swept.pareto().index.to_list() == [1] == [swept.best().name]
        assert swept.frame().loc[swept.pareto().index, "status"].to_list() == ["ok"]
        assert "2 points, 1 failed, the first: edge256: sram.bytes = 64" in repr(swept)

    def test_points_of_a_grid_are_those_of_its_axes(self, trace: OpTrace, chip: NnaConfig) -> None:
        with pytest.raises(nnasim.NnasimError, match="points = 2: a grid has the points of its axes"):
            nnasim.sweep(chip, trace, {"host.handoff_us": [10, 50]}, points=2, jobs=1)

    def test_a_store_keeps_the_points(self, trace: OpTrace, chip: NnaConfig, tmp_path: Path) -> None:
        store, progress = tmp_path / "s.sqlite", []
        axes = {"host.handoff_us": [10, 50]}
        first = nnasim.sweep(chip, trace, axes, store=store, jobs=1)
        again = nnasim.sweep(chip, trace, axes, store=store, jobs=1, progress=lambda *sofar: progress.append(sofar[:3]))
        assert again.frame().equals(first.frame())
        assert nnasim.read_sweep(store).frame().equals(first.frame())
        assert progress[-1] == ("points", 2, 2)

    @pytest.mark.filterwarnings("ignore:sram")  # so small that nobody would build it
    def test_points_that_fail_say_why(self, trace: OpTrace, chip: NnaConfig) -> None:
        swept = nnasim.sweep(chip, trace, {"sram.bytes": [1024, 2048]}, jobs=1)
        assert set(swept.frame()["status"]) == {"failed"}
        with pytest.raises(nnasim.NnasimError, match="every point failed"):
            swept.best()
        assert "2 failed" in repr(swept)

    @pytest.mark.parametrize(
        "axes",
        [
            {},
            {"host.handof_us": [1]},
            {"host.handoff_us": []},
            {"host.handoff_us": [-1]},
            {"host.handoff_us": [10**400]},
        ],
    )
    def test_wrong_axes_are_refused(self, trace: OpTrace, chip: NnaConfig, axes: dict[str, list[int]]) -> None:
        with pytest.raises(nnasim.NnasimError, match="sweep: axes"):
            nnasim.sweep(chip, trace, axes, jobs=1)
