"""`--csv-safe`: however a stranger names things, no cell of a CSV file is a formula. Every command that writes one."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.csvtext import FORMULA_STARTS, spreadsheet_cells
from nnasim.ir.io import write_record
from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.local import InlineBackend
from reports.blocks import Document, Section, Table
from reports.document import write_document
from tests.nnasim.cli.commands import functions
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

EVIL = '=HYPERLINK("http://x")'
WRITERS = {
    "compare", "compare-chips", "validate", "import", "sweep-export", "study aat", "study delays", "study numerics",
}  # fmt: skip


def cells(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.csv"):
        with path.open(newline="") as file:
            for row in csv.reader(file):
                yield from row


def is_formula(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.startswith(FORMULA_STARTS)
    return False


def run(folder: Path, *arguments: str) -> tuple[bool, bool]:
    """Whether any cell of ``folder`` is a formula without `--csv-safe`, and with it."""
    endings = []
    for more in ([], ["--csv-safe"]):
        assert main([*arguments, *more, "--force"]) == 0
        endings.append(any(map(is_formula, cells(folder))))
    return endings[0], endings[1]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_commands_that_write_csv_have_the_option() -> None:
    assert {name for name, function in functions() if "csv_safe" in function.__annotations__} == WRITERS


def test_systems_compared() -> None:
    write_record("trace.json", build_trace(TINY, 3, 1, system="aat"))
    text = Path("trace.json").read_text()
    Path("trace.json").write_text(text.replace('"joint"', '"=joint"'))
    assert run(Path("out"), "compare", "--trace", "trace.json", "--systems", "aat", "--out", "out") == (True, False)


def test_chips_compared() -> None:
    write_record("trace.json", build_trace(TINY, 3, 1, system="aat"))
    Path("=1+1.yaml").write_text('extends: edge256\nname: "=1+1"\nhost:\n  handoff_us: 5\n')
    assert run(Path("out"), "compare-chips", "edge256", "=1+1.yaml", "--trace", "trace.json", "--out", "out") == (
        True,
        False,
    )


def test_a_measured_table() -> None:
    Path("t.csv").write_text("array_size,M,k_tiles,total_cycles,remark\n8,1,1,34,=1+1\n8,4,1,74,-3\n")
    assert run(Path("out"), "validate", "--reference", "t.csv", "--out", "out") == (True, False)
    assert "-3" in cells(Path("out"))


def test_nodes_of_a_foreign_model() -> None:
    pytest.importorskip("onnx")
    import onnx

    from tests.workloads.small_onnx import streaming

    model = onnx.load(streaming(Path("m.onnx")))
    model.graph.node[0].name = EVIL
    onnx.save(model, "m.onnx")
    Path("out").mkdir()
    words = ("import", "m.onnx", "--period-ms", "1000", "--seconds", "4", "--out", "t.json", "--ledger", "out/l.csv")
    assert run(Path("out"), *words) == (True, False)


def test_points_of_a_sweep(write_study, monkeypatch: pytest.MonkeyPatch) -> None:
    axes = {"host.handoff_us": {"list": [5, 20]}}
    swept(prepared(write_study(axes=axes)), Path("s.sqlite"), InlineBackend())
    monkeypatch.setattr("nnasim.sweeps.frames.STATUS", ("key", "status", "message", "seconds", EVIL))
    Path("out").mkdir()
    assert run(Path("out"), "sweep-export", "s.sqlite", "--out", "out/s.csv") == (True, False)
    with open("out/s.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["host.handoff_us"]) for row in rows] == [5.0, 20.0]


def test_tables_of_studies() -> None:
    table = Table("t", "T", (EVIL, "x"), ((EVIL, -1.5),))
    document = Document("A study", (EVIL,), (Section("one", "First", (table,)),))
    with spreadsheet_cells():
        write_document(Path("out"), document)
    assert list(cells(Path("out"))) == [f"'{EVIL}", "x", f"'{EVIL}", "-1.5"]


@pytest.mark.parametrize(
    "words",
    [("import", "m.onnx", "--out", "t.json"), ("sweep-export", "s.sqlite", "--out", "s.journal")],
    ids=["no ledger", "a journal"],
)
def test_where_no_csv_is_written_it_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--csv-safe"]) == 2
    assert "--csv-safe = True: is not used" in capsys.readouterr().err
