"""The cost of refusing hostile files: ``python -m benchmarks.refusals [--only TEXT]``.

Each command of ``benchmarks.costly`` runs in a process of its own. Printed are its seconds of CPU, its peak of
memory above that of a process that only imports the same modules, that import's peak, and the exit code, each line as
soon as its command has ended; then the ten that cost most. A command that hangs or is killed has its line as well.
Exits with 1 if a command takes over 5 s or 500 MB, ends in a defect, or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.costly import ATTACKS
from benchmarks.costly.attack import Attack

MOST_SECONDS, MOST_BYTES = 5.0, 500_000_000
GIVEN_SECONDS, GIVEN_BYTES = 60, 12_000_000_000  # of CPU, and of addresses: what is beyond has no end
WAITS = 5  # seconds by the clock for each of CPU: a command that only sleeps takes none
SHOWN = 10
UNWRITTEN = -1000  # in place of an exit code: the hostile file could not be made
# The process of a command: what it took goes to a file, with the names of the modules that it loaded.
CHILD = """
import json, resource, sys
from pathlib import Path
out, names = sys.argv[1], json.loads(sys.argv[2])
code, begun = 0, resource.getrusage(resource.RUSAGE_SELF)
if names:
    import contextlib, importlib, io
    for name in names:
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(name)
else:
    from nnasim.cli.main import main
    code = main(sys.argv[3:])
peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line[:6] == "VmHWM:")
taken = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
figures = {
    "code": code,
    "seconds": sum(each.ru_utime + each.ru_stime for each in taken),
    "bytes": 1024 * max(peak, taken[1].ru_maxrss),
    "modules": [name for name in sys.modules if not name.startswith("__m")],
}
Path(out).write_text(json.dumps(figures))
"""


class Cost(NamedTuple):
    """The CPU and the peak memory of one command, those of its imports alone, and its end."""

    seconds: float
    bytes: int
    import_seconds: float
    import_bytes: int
    code: int
    line: str

    @property
    def above(self) -> int:
        """Bytes above what a process that only imports the same modules holds at its peak."""
        return max(0, self.bytes - self.import_bytes)

    @property
    def share(self) -> float:
        """The share of the bound that it takes, of seconds or of bytes, whichever is more."""
        return max((self.seconds - self.import_seconds) / MOST_SECONDS, self.above / MOST_BYTES)

    @property
    def dear(self) -> bool:
        """Whether it costs more than a refusal may, or did not end as it should."""
        return self.share > 1 or self.code not in (0, 1, 2)


def cost(command: Sequence[str], folder: Path, given: int = GIVEN_SECONDS) -> Cost:
    """Run ``command``, the words behind `nnasim`, in ``folder``; at most ``given`` seconds of CPU."""
    done, figures = _child(command, folder, given=given)
    line = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    if figures is None:
        return Cost(given, GIVEN_BYTES, 0, 0, done.returncode, *line or [""])
    return Cost(
        figures["seconds"], figures["bytes"], *_imports(tuple(figures["modules"])), figures["code"], *line or [""]
    )


@functools.cache
def _imports(modules: tuple[str, ...]) -> tuple[float, int]:
    """Seconds and peak of a process that only imports ``modules``."""
    with tempfile.TemporaryDirectory(prefix="nnasim-refusals-") as empty:
        _, alone = _child((), Path(empty), modules)
    return (alone["seconds"], alone["bytes"]) if alone else (0, 0)


def _child(
    command: Sequence[str], folder: Path, modules: Sequence[str] = (), given: int = GIVEN_SECONDS
) -> tuple[subprocess.CompletedProcess, dict | None]:
    with tempfile.TemporaryDirectory(prefix="nnasim-refusals-") as beside:
        out = Path(beside) / "figures.json"
        words = [sys.executable, "-c", CHILD, str(out), json.dumps(list(modules)), *command]
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": beside},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            preexec_fn=functools.partial(_bounded, given),
            start_new_session=True,
        )
        try:
            told = process.communicate(timeout=(wait := WAITS * given))
        except subprocess.TimeoutExpired:
            told = ("", f"did not end in {wait} s by the clock")
        finally:
            _end_all_of(process)
        done = subprocess.CompletedProcess(words, process.wait(), *told)
        return done, json.loads(out.read_text()) if out.exists() else None


def _end_all_of(process: subprocess.Popen) -> None:
    """Kill what is left of ``process`` and of those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _bounded(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (GIVEN_BYTES, GIVEN_BYTES))


def measured(attack: Attack, folder: Path) -> Cost:
    """The cost of ``attack``, whose files are written into ``folder`` first, and removed."""
    before = set(folder.rglob("*"))
    try:
        attack.write(folder)
        return cost(shlex.split(attack.command), folder)
    except Exception as error:  # one attack that fails must not end the run
        return Cost(0, 0, 0, 0, UNWRITTEN, f"not measured: {error!r}")
    finally:
        for path in sorted(set(folder.rglob("*")) - before, reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def row(attack: Attack, cost: Cost) -> str:
    """A line of the table."""
    return (
        f"| {attack.name} | `{attack.command.split()[0]}` | {max(0, cost.seconds - cost.import_seconds):.1f} "
        f"| {cost.above / 1e6:.0f} | {cost.import_seconds:.1f} s, {cost.import_bytes / 1e6:.0f} MB | {cost.code} |"
    )


HEADER = "| hostile input | command | s of CPU | MB | imports alone | exit code |\n|---|---|---|---|---|---|"


def main() -> int:
    """Measure every attack, print the table, and say whether all keep the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="attacks whose name or command holds this text")
    parser.add_argument("--seeds", type=Path, help="a folder of `tests.fuzz.seeds` that is there already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nnasim-refusals-") as name:
        folder = Path(name) / "seeds"
        if options.seeds:
            shutil.copytree(options.seeds, folder)
        else:
            folder.mkdir()
            subprocess.run([sys.executable, "-c", SEEDS, folder], check=True, capture_output=True)
        print(HEADER, flush=True)
        taken = []
        for attack in ATTACKS:
            if options.only not in f"{attack.name} {attack.command}":
                continue
            taken.append((attack, measured(attack, folder)))
            print(row(*taken[-1]), flush=True)
            last = taken[-1][1]
            print(f"{'DEAR: ' if last.dear else '      '}{last.line[:300]}", file=sys.stderr, flush=True)
    dear = sum(cost.dear for _, cost in taken)
    print(f"\n{len(taken)} inputs, {dear} over the bound. Those that cost most:\n\n{HEADER}")
    for attack, cost in sorted(taken, key=lambda each: each[1].share, reverse=True)[:SHOWN]:
        print(row(attack, cost))
    return int(dear > 0)


SEEDS = "import sys; from pathlib import Path; from tests.fuzz.seeds import make_seeds; make_seeds(Path(sys.argv[1]))"

if __name__ == "__main__":
    sys.exit(main())
