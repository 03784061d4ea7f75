"""Standard output that is closed, or whose reader is gone (`| head`): the work is done, the exit code is its own."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from nnasim.cli.main import main
from nnasim.cli.table import COMMANDS
from tests.fuzz.commands import PRINTING, WRITING

HELPS = ("--help", "--version", *(f"{name} --help" for name in COMMANDS))
How = Callable[[], contextlib.AbstractContextManager[None]]
QUICK = tuple(line for line in WRITING if not line.startswith(("train", "evaluate", "trace --manifest", "fit")))


@contextlib.contextmanager
def streams_are(stream: TextIO | None) -> Iterator[None]:
    """Within, Python's streams are ``stream``; what a command opened in their place is closed. pytest gets its own
    back, which it changes between a test and what follows it: so this is no fixture.
    """
    names = ("stdout", "stderr", "__stdout__", "__stderr__")
    before = {name: getattr(sys, name) for name in names}
    try:
        for name in names:
            setattr(sys, name, stream)
        yield
    finally:
        for opened in {sys.stdout, sys.stderr} - {stream, None}:
            opened.close()
        for name, own in before.items():
            setattr(sys, name, own)


@contextlib.contextmanager
def gone() -> Iterator[None]:
    """Both streams lead into a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream, streams_are(stream):
        yield


def closed() -> contextlib.AbstractContextManager[None]:
    """As Python finds them after `>&- 2>&-`."""
    return streams_are(None)


CASES = [*((gone, line) for line in HELPS + PRINTING + QUICK), *((closed, line) for line in ("--help", *PRINTING))]


@pytest.mark.parametrize(("how", "line"), CASES)
def test_a_command_ends_as_it_would(
    how: How, line: str, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(seeds)
    with how():
        code = main(line.replace("OUT", str(tmp_path)).split())
    assert code == 0
    assert all((tmp_path / word[4:]).exists() for word in line.split() if word.startswith("OUT/"))


@pytest.mark.parametrize("how", [gone, closed])
def test_what_is_refused_is_refused_and_a_gate_fails_with_nobody_to_hear_it(
    how: How, seeds: Path, tmp_path: Path
) -> None:
    (tmp_path / "tight.yaml").write_text("limits: {rtf: 1.0e-9}\n")
    with how():
        assert main(["presets", "edge25"]) == 2
        assert main(["check-budget", str(seeds / "result.json"), str(tmp_path / "tight.yaml")]) == 1
