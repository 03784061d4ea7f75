"""The outputs of one command get their names together: a disk that fills between two leaves all old ones as they are.

Within ``together`` a new file or folder waits, complete and synced, under its partial name. At the end all change
places with what has their names; if one cannot, those before it change back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from nnasim.errors import FileError, writing
from nnasim.exchange import exchange
from nnasim.leftovers import Spare


class Output(NamedTuple):
    """A complete file or folder. ``check`` raises FileError if what has its name now, which another process may have
    made since, must not be replaced. ``replace``: puts it in its place where they cannot be exchanged.
    """

    partial: Path
    target: Path
    check: Callable[[], object]
    replace: Callable[[Path, Path], None]
    lock: int
    """An open handle of it, by which no other run takes it for one that was left behind."""


class _Group:
    """Outputs that wait, and what is to be done once they have their names."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.after: list[Callable[[], None]] = []
        self._spare = Spare()

    def put(self) -> None:
        """Give every output its name, or none. Raises FileError."""
        with ExitStack() as undo:
            for output in self.outputs:
                with writing(output.target):
                    undo.callback(_placed(output))
            undo.pop_all()
        self.remove()

    def remove(self) -> None:
        """Remove what has a partial name: outputs without their names, or what they replaced."""
        self._spare.free()
        for output in self.outputs:
            with suppress(OSError):
                if output.partial.is_dir() and not output.partial.is_symlink():
                    shutil.rmtree(output.partial)
                else:
                    output.partial.unlink(missing_ok=True)
            os.close(output.lock)
        self.outputs.clear()


_group: ContextVar[_Group | None] = ContextVar("outputs that wait", default=None)


@contextmanager
def together() -> Iterator[None]:
    """A context at whose end its files and folders get their names, all or none. Within another, a part of that one."""
    if _group.get() is not None:
        yield
        return
    group, before = _Group(), _group.set(None)
    try:
        _group.set(group)
        try:
            yield
        finally:
            _group.reset(before)
        group.put()
    finally:
        group.remove()
    for act in group.after:
        act()


@contextmanager
def apart() -> Iterator[None]:
    """A context whose files get their names at once: those within a folder that is itself being written."""
    before = _group.set(None)
    try:
        yield
    finally:
        _group.reset(before)


def afterwards(act: Callable[[], None]) -> None:
    """Do ``act`` once all that is written together has its names: now, unless something waits."""
    group = _group.get()
    if group is None:
        act()
    else:
        group.after.append(act)


def ready_for(target: Path) -> None:
    """Raise FileError if ``target`` waits already; if it lies in a folder that does, give all their names first."""
    group = _group.get()
    places = [] if group is None else [Path(os.path.abspath(output.target)) for output in group.outputs]
    place = Path(os.path.abspath(target))
    if place in places:
        raise FileError(target, "would be written twice; give two names")
    if group is not None and any(other in place.parents for other in places):
        group.put()


def waits(
    partial: Path, target: Path, check: Callable[[], object], replace: Callable[[Path, Path], None], handle: int
) -> bool:
    """Whether ``partial``, which is complete and open as ``handle``, waits for others to get its name ``target``."""
    group = _group.get()
    if group is not None:
        group.outputs.append(Output(partial, target, check, replace, os.dup(handle)))
    return group is not None


def _placed(output: Output) -> Callable[[], None]:
    """Give ``output`` its name. Returns what undoes it, which raises no error."""
    partial, target = output.partial, output.target
    output.check()
    if not os.path.lexists(target):
        os.replace(partial, target)
        return lambda: _back(lambda: os.replace(target, partial))
    if exchange(partial, target):
        return lambda: _back(lambda: exchange(partial, target))
    output.replace(partial, target)
    return lambda: None


def _back(undo: Callable[[], object]) -> None:
    with suppress(OSError):
        undo()
