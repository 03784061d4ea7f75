"""An attack is a command on hostile input: it does its work or is refused in one line, and never meets the last net."""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from nnasim.cli.main import main

NOTES = ("nnasim: note: ", "nnasim: warning: ", "INFO: Instrumenting ")  # the last is atheris', while it guides


class Ending(NamedTuple):
    code: int
    printed: str
    complaint: str


def attack(*arguments: object) -> Ending:
    """Run a command here. Asserts what holds for every attack: a known exit code, and at most one line beside notes.

    Lines of progress, which a slow machine prints and a fast one does not, are off.
    """
    printed, complained = io.StringIO(), io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("nnasim.cli.progress.LINE_EVERY_S", float("inf")),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(complained),
    ):
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            code = main([str(argument) for argument in arguments])
        finally:
            tempfile.tempdir = before
        reports = [path.read_text() for path in Path(folder).glob("nnasim-defect-*")]
    assert not reports, reports[0]
    lines = [line for line in complained.getvalue().splitlines() if not line.startswith(NOTES)]
    assert code in (0, 1, 2), complained.getvalue()
    assert "Traceback" not in printed.getvalue() + complained.getvalue()
    assert len(lines) == (code == 2), complained.getvalue()
    assert all(len(line) < 4000 and line.isprintable() for line in lines)
    return Ending(code, printed.getvalue(), lines[0] if lines else "")


def refused(*arguments: object) -> str:
    """The line with which an attack is refused."""
    ending = attack(*arguments)
    assert ending.code == 2, ending
    return ending.complaint
