"""A file of another kind is told what it seems to be, whichever command was given it."""

import json
from pathlib import Path

import pytest

from nnasim import filekind
from nnasim.cli.main import main
from tests.nnasim.conftest import STUDY, TINY_SHAPE

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40)
TENSORS = (2).to_bytes(8, "little") + b"{}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of every kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY_SHAPE)
    assert main(["trace", "--shape", "tiny.yaml", "--frames", "4", "--symbols", "1", "--out", "trace.json"]) == 0
    assert main(["simulate", "trace.json", "--out", "result.json"]) == 0
    (tmp_path / "study.yaml").write_text(json.dumps(STUDY))
    (tmp_path / "chip.yaml").write_text("extends: edge256\n")
    (tmp_path / "speech.wav").write_bytes(WAV)
    (tmp_path / "pickled.pt").write_bytes(b"PK\x03\x04" + bytes(40))
    (tmp_path / "speech.json").write_bytes(WAV)
    (tmp_path / "speech.yaml").write_bytes(WAV)
    (tmp_path / "lines.jsonl").write_text('{"audio_filepath": "a.wav", "id": "a"}\n' * 2)
    (tmp_path / "lines.json").write_text('{"audio_filepath": "a.wav", "id": "a"}\n{"audio_filepath": "b.wav"}\n')
    (tmp_path / "spread.json").write_text('[\n {"audio_filepath": "a.wav"}\n]\n')
    (tmp_path / "table.csv").write_text("a,b,c\n1,2,3\n")
    (tmp_path / "page.json").write_text("<!DOCTYPE html><html></html>")
    (tmp_path / "result.yaml").write_text((tmp_path / "result.json").read_text())
    return tmp_path


CASES = [
    (["simulate", "result.json", "--out", "o"], "result.json: is a result file, not a trace"),
    (["report", "trace.json", "--out", "o"], "trace.json: is a trace, not a result file"),
    (["compare-results", "trace.json", "result.json"], "trace.json: is a trace, not a result file"),
    (["simulate", "study.yaml", "--out", "o"], "study.yaml: is a sweep file, not a trace"),
    (["simulate", "tiny.yaml", "--out", "o"], "tiny.yaml: is not JSON"),
    (["simulate", "tiny.yaml", "--out", "o"], "; it seems to be a shape file"),
    (["simulate", "chip.yaml", "--out", "o"], "; it seems to be a preset"),
    (["simulate", "trace.json", "--preset", "result.json", "--out", "o"], "; it seems to be a result file"),
    (["compare", "--placement", "trace.json", "--out", "o"], "; it seems to be a trace"),
    (["trace", "--shape", "table.csv", "--out", "o", "--frames", "4", "--symbols", "1"],
     "; it seems to be a CSV table"),
    (["sweep", "table.csv", "--store", "s"], "; it seems to be a CSV table"),
    (["validate", "--reference", "trace.json", "--out", "o"], "; it seems to be a trace"),
    (["data", "import", "tiny.yaml", "--out", "o"], "; it seems to be a shape file"),
    (["data", "import", "speech.wav", "--out", "o"], "; it seems to be a WAV file"),
    (["compare-results", "result.json", "."], ".: is no folder of nnasim compare: it holds no summary.json"),
    (["compare", "--manifest", "spread.json", "--out", "o"],
     "is not JSON lines, one object a line; it seems to be JSON"),
    (["simulate", "lines.json", "--out", "o"], "; it seems to be a manifest"),
    (["simulate", "table.csv", "--out", "o"], "; it seems to be a CSV table"),
    (["simulate", "page.json", "--out", "o"], "; it seems to be an HTML page"),
    (["simulate", "speech.json", "--out", "o"], "; it seems to be a WAV file"),
    (["simulate", "trace.json", "--preset", "tiny.yaml", "--out", "o"], "tiny.yaml: is a shape file, not a preset"),
    (["simulate", "trace.json", "--preset", "study.yaml", "--out", "o"], "a sweep file, not a preset"),
    (["presets", "speech.yaml"], "; it seems to be a WAV file"),
    (["trace", "--shape", "chip.yaml", "--frames", "4", "--symbols", "1", "--out", "o"], "a preset, not a shape file"),
    (["trace", "--shape", "result.yaml", "--frames", "4", "--symbols", "1", "--out", "o"],
     "is a result file, not a shape file"),
    (["sweep", "chip.yaml", "--store", "s"], "is a preset, not a sweep file"),
    (["sweep", "study.yaml", "--store", "trace.json"], "is no store (not an SQLite file); it seems to be a trace"),
    (["sweep-export", "study.yaml", "--out", "o.csv"], "is no store (not an SQLite file)"),
    (["evaluate", "--checkpoint", "speech.wav", "--manifest", "lines.jsonl", "--system", "float"],
     "speech.wav: is no checkpoint; it seems to be a WAV file"),
    (["trace", "--checkpoint", "tiny.yaml", "--manifest", "lines.jsonl", "--out", "o"],
     "tiny.yaml: is no checkpoint; it seems to be a shape file"),
    (["compare", "--manifest", "speech.wav", "--out", "o"], "speech.wav: is a WAV file, not a manifest"),
    (["compare", "--manifest", "result.json", "--out", "o"], "is a result file, not a manifest"),
    (["compare", "--manifest", "tiny.yaml", "--out", "o"], "; it seems to be YAML"),  # its first line
    (["compare", "--checkpoints", "speech.wav", "--out", "o"], "speech.wav: is no folder of checkpoints"),
    (["compare", "--placement", "chip.yaml", "--out", "o"], "is a preset, not a placement file"),
    (["validate", "--reference", "table.csv", "--out", "o"], "is no table of"),
    (["validate", "--reference", "result.json", "--out", "o"], "is no CSV table; it seems to be a result file"),
    (["validate", "--reference", "tiny.yaml", "--out", "o"], "is no CSV table; it seems to be a shape file"),
    (["validate", "--reference", "speech.wav", "--out", "o"], "it seems to be a WAV file"),
    (["merge", "trace.json", "--into", "all"], "trace.json: is no store (not an SQLite file); it seems to be a trace"),
    (["evaluate", "--checkpoint", "pickled.pt", "--manifest", "lines.jsonl", "--system", "float"],
     "pickled.pt: is no checkpoint; it seems to be a ZIP archive, as torch.save writes"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), CASES, ids=[f"{case[0][0]}-{case[1][:40]}" for case in CASES])
def test_a_file_of_another_kind_is_told_what_it_seems_to_be(
    arguments: list[str], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] == "data" or arguments[:2] == ["compare", "--manifest"]:
        pytest.importorskip("soundfile")
    capsys.readouterr()
    assert main(arguments) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("head", "kind"),
    [(WAV, "a WAV file"), (TENSORS, "a safetensors file"), (b"SQLite format 3\0", "an SQLite database"),
     (b"PK\x03\x04", "a ZIP archive"), (b"\x80\x04", "a Python pickle"), (b"name: x", None), (b"", None)],
)  # fmt: skip
def test_how_a_file_begins_says_what_it_is(head: bytes, kind: str | None) -> None:
    assert (filekind.of_bytes(head) or "none").startswith(kind or "none")


@pytest.mark.parametrize(("header", "delimiter"), [("a,b;c,d", ","), ("a;b;c", ";"), ("\na\tb", "\t"), ("a", ",")])
def test_columns_are_separated_by_what_the_first_line_has_most_of(header: str, delimiter: str) -> None:
    assert filekind.delimiter(header + "\n1;2,3;4\n") == delimiter


def test_what_is_not_known_adds_nothing() -> None:
    assert filekind.hint(filekind.of_text("three one four")) == ""
    assert filekind.of_text("") is None
    assert filekind.of_data([1]) is None
    assert filekind.of_text("{" * 50_000) == "JSON"
