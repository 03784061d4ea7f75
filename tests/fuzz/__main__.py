"""Mutants of every kind of file that nnasim reads: `python -m tests.fuzz --mutants 10000 --out finds`.

Guided by coverage where atheris is installed (`pip install atheris`), each reader in a forked process. Half of the
mutants are shared out evenly, half so that every reader gets about the same time. Exit code 1 where one ended neither
in a result nor in a clean refusal: its file lies in OUT; copy it into tests/fuzz/finds, where it is a test from then
on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.campaign import Log, counted, unguided
from tests.fuzz.judge import CLEAN, Table
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.seeds import make_seeds

KINDS = ("result", "refusal", "fault", "hang", "costly", "litter")


def main() -> int:
    """Run a campaign, print how many mutants ended how, reader by reader, and what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=2000, help="of all readers together")
    parser.add_argument("--each", type=int, help="of each reader, instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", help="names, separated by commas; default: all")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the log and for what is found")
    parser.add_argument("--seconds", type=int, default=0, help="the most for one reader, where guided")
    parser.add_argument("--unguided", action="store_true", help="without atheris, in this process")
    options = parser.parse_args()
    names = options.readers.split(",") if options.readers else [reader.name for reader in READERS]
    readers = [reader for reader in READERS if reader.name in names]
    options.out.mkdir(parents=True, exist_ok=True)
    guided = not options.unguided and importlib.util.find_spec("atheris") is not None
    print("guided by coverage (atheris)" if guided else "not guided: mutants of what was read whole", flush=True)
    log, start = options.out.resolve() / "log.jsonl", time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder)
        make_seeds(seeds)
        judge_all(
            shared_out(readers, options.mutants), options.seed, seeds, log, guided=guided, seconds=options.seconds
        )
    return summed(log, time.monotonic() - start)


def shared_out(readers: list[Reader], mutants: int) -> list[tuple[Reader, int]]:
    """How many of ``mutants`` each reader gets: half of them evenly, of the rest the fewer, the longer one takes."""
    rates = [1 / reader.seconds for reader in readers]
    shares = [(1 / len(readers) + rate / sum(rates)) / 2 for rate in rates]
    return [(reader, max(1, round(mutants * share))) for reader, share in zip(readers, shares, strict=True)]


def judge_all(plan: list[tuple[Reader, int]], seed: int, seeds: Path, log: Path, *, guided: bool, seconds: int) -> None:
    """Judge so many mutants of each reader, and print what became of them as each reader is done."""
    if not guided:
        for reader, mutants in plan:
            unguided(reader, mutants, seed, Table(seeds, timed=True), Log(log))
            print(told_of(reader.name, log), flush=True)
        return
    numbers = [(reader.name, mutants) for reader, mutants in plan]
    told = {"plan": numbers, "seed": seed, "seeds": str(seeds), "log": str(log), "seconds": seconds}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.guided", json.dumps(told)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            name, *reached = line.rstrip().split("\t")
            if name in {reader.name for reader, _ in plan}:
                print(f"{told_of(name, log)}, places of code: {' -> '.join(reached)}", flush=True)
    if process.returncode != 0:
        raise SystemExit(f"python -m tests.fuzz.guided ended with {process.returncode}")


def told_of(name: str, log: Path) -> str:
    """How many mutants of the reader ``name`` ended how."""
    return f"{name}: {dict(counted(log).get(name, {}))}"


def summed(log: Path, seconds: float) -> int:
    """Print the sums; returns 1 where anything was found."""
    counts = counted(log)
    sums = {kind: sum(count[kind] for count in counts.values()) for kind in KINDS}
    print(f"{sum(sums.values()):,} mutants of {len(counts)} readers in {seconds:.0f} s: "
          + ", ".join(f"{number:,} {kind}" for kind, number in sums.items()))  # fmt: skip
    found = [json.loads(line) for line in log.read_text().splitlines()]
    for line in found:
        if line["kind"] not in CLEAN:
            print(f"{line['kind']}: {line['reader']} ({line.get('mutant')}): {line['why'][-300:]}")
    return int(any(sums[kind] for kind in KINDS if kind not in CLEAN))


if __name__ == "__main__":
    raise SystemExit(main())
