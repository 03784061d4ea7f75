"""SIGKILL at random moments: nothing half-written, and the same bits when the work goes on.

python -m tests.proof.run_kills train --rounds 100      also: ranks (two of them), compare, sweep, jobs, import, fit

Each run is forked from a process that has loaded its libraries, so that kills fall into the work and not into imports.
A round is a kill. After it no name that was asked for may hold anything but what the undisturbed run wrote there; the
next run goes on from what is left, is killed too, and each fifth may end: then every file is compared bit for bit, and
no partial file or folder of a killed run may be left. Of several processes all are killed, or only the first.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from nnasim.cli.main import main as nnasim
from nnasim.ir.io import write_record
from tests.nnasim.cli.test_compare_results import TINY
from tests.workloads.small_onnx import SIZE, streaming
from workloads.rnnt.builder import build_trace

SPEECH = Path(__file__).parents[1] / "digits" / "manifest.jsonl"
TO_AN_END = 5  # after so many kills the work may end
Left = Callable[[], bool]


class Work(NamedTuple):
    """``goes_on``: what is said more, where the last run has left something to go on from; else ``again`` is."""

    words: tuple[str, ...]
    prepare: Callable[[], None]
    result: Callable[[], dict[str, bytes]]
    left: Left = lambda: False
    goes_on: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    ranks: int = 1


def files_of(*names: str) -> Callable[[], dict[str, bytes]]:
    """Bytes of the files and folders ``names``, as far as they are there."""

    def read() -> dict[str, bytes]:
        paths = [path for name in names for path in (Path(name), *Path(name).rglob("*")) if path.is_file()]
        return {str(path): path.read_bytes() for path in paths}

    return read


def rows_of(store: str) -> Callable[[], dict[str, bytes]]:
    """Point -> its figures, of a store; nothing where there is none yet. What it took is no figure."""

    def read() -> dict[str, bytes]:
        if not Path(store).exists():
            return {}
        connection = sqlite3.connect(store)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            columns = [row[1] for row in connection.execute("PRAGMA table_info(points)")]
            kept = [name for name in columns if name in ("params", "figures", "metrics", "values", "status")]
            rows = connection.execute(f"SELECT key, {', '.join(kept)} FROM points").fetchall() if columns else []
        finally:
            connection.close()
        return {key: json.dumps(values).encode() for key, *values in rows}

    return read


def a_trace() -> None:
    """A trace of a tiny recogniser."""
    write_record(Path("trace.json"), build_trace(TINY, 4, 1, system="aat"))


def a_sweep() -> None:
    """64 points of it."""
    a_trace()
    axes = {"dram.bytes_per_second": {"logrange": [1e9, 25e9, 8]}, "host.handoff_us": {"range": [1, 200, 8]}}
    study = {"base": "edge256", "traces": ["trace.json"], "axes": axes, "objectives": ["rtf"]}
    Path("sweep.yaml").write_text(json.dumps(study))


def a_model() -> None:
    """An ONNX file and what it hears."""
    import numpy as np

    streaming(Path("model.onnx").resolve())
    heard = np.random.default_rng(0).normal(size=(200, 1, SIZE)).astype(np.float32)
    np.savez("steps.npz", x=heard)


def a_board() -> None:
    """Timings of five products."""
    rows = ("1,64,64,65.8", "1,256,256,76.1", "1,1024,512,271.0", "8,512,512,156.0", "32,256,256,78.8")
    Path("board.csv").write_text("\n".join(("M,N,K,measured_us", *rows, "")))


def some_speech() -> None:
    """Shards of the tests' digits."""
    assert run("data", "shard", str(SPEECH), "--out", "shards", "--hours-per-shard", "0.01") == 0


TRAIN = ("train", "--recipe", "tiny", "--train", "shards", "--dev", str(SPEECH), "--steps", "12",
         "--evaluate-every", "3", "--shuffle-shards", "2", "--workers", "0", "--out", "out")  # fmt: skip
TRAINED = files_of("out/model.json", "out/model.safetensors")
WORKS = {
    "train": Work(TRAIN, some_speech, TRAINED, lambda: Path("out").exists(), ("--resume",)),
    "ranks": Work(TRAIN, some_speech, TRAINED, lambda: Path("out").exists(), ("--resume",), ranks=2),
    "compare": Work(("compare", "--trace", "trace.json", "--out", "out"), a_trace, files_of("out"), again=("--force",)),
    "sweep": Work(("sweep", "sweep.yaml", "--store", "out.sqlite", "--jobs", "1"), a_sweep, rows_of("out.sqlite")),
    "jobs": Work(("sweep", "sweep.yaml", "--store", "out.sqlite", "--jobs", "2"), a_sweep, rows_of("out.sqlite")),
    "import": Work(("import", "model.onnx", "--period-ms", "10", "--seconds", "1", "--calibrate", "steps.npz", "--out",
                    "out.json"), a_model, files_of("out.json", "out.json.safetensors"), again=("--force",)),
    "fit": Work(("fit", "board.csv", "--fields", "host.handoff_us,dram.efficiency", "--out", "out.yaml"), a_board,
                files_of("out.yaml"), lambda: Path("out.yaml.evaluated.jsonl").exists(), ("--resume",), ("--force",)),
}  # fmt: skip


def run(*words: str) -> int:
    """A command in a process of its own, to its end."""
    return Run(Work(words, lambda: None, lambda: {}), ()).end()


class Run:
    """The processes of one command, in a group of their own."""

    def __init__(self, work: Work, more: tuple[str, ...]) -> None:
        port = _free_port() if work.ranks > 1 else 0
        self.pids = [self._fork(work, more, rank, port) for rank in range(work.ranks)]

    def _fork(self, work: Work, more: tuple[str, ...], rank: int, port: int) -> int:
        sys.stdout.flush()
        if pid := os.fork():
            return pid
        os.setpgid(0, 0)
        log = os.open("said.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1), os.dup2(log, 2)
        if work.ranks > 1:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(work.ranks),
                           "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}  # fmt: skip
        code = nnasim([*work.words, *more])
        Path("modules.txt").write_text("\n".join(sys.modules))
        os._exit(code)

    def kill_after(self, seconds: float, chance: random.Random) -> bool:
        """SIGKILL to all processes, to one of several ranks, or to the first alone of those that work for it; False
        where they ended before.
        """
        until = time.monotonic() + seconds
        ended: dict[int, int] = {}
        while time.monotonic() < until:
            for pid in set(self.pids) - ended.keys():
                if os.waitpid(pid, os.WNOHANG)[0]:
                    ended[pid] = 0
            if len(ended) == len(self.pids):
                return False
            time.sleep(0.002)
        alive = [pid for pid in self.pids if pid not in ended]
        for pid in alive if chance.random() < 0.5 else [chance.choice(alive)]:
            (os.killpg if chance.random() < 0.5 else os.kill)(pid, signal.SIGKILL)
        for pid in alive:
            os.waitpid(pid, 0)
        return True

    def end(self) -> int:
        """The greatest exit code of all."""
        return max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in self.pids)


def campaign(name: str, rounds: int, seed: int) -> int:
    """Kill ``rounds`` times in the current folder; returns how often anything was wrong."""
    work, chance = WORKS[name], random.Random(seed)
    work.prepare()
    assert Run(work, ()).end() == 0, Path("said.txt").read_text()
    _load(Path("modules.txt").read_text().split())
    _clear()
    begun = time.monotonic()
    assert Run(work, ()).end() == 0
    whole, lasts = work.result(), time.monotonic() - begun
    assert whole
    _clear()
    wrong, kills, ends, in_a_row = 0, 0, 0, 0
    while kills < rounds or in_a_row:
        more = work.goes_on if work.left() else work.again if work.result() else ()
        if in_a_row < TO_AN_END and kills < rounds:
            this = Run(work, more)
            if this.kill_after(chance.uniform(0, 1.05 * lasts), chance):
                kills, in_a_row = kills + 1, in_a_row + 1
                wrong += _not_of(work.result(), whole, "after a kill")
                if kills % 10 == 0:
                    print(f"{name}: {kills} kills, {ends} ends, {wrong} faults so far", flush=True)
                continue
            code = 0
        else:
            code = Run(work, more).end()
        ends, in_a_row = ends + 1, 0
        missing = whole.keys() - work.result().keys()
        if code or missing:
            said = Path("said.txt").read_text()[-500:]
            print(f"exit code {code}, missing {sorted(missing)}, with {more}: {said}", flush=True)
            wrong += 1
        wrong += _not_of(work.result(), whole, "at the end")
        if left := [str(path) for path in Path().rglob("*") if ".partial-" in path.name]:
            print(f"at the end: {', '.join(left)} left", flush=True)
            wrong += 1
        _clear()
    print(f"{name}: {kills} kills within runs of {lasts:.2f} s, {ends} ends with the undisturbed run's bits, "
          f"{wrong} faults", flush=True)  # fmt: skip
    return wrong


def _not_of(found: dict[str, bytes], whole: dict[str, bytes], when: str) -> int:
    """1 where a file is there that is not, byte for byte, the undisturbed run's."""
    other = sorted(name for name, data in found.items() if whole.get(name) != data)
    if other:
        print(f"{when}: {', '.join(other)} differ", flush=True)
    return int(bool(other))


def _clear() -> None:
    """Remove what runs have written and left; inputs stay."""
    for path in (*Path().glob("*out*"), *Path().glob("said.txt")):  # hidden ones too
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _load(modules: Iterable[str]) -> None:
    """Import what a run has imported. The run itself is not made here: threads that it starts are lost in a fork."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def main() -> int:
    """Print a line for each kind of work; exit code 1 where anything was half-written or differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="+", choices=[*WORKS, "all"])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = list(WORKS) if "all" in options.works else options.works
    wrong = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            wrong += campaign(name, options.rounds, options.seed)
            os.chdir("/")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
