from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnasim.cli.main import main
from nnasim.errors import NnasimError
from nnasim.sweeps.export import export
from nnasim.sweeps.frames import StoredSweep, read_points
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.pareto import pareto_mask
from nnasim.sweeps.run import sweep
from nnasim.sweeps.sensitivity import bottlenecks, pareto, sobol, tornado
from nnasim.sweeps.store import Store


@pytest.fixture
def stored(load, tmp_path: Path):
    """Fills a store with a study and opens it for analysis."""

    def fill(**changes) -> StoredSweep:
        job, space = load(**changes)
        with Store(tmp_path / "s.sqlite") as store:
            sweep(job, space, store, InlineBackend())
        return StoredSweep(tmp_path / "s.sqlite")

    return fill


def test_a_point_is_on_the_front_unless_another_beats_it() -> None:
    costs = [(1, 5), (2, 2), (3, 3), (5, 1), (2, 2), (1, 6), (np.nan, 0)]
    assert pareto_mask(costs).tolist() == [True, True, False, True, True, False, False]


def test_the_front_agrees_with_comparing_all_pairs() -> None:
    costs = np.random.default_rng(0).integers(0, 6, (200, 3))
    beaten = [any((other <= cost).all() and (other < cost).any() for other in costs) for cost in costs]
    assert pareto_mask(costs).tolist() == [not lost for lost in beaten]


def test_a_store_is_one_frame(stored, tmp_path: Path) -> None:
    study = stored()
    assert len(read_points(tmp_path / "s.sqlite")) == len(study.points) == 6
    assert study.points["host.handoff_us"].tolist() == [5, 20] * 3  # in the study's order
    assert pareto(study)["host.handoff_us"].tolist()[0] == 5


def test_the_axis_that_matters_is_found(stored) -> None:
    axes = {"host.handoff_us": {"range": [5, 50, 4]}, "dram.bytes_per_second": {"logrange": [3e9, 4e9, 2]}}
    study = stored(axes=axes, objectives=["handoff_ms"])
    swings = tornado(study, "handoff_ms")
    assert swings["axis"].tolist()[0] == "host.handoff_us"
    assert swings["swing"].tolist()[1] == 0
    indices = sobol(study, "handoff_ms").set_index("axis")
    assert indices.loc["host.handoff_us", "first_order"] == pytest.approx(1, abs=0.02)
    assert indices.loc["dram.bytes_per_second", "total_order"] == pytest.approx(0, abs=0.02)
    cells = bottlenecks(study, "host.handoff_us", "dram.bytes_per_second")
    assert cells.shape == (2, 4)
    assert cells.iloc[0, 3] == "handoff"


def test_sobol_indices_of_a_saltelli_sample_add_up_for_a_linear_figure(stored) -> None:
    # Crossings and CPU time add: two independent costs of a user-perceived latency that no queue bends.
    axes = {"host.handoff_us": {"range": [0, 30]}, "options.endpointer_ms": {"range": [0, 0.2]}}
    study = stored(axes=axes, objectives=["upl_ms.p50"], sampler="saltelli", points=64)
    indices = sobol(study, "upl_ms.p50")
    assert indices["first_order"].sum() == pytest.approx(1, abs=0.1)
    assert indices["total_order"].to_numpy() == pytest.approx(indices["first_order"].to_numpy(), abs=0.1)


def test_an_incomplete_grid_has_no_sobol_indices(stored) -> None:
    assert sobol(stored(constraints=["host.handoff_us < 10 or dram.bytes_per_second > 1e9"]), "energy_mj") is None


def test_export_and_page_through_the_command_line(stored, tmp_path: Path, capsys) -> None:
    stored(axes={"sram.bytes": {"list": [64, 131072, 393216]}, "host.handoff_us": {"list": [5, 20]}})
    store = str(tmp_path / "s.sqlite")
    assert main(["sweep-export", store, "--out", str(tmp_path / "a.csv")]) == 0
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert len(rows) == 7
    assert rows[0].startswith("sram.bytes,host.handoff_us,")
    assert main(["sweep-report", store, "--out", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text()
    assert "4 of 6 points ran well, 2 failed" in page
    assert "sram.bytes must be at least" in page
    assert "http" not in page.replace("http-equiv", "")
    assert main(["sweep-report", store, "--out", str(tmp_path / "b.html")]) == 0
    assert (tmp_path / "b.html").read_text() == page
    assert main(["sweep-report", store, "--out", str(tmp_path / "a.html")]) == 2
    assert "exists already" in capsys.readouterr().err


def test_optunas_journal_holds_every_point(stored, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    study = stored(axes={"sram.bytes": {"list": [64, 393216]}})
    export(study, tmp_path / "s.journal")
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "s.journal"))
    trials = optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend)).trials
    assert [trial.state.name for trial in trials] == ["FAIL", "COMPLETE"]
    assert trials[1].params == {"sram.bytes": 393216}


def test_a_sample_whose_axes_are_not_in_alphabetical_order_is_found_again(stored) -> None:
    axes = {"host.handoff_us": {"range": [1, 50]}, "clock_hz": {"range": [1e8, 9e8]}}
    assert len(stored(axes=axes, sampler="sobol", points=4).good) == 4


def test_parquet_holds_every_point_with_its_types(stored, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    study = stored(axes={"sram.bytes": {"list": [64, 131072, 393216]}})
    export(study, tmp_path / "s.parquet")
    there = pd.read_parquet(tmp_path / "s.parquet")
    pd.testing.assert_frame_equal(there, study.points)
    assert list(there["sram.bytes"]) == [64, 131072, 393216]
    assert "sram.bytes must be at least" in there["message"][0]


def test_without_pyarrow_an_export_to_parquet_is_refused_in_one_line(stored, tmp_path, monkeypatch, capsys) -> None:
    stored()
    monkeypatch.setattr("nnasim.sweeps.export.find_spec", lambda name: None)
    out = tmp_path / "s.parquet"
    assert main(["sweep-export", str(tmp_path / "s.sqlite"), "--out", str(out)]) == 2
    assert capsys.readouterr().err == "nnasim: this needs 'pyarrow': pip install 'nnasim[parquet]'\n"
    assert not out.exists()


def test_an_unknown_format_is_refused(stored, tmp_path: Path) -> None:
    with pytest.raises(NnasimError, match=r"must end in \.csv"):
        export(stored(), tmp_path / "a.xlsx")


def test_two_shards_make_one_store(write_study, tmp_path: Path, capsys) -> None:
    study = str(write_study())
    for index in ("1", "2"):
        store = str(tmp_path / f"{index}.sqlite")
        assert main(["sweep", study, "--store", store, "--shard", f"{index}/2", "--jobs", "1"]) == 0
    stores = [str(tmp_path / f"{index}.sqlite") for index in ("1", "2")]
    assert main(["merge", *stores, "--into", str(tmp_path / "all.sqlite")]) == 0
    assert "6 points new, 6 in all" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1", "--store", "s"], "cannot be reached"),
        (["--scheduler", "tcp://me:secret@[::1", "--store", "s"], "cannot be reached"),
        (["--scheduler", "here", "--store", "s"], "must be an address"),
        (["--scheduler", "me:secret@here", "--store", "s"], "must be an address"),
        (["--scheduler", "tcp://h:1", "--jobs", "2", "--store", "s"], "cannot be combined with --jobs"),
        (["--shard", "3/2", "--store", "s"], "must be I/N"),
        ([], "--store = None: must be given"),
    ],
)
def test_wrong_options_are_one_line_before_anything_runs(write_study, tmp_path, capsys, monkeypatch, more, message):
    if message == "cannot be reached":
        pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", str(write_study()), *more]) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1
    assert "secret" not in complaint
    assert not (tmp_path / "s").exists()


def test_a_dry_run_counts_and_estimates(write_study, capsys) -> None:
    assert main(["sweep", str(write_study(constraints=["host.handoff_us > 5"])), "--dry-run"]) == 0
    assert "3 points of 6 (the constraints drop the others)" in capsys.readouterr().out


@pytest.mark.parametrize("sampler", [{}, {"sampler": "saltelli", "points": 6}])
def test_one_axis_alone_has_all_of_the_variance_and_a_page(stored, sampler, tmp_path: Path) -> None:
    axis = {"range": [1, 100, 3]} if not sampler else {"range": [1, 100]}
    study = stored(axes={"host.handoff_us": axis}, **sampler)
    frame = sobol(study, "engine_latency_ms.p90")
    assert frame is not None
    assert frame.to_dict("records") == [{"axis": "host.handoff_us", "first_order": 1.0, "total_order": 1.0}]
    assert main(["sweep-report", str(tmp_path / "s.sqlite"), "--out", str(tmp_path / "p.html")]) == 0
