"""The folder of a training run: whose it is, and that one run at a time writes there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aat_training.checkpoint_files import META, WEIGHTS
from aat_training.scalars import FOLDER as CURVES
from nnasim import files
from nnasim.errors import FileError, reading, writing
from nnasim.leftovers import locked

STATE, LOG = "resume.safetensors", "log.csv"
WRITTEN = (STATE, META, WEIGHTS, LOG)
_SIGNS = {LOG: b"step,loss,", META: b'"nnasim.checkpoint"', STATE: b'"record"'}
"""Bytes by which each file shows that a training wrote it."""
_LOOKED_AT = 20_000_000  # bytes of a file in which its sign stands
_PATIENCE_S, _LOOK_S = 2.0, 0.05  # a killed run's processes take a moment to end


@contextmanager
def run_folder(folder: Path, *, resume: bool, force: bool) -> Iterator[bool]:
    """A context that holds ``folder``, made if need be, for this run alone. Yields whether it holds a finished model.

    Files of an earlier run stay until the new one has a model, also with ``force``: a run that fails costs nothing. A
    folder that was made for a run that wrote nothing is removed.

    Raises FileError if it has content and neither ``resume`` nor ``force`` is given, if it cannot be written, and if
    another run trains there. With ``force``, a file that no training wrote is refused too, under any of their names.
    """
    _refuse(folder, resume=resume, force=force)
    new = not folder.exists()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with _alone_in(folder):
            _refuse(folder, resume=resume, force=force)
            if force and not resume:
                _remove_curves(folder)
            yield resume and is_finished(folder)
    finally:
        if new:
            with suppress(OSError):  # it holds something
                folder.rmdir()


def is_finished(folder: Path) -> bool:
    """Whether ``folder`` holds a finished model, and no state of a run that is to replace it."""
    return os.path.lexists(folder / META) and not os.path.lexists(folder / STATE)


def lost_state_note(folder: Path) -> list[str]:
    """A note on a folder in which a run was and has left no state, so that it begins with the first step again."""
    left = [name for name in WRITTEN if os.path.lexists(folder / name)]
    if not left or STATE in left:
        return []
    return [f"{folder}: holds {left[0]} but no {STATE} to resume from: begins with the first step"]


def _refuse(folder: Path, *, resume: bool, force: bool) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        raise FileError(folder, "is not a folder")
    with reading(folder):
        there = sorted(path.name for path in folder.iterdir()) if os.path.lexists(folder) else []
    if there and not (resume or force):
        raise FileError(folder, "exists already; use `resume` to continue it or `force` to start afresh")
    for name in WRITTEN:
        if (folder / name).is_dir():
            raise FileError(folder / name, "is a folder")
        files.refuse_existing(folder / name, force=True)
    names = [name for name in WRITTEN if name in there]
    if names and force and not resume and not any(_shows(folder / name, sign) for name, sign in _SIGNS.items()):
        why = "is there, and no training of nnasim wrote it: `force` will not replace it; give another folder"
        raise FileError(folder / names[0], why)


def _shows(path: Path, sign: bytes) -> bool:
    try:
        with files.open_regular(path) as file:
            return sign in file.read(_LOOKED_AT)
    except (FileError, OSError):
        return False


def _remove_curves(folder: Path) -> None:
    for events in (folder / CURVES).glob("events.out.tfevents.*"):
        with writing(events):
            events.unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """A lock on ``folder``, which the system frees however this process ends. Raises FileError if another holds it."""
    handle = os.open(folder if os.name == "posix" else os.devnull, os.O_RDONLY)
    try:
        last = time.monotonic() + _PATIENCE_S
        while locked(handle) is False:
            if time.monotonic() > last:
                raise FileError(folder, "another process trains in this folder")
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(handle)
