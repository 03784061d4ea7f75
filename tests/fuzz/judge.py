"""What becomes of a mutant: a result, a refusal in one line, or a fault.

What a refusal costs is judged by memory and by its work: calls of functions, which are the same on every machine. A
campaign asks for seconds of CPU instead (``timed``), which counting calls would double; a test never does.
"""

from __future__ import annotations

import contextlib
import cProfile
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Literal, NamedTuple

from tests.attack import attack
from tests.fuzz.readers import Reader

Kind = Literal["result", "refusal", "fault", "hang", "costly", "litter"]
CLEAN: tuple[Kind, ...] = ("result", "refusal")
LONGEST_S = 30  # of CPU, for what is legal, where seconds are judged
HANGS_S = 600  # of CPU, whatever the machine: ends what would never end
REFUSAL_CALLS = 15_000_000  # of functions, ours and libraries': about 5 s of CPU at 3 million a second
REFUSAL_S, REFUSAL_BYTES = 5, 500_000_000


class Verdict(NamedTuple):
    """``why``: the line of a refusal, or what is wrong."""

    kind: Kind
    why: str
    seconds: float


class HangError(BaseException):
    """Passes every `except Exception` on its way out."""


class Table:
    """A folder of seeds in which one file at a time is a mutant, to which others are bound; a command runs in it."""

    def __init__(self, folder: Path, *, timed: bool = False) -> None:
        self.folder, self.timed = folder, timed
        self._seeds = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def whole(self, reader: Reader) -> bytes:
        """The reader's seed."""
        return (self.folder / reader.seed).read_bytes()

    def judged(self, reader: Reader, mutant: bytes) -> Verdict:
        """Run the reader's command on ``mutant``, which afterwards is gone, with all that was written."""
        path = self.folder / reader.seed
        path.write_bytes(mutant)
        try:
            reader.bind(self.folder)
            return self._run(reader)
        finally:
            self._restore()

    def _run(self, reader: Reader) -> Verdict:
        before, start = _peak(), time.process_time()
        work = None if self.timed else cProfile.Profile(subcalls=False)
        longest = LONGEST_S if self.timed else HANGS_S
        try:
            with _at_most(longest), contextlib.chdir(self.folder), work or contextlib.nullcontext():
                ending = attack(*reader.words)
        except HangError:
            return Verdict("hang", f"more than {longest} s of CPU", time.process_time() - start)
        except (AssertionError, Exception) as error:
            return Verdict("fault", f"{type(error).__name__}: {error}", time.process_time() - start)
        seconds = time.process_time() - start
        if ending.code != 2:
            return Verdict("result", "", seconds)
        calls, grown = sum(entry.callcount for entry in work.getstats()) if work else 0, _peak() - before
        if calls > REFUSAL_CALLS or grown > REFUSAL_BYTES or (self.timed and seconds > REFUSAL_S):
            cost = f"{calls:,} calls, {seconds:.1f} s, {grown / 1e6:.0f} MB"
            return Verdict("costly", f"{cost}: {ending.complaint}", seconds)
        if new := [str(path) for path in self._written() if not _may_stay(path)]:
            return Verdict("litter", f"left {', '.join(new)} beside: {ending.complaint}", seconds)
        return Verdict("refusal", ending.complaint, seconds)

    def _written(self) -> list[Path]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for each in files if (path := each.relative_to(self.folder)) not in self._seeds]

    def _restore(self) -> None:
        """What a command wrote goes, and seeds that it replaced or removed come back."""
        for path in self._written():
            (self.folder / path).unlink()
        for path in self.folder.rglob("out"):
            shutil.rmtree(path)
        for path, whole in self._seeds.items():
            if not (self.folder / path).is_file() or (self.folder / path).read_bytes() != whole:
                (self.folder / path).write_bytes(whole)


def _may_stay(path: Path) -> bool:
    """A store, and what a fit or a training has done so far, are kept to go on from; SQLite has its own files."""
    return path.name.startswith(("out.sqlite", "fitted.yaml")) or path.name.endswith((".sqlite-wal", "-shm"))


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """HangError after ``seconds`` of this process's CPU time, which a busy machine does not shorten."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak() -> int:
    """Bytes that this process has ever held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
