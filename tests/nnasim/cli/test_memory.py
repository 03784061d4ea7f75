"""What counts as memory that is used up, and what is a defect of ours."""

import errno
import os
import sys
from types import SimpleNamespace

import pytest

from nnasim.cli import memory
from nnasim.cli.main import NO_MEMORY, main
from nnasim.cli.memory import is_out_of_memory, told_once
from nnasim.cli.table import COMMANDS


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("can't start new thread"),
        RuntimeError("could not create a primitive"),
        ImportError("index.so: cannot map zero-fill pages: Cannot allocate memory"),
        ImportError("index.so: cannot map zero-fill pages"),
    ],
)
def test_it_is_used_up(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "x"), RuntimeError("could not create a primitive descriptor")])
def test_it_is_something_else(error: Exception) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [SystemError("error return without exception set"), RuntimeError("failed to set text for layout")]
)
def test_an_error_within_a_library_is_one_of_memory_where_none_is_free(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_out_of_memory(error)
    monkeypatch.setattr(memory, "_is_free", lambda size: False)
    assert is_out_of_memory(error)


def test_memory_that_a_librarys_call_runs_out_of_is_told_by_the_error_that_follows_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_value))
    before = sys.unraisablehook
    with told_once():
        for error in (MemoryError(), ValueError("x")):
            sys.unraisablehook(SimpleNamespace(exc_value=error))  # type: ignore[arg-type]
    assert [type(error) for error in told] == [ValueError]
    assert sys.unraisablehook is before


def test_where_not_even_a_line_can_be_made_a_line_is_there(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("nnasim.cli.main._ended", full)
    assert main(["presets"], COMMANDS) == 2
    assert capfdbinary.readouterr().err == NO_MEMORY
