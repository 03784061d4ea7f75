"""`nnasim fit`: a preset that `simulate` reads, or one line about what is wrong."""

import json

import pytest

from benchmarks.fit_boards import SHAPES, timed
from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.io import write_record
from nnasim.studies.speed.layer import layer_trace

FIELDS = ("--fields", "host.handoff_us,dram.efficiency")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """run("board.csv", ...) -> (exit code, stdout, stderr), in a folder that holds board.csv."""
    monkeypatch.chdir(tmp_path)
    measured = timed(load_preset("edge256", ["host.handoff_us=31", "dram.efficiency=0.6"]), SHAPES[:5])
    lines = [",".join(measured.columns), *(",".join(row.cells.values()) for row in measured.rows)]
    (tmp_path / "board.csv").write_text("\n".join(lines) + "\n")

    def call(*arguments):
        code = main(list(arguments))
        return (code, *capsys.readouterr())

    return call


def test_a_table_becomes_a_preset_that_simulate_reads(run, tmp_path) -> None:
    code, out, error = run("fit", "board.csv", *FIELDS, "--out", "my_board.yaml", "--json", "fit.json")
    assert (code, error) == (0, "")
    assert "2 fields from 5 rows" in out
    text = (tmp_path / "my_board.yaml").read_text()
    assert text.startswith("# nnasim fit board.csv --fields host.handoff_us,dram.efficiency --out FILE.yaml")
    assert text.count("# measured: board.csv, 5 rows; 95 % interval") == 2
    record = json.loads((tmp_path / "fit.json").read_text())
    assert [field["field"] for field in record["fields"]] == ["host.handoff_us", "dram.efficiency"]
    write_record(tmp_path / "trace.json", layer_trace(256, 256))
    assert run("simulate", "trace.json", "--preset", "my_board.yaml", "--out", "result.json")[0] == 0
    assert "measured: board.csv, 5 rows" in run("presets", "my_board.yaml")[1]


def test_an_existing_preset_is_kept_unless_forced(run, tmp_path) -> None:
    (tmp_path / "my_board.yaml").write_text("extends: edge256\n")
    code, _, error = run("fit", "board.csv", *FIELDS, "--out", "my_board.yaml")
    assert (code, error.count("\n")) == (2, 1)
    assert run("fit", "board.csv", *FIELDS, "--out", "my_board.yaml", "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("board.csv", "--fields", "host.handof", "--out", "b.yaml"), "handoff_us"),
        (("board.csv", "--fields", "host.handoff_us,,", "--out", "b.yaml"), "commas between them"),
        (("board.csv", *FIELDS, "--out", "b.json"), "must end in .yaml"),
        (("absent.csv", *FIELDS, "--out", "b.yaml"), "absent.csv"),
        (("board.csv", *FIELDS, "--preset", "edge25", "--out", "b.yaml"), "known are"),
        (("board.csv", "--fields", "a,b,c,d,e,f", "--out", "b.yaml"), "unknown key"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(run, tmp_path, arguments, named) -> None:
    code, out, error = run("fit", *arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert named in error
    assert [path.name for path in tmp_path.iterdir()] == ["board.csv"]
