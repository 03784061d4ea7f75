"""`nnasim fit`: a preset that `simulate` reads, or one line about what is wrong."""

import json

import pytest

from benchmarks.fit_boards import SHAPES, timed
from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.io import write_record
from nnasim.studies.fitting.rows import Measurement
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
    assert "measured: board.csv, 5 rows" in run("presets", "my_board.yaml", "--all")[1]


def test_an_existing_preset_is_kept_unless_forced(run, tmp_path) -> None:
    (tmp_path / "my_board.yaml").write_text("extends: edge256\n")
    code, _, error = run("fit", "board.csv", *FIELDS, "--out", "my_board.yaml")
    assert (code, error.count("\n")) == (2, 1)
    assert run("fit", "board.csv", *FIELDS, "--out", "my_board.yaml", "--force")[0] == 0


def test_a_fit_that_was_killed_goes_on_from_what_it_evaluated(run, tmp_path, monkeypatch) -> None:
    command = ("fit", "board.csv", *FIELDS, "--out", "my_board.yaml")
    predicted, simulated = Measurement.predicted, list[int]()

    def killed(measurement, trial):
        simulated.append(measurement.row.line)
        if len(simulated) == 120:
            raise KeyboardInterrupt
        return predicted(measurement, trial)

    monkeypatch.setattr(Measurement, "predicted", killed)
    assert run(*command)[0] != 0
    assert not (tmp_path / "my_board.yaml").exists()
    kept = tmp_path / "my_board.yaml.evaluated.jsonl"
    kept.write_text(kept.read_text() + '{"values": {"host.handoff')  # a line that broke off
    code, _, error = run(*command)
    assert (code, error.count("\n")) == (2, 1)
    assert "--resume continues it, --force begins anew" in error
    code, _, error = run(*command, "--resume")
    assert (code, error) == (0, "")
    assert not kept.exists()
    resumed, in_two = (tmp_path / "my_board.yaml").read_text(), len(simulated)
    simulated.clear()
    simulated.append(0)
    monkeypatch.setattr(Measurement, "predicted", lambda row, trial: (simulated.append(0), predicted(row, trial))[1])
    assert run(*command, "--force")[0] == 0
    assert (tmp_path / "my_board.yaml").read_text().splitlines()[1:] == resumed.splitlines()[1:]
    assert in_two < len(simulated) + 10  # but for the chip that was on when it was killed


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"kind": "nnasim.fit_evaluated", "schema_version": 1, "fit": "0"}\n', "another fit"),
        ("", "another fit"),
        ("[[\n", "evaluated.jsonl"),
    ],
)
def test_what_is_kept_of_another_fit_is_refused_and_stays(run, tmp_path, text, named) -> None:
    kept = tmp_path / "b.yaml.evaluated.jsonl"
    kept.write_text(text)
    code, _, error = run("fit", "board.csv", *FIELDS, "--out", "b.yaml", "--resume")
    assert (code, error.count("\n")) == (2, 1)
    assert named in error
    assert kept.read_text() == text


def test_nothing_to_go_on_with_is_said(run) -> None:
    code, _, error = run("fit", "board.csv", *FIELDS, "--out", "b.yaml", "--resume")
    assert (code, error.count("\n")) == (2, 1)
    assert "no fit to this file was stopped; leave out --resume" in error


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
