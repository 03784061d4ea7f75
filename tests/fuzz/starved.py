"""Every command with too little memory: `python -m tests.fuzz.starved --room 0 1 4 16 64`.

Each runs in a process that is forked from one that has loaded all libraries, and that may then take only so many
megabytes more (RLIMIT_AS). A line of JSON for each says how it ended; exit code 1 where one ended badly.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import pkgutil
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nnasim.cli.main import main as nnasim
from tests.attack import NOTES
from tests.fuzz.commands import PRINTING, WRITING

OURS = ("nnasim", "workloads", "reports", "aat_training")
# What a library does while it loads cannot be refused in our words: its C++ ends the process.
THEIRS = ("torch", "pandas", "pyarrow.parquet", "matplotlib.figure", "matplotlib.backends.backend_agg", "onnx",
          "optuna", "tflite", "soundfile", "scipy.signal", "scipy.optimize", "joblib.externals.loky")  # fmt: skip
LONGEST_S = 600  # wall time on a busy machine: ends what would never end
MAY_STAY = ("store.sqlite", "all.sqlite", "rescued.sqlite", "journal.log", "run", "shards", "board.yaml.evaluated")


class Starved(NamedTuple):
    """How ``line`` ended with ``room`` megabytes. ``left``: what lies in the folder that it writes to."""

    line: str
    room: float
    code: int | None
    complaints: list[str]
    left: list[str]

    @property
    def wrong(self) -> str:
        """The fault of this end; empty if there is none."""
        if self.code is None:
            return f"had not ended after {LONGEST_S} s"
        if self.code not in (0, 1, 2) or len(self.complaints) != (self.code == 2):
            return f"ended with {self.code} and these lines: {self.complaints}"
        half = [name for name in self.left if "partial" in name or (self.code and not name.startswith(MAY_STAY))]
        return f"left {half}" if half else ""


def starved(line: str, room: float, seeds: Path) -> Starved:
    """Run ``line`` in a forked process, in the folder ``seeds``."""
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryFile() as said, open(os.devnull, "w") as nowhere:
        pid = os.fork()
        if pid == 0:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")  # a test's own are no files
            os.chdir(seeds)
            _run(line.replace("OUT", out).split(), room)
        code = _ended(pid)
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
        left = sorted(str(path.relative_to(out)) for path in Path(out).rglob("*"))
    return Starved(line, room, code, [each for each in lines if not each.startswith(NOTES)], left)


def _run(words: list[str], room: float) -> None:
    """Does not return. Workers, which start afresh, get more, so that it is this process that runs out."""
    code = 99
    try:
        _kept = _fill_the_heap()
        most = _taken() + int(room * 1e6)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        code = nnasim(words)
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(code)


def _fill_the_heap() -> list[bytearray]:
    """Fill the places that the C library has free already, large ones first: they are room that no limit counts."""
    kept = []
    for size in (32_000_000, 4_000_000, 500_000, 60_000):
        before = _taken()
        while _taken() == before:
            kept.append(bytearray(size))
    return kept


def _taken() -> int:
    """Bytes of addresses that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _ended(pid: int) -> int | None:
    """The exit code of a process; None if it had to be killed."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        if (status := os.waitpid(pid, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(status[1])
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return None


def loaded() -> None:
    """Import all that is installed of ours and of the libraries, so that a fork finds it there."""
    for name in (*THEIRS, *(name for package in OURS for name in _modules_of(package))):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _modules_of(package: str) -> Iterator[str]:
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, f"{package}.", onerror=lambda name: None):
        if not module.name.endswith("__main__"):
            yield module.name


def main() -> int:
    """Starve every command, and print how each ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.starved", description=__doc__.splitlines()[0])
    parser.add_argument("--room", type=float, nargs="+", default=[0, 1, 4, 16, 64], help="megabytes")
    parser.add_argument("--only", default="", help="commands that hold this text")
    parser.add_argument("--seeds", type=Path, help="a folder of seeds that is there already")
    options = parser.parse_args()
    loaded()
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        seeds = options.seeds or Path(folder)
        if options.seeds is None:
            # In a process of its own: what this one had used and freed would be room that no limit counts.
            program = f"from pathlib import Path; from tests.fuzz.seeds import make_seeds; make_seeds(Path({folder!r}))"
            subprocess.run([sys.executable, "-c", program], check=True)
        for line in (line for line in WRITING + PRINTING if options.only in line):
            for room in options.room:
                end = starved(line, room, seeds.resolve())
                print(json.dumps({**end._asdict(), "wrong": end.wrong}), flush=True)
                worst |= bool(end.wrong)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
