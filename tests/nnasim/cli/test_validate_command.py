"""`nnasim validate`: three files in a folder, or one line about what is wrong."""

import csv
import json

import pytest

from nnasim.cli.main import main

TABLE = "array_size,M,k_tiles,total_cycles\n8,1,1,34\n8,4,1,74\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """run("--reference", ...) -> (exit code, stdout, stderr), in a folder that holds table.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)

    def call(*arguments):
        code = main(["validate", *arguments])
        return (code, *capsys.readouterr())

    return call


def test_a_table_becomes_rows_figures_and_a_picture(run, tmp_path):
    code, out, _ = run("--reference", "table.csv", "--out", "folder")
    assert code == 0
    assert "all rows" in out
    with (tmp_path / "folder" / "validation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["simulated_cycles"] for row in rows] == ["34", "37"]
    assert float(rows[1]["error_pct"]) == -50.0
    assert list(rows[0])[:6] == ["array_size", "M", "k_tiles", "total_cycles", "simulated_cycles", "error_pct"]
    figures = json.loads((tmp_path / "folder" / "validation.json").read_text())
    assert (figures["rows"], figures["exact_rows"], figures["max_abs_error_pct"]) == (2, 1, 50.0)
    assert (tmp_path / "folder" / "validation.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_table_gives_the_same_bytes(run, tmp_path):
    run("--reference", "table.csv", "--out", "one")
    run("--reference", "table.csv", "--out", "two")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_an_existing_folder_is_kept_unless_forced(run, tmp_path):
    (tmp_path / "folder").mkdir()
    code, _, error = run("--reference", "table.csv", "--out", "folder")
    assert (code, error.count("\n")) == (2, 1)
    assert run("--reference", "table.csv", "--out", "folder", "--force")[0] == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (TABLE + "8,4,2,99\n", "line 4: k_tiles"),
        (TABLE.replace("k_tiles", "simulated_cycles"), "k_tiles"),
        (TABLE.replace("total_cycles\n8,1,1,34\n8,4,1,74", "total_cycles,group\n8,1,1,34,x"), "'group'"),
        ("nothing\nhere\n", "is no table of"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(run, tmp_path, text, named):
    (tmp_path / "table.csv").write_text(text)
    code, out, error = run("--reference", "table.csv", "--out", "folder")
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert named in error
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
