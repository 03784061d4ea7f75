"""Standard output that is closed, or whose reader is gone (`| head`): the work is done, the exit code is its own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.cli.table import COMMANDS
from tests.fuzz.commands import PRINTING, WRITING

HELPS = ("--help", "--version", *(f"{name} --help" for name in COMMANDS))
QUICK = tuple(line for line in WRITING if not line.startswith(("train", "evaluate", "trace --manifest", "fit")))


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both streams lead into a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream:
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            monkeypatch.setattr(sys, name, stream)
        yield


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As Python finds them after `>&- 2>&-`."""
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        monkeypatch.setattr(sys, name, None)
    yield
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.close()


CASES = [*(("gone", line) for line in HELPS + PRINTING + QUICK), *(("closed", line) for line in ("--help", *PRINTING))]


@pytest.mark.parametrize(("how", "line"), CASES)
def test_a_command_ends_as_it_would(
    how: str, line: str, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(seeds)
    request.getfixturevalue(how)
    code = main(line.replace("OUT", str(tmp_path)).split())
    sys.stdout.flush()
    assert code == 0
    assert all((tmp_path / word[4:]).exists() for word in line.split() if word.startswith("OUT/"))


@pytest.mark.parametrize("how", ["gone", "closed"])
def test_what_is_refused_is_refused_and_a_gate_fails_with_nobody_to_hear_it(
    how: str, seeds: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "tight.yaml").write_text("limits: {rtf: 1.0e-9}\n")
    request.getfixturevalue(how)
    assert main(["presets", "edge25"]) == 2
    assert main(["check-budget", str(seeds / "result.json"), str(tmp_path / "tight.yaml")]) == 1
