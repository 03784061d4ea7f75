"""The integers beside a trace: what stands there already is asked about before the work, not after it."""

from pathlib import Path

import pytest

from nnasim.cli.main import main

TRACE = ["trace", "--checkpoint", "no", "--manifest", "no.jsonl", "--out", "t.json"]
IMPORT = ["import", "no.onnx", "--period-ms", "10", "--seconds", "1", "--out", "t.json"]


@pytest.fixture(autouse=True)
def folder_with_integers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.json.safetensors").touch()


@pytest.mark.parametrize("words", [TRACE, [*TRACE, "--system", "naive"], [*IMPORT, "--calibrate", "no.npz"]])
def test_integers_that_stand_there_are_refused_first(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("nnasim: t.json.safetensors: exists")


@pytest.mark.parametrize("words", [[*TRACE, "--system", "float"], [*TRACE, "--beam", "2"], IMPORT])
def test_a_trace_without_integers_does_not_ask(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "t.json.safetensors" not in capsys.readouterr().err
