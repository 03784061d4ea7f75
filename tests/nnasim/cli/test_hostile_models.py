"""Hostile model files at the command line: one line, an exit code, and nothing written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from nnasim.cli.main import main
from tests.workloads.importers.hostile import ALL, FILES, Hostile


def options(given: Mapping[str, Any]) -> list[str]:
    """What a reader is told, as options."""
    shapes = [f"--shape={name}={'x'.join(map(str, shape))}" for name, shape in given.get("shapes", {}).items()]
    bind = [f"--bind={name}={value}" for name, value in given.get("bind", {}).items()]
    states = [f"--state={state}" for state in given.get("states", ())]
    return [*shapes, *bind, *states, *(f"--keep-state={name}" for name in given.get("keep_state", ()))]


def no_file(hostile: Hostile) -> bool:
    """Whether it is refused before it is looked at."""
    return hostile.name in ("a folder", "nothing there")


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.name)
def test_import_says_it_in_one_line_and_writes_nothing(
    hostile: Hostile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hostile.write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    told = [*options(hostile.given), "--period-ms=10", "--seconds=1", f"--out={tmp_path / 'trace.json'}"]
    assert main(["import", str(path), *told]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("nnasim: ")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.name)
def test_check_lists_it_and_exits_with_1(hostile: Hostile, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hostile.write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code = main(["check", str(path), *options(hostile.given)])
    said = capsys.readouterr()
    if code == 2:
        assert no_file(hostile) or hostile.given or hostile in FILES, said.err
    else:
        assert code == 1
        assert "refused:" in said.out
    assert "Traceback" not in said.out + said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_cut_file_of_tensorflow_lite_is_refused_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tflite", reason="tflite is not installed")
    path, out = tmp_path / "cut.tflite", tmp_path / "trace.json"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(60))
    assert main(["check", str(path)]) == 1
    assert main(["import", str(path), "--period-ms=10", "--seconds=1", f"--out={out}"]) == 2
    said = capsys.readouterr()
    assert "refused: " in said.out
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]
