"""Mutants chosen by what code their parents reached: atheris' libFuzzer with our own mutator.

Run as a process of its own: `python -m tests.fuzz.guided PLAN`. It loads everything once, each branch counted, and
forks a child for each reader, since libFuzzer ends the process that it runs in. So a reader costs no second import.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import random
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

OURS = ("nnasim", "workloads", "reports", "aat_training")
THEIRS = ("torch", "pandas", "matplotlib.figure", "onnx", "optuna", "dask", "tflite", "soundfile", "scipy.signal")


_REACHED = re.compile(r"cov: (\d+)")


def run(plan: list[tuple[str, int]], seed: int, seeds: Path, log: Path, seconds: int) -> None:
    """Judge so many mutants for each reader of ``plan``, in at most so many ``seconds`` where these are not 0.

    A line of ``log`` for each, and for a child that dies. Prints, for each reader, its name and how many places of code
    were reached by its seed, and by all its mutants.
    """
    import atheris

    _load(THEIRS)
    with atheris.instrument_imports(include=list(OURS)):
        with contextlib.redirect_stderr(io.StringIO()):  # atheris names each module there
            _load(name for package in OURS for name in _modules_of(package))
        for name, mutants in plan:
            with tempfile.TemporaryFile() as complaints:
                pid = os.fork()
                if pid == 0:
                    os.dup2(complaints.fileno(), 2)
                    _fuzz(name, mutants, seed, seeds, log, seconds)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                complaints.seek(0)
                said = complaints.read().decode(errors="replace")
                if code != 0:
                    why = f"the process died ({code}): {said[-2000:]}"
                    with log.open("a") as file:
                        file.write(json.dumps({"reader": name, "kind": "fault", "why": why}) + "\n")
            reached = _REACHED.findall(said) or ["0"]
            print(name, reached[0], reached[-1], sep="\t", flush=True)


def _fuzz(name: str, mutants: int, seed: int, seeds: Path, log: Path, seconds: int) -> None:
    """Let libFuzzer run, which does not return."""
    import atheris

    from tests.fuzz.campaign import Log
    from tests.fuzz.judge import Table
    from tests.fuzz.readers import READERS

    reader = next(reader for reader in READERS if reader.name == name)
    table, record = Table(seeds, timed=True), Log(log)

    def judge(mutant: bytes) -> None:
        record.add(reader, mutant, table.judged(reader, mutant))

    def mutate(data: bytes, max_size: int, chance: int) -> bytes:
        mutant = reader.mutate(data, random.Random(chance))
        return mutant if len(mutant) <= max_size else data[:max_size]

    corpus = log.parent / f"corpus-{reader.name.replace(' ', '-')}"
    corpus.mkdir(exist_ok=True)
    whole = table.whole(reader)
    (corpus / "whole").write_bytes(whole)
    limits = (f"-max_len={4 * len(whole) + 4096}", "-len_control=0", "-rss_limit_mb=0", "-timeout=600")
    quiet = ("-verbosity=1", "-print_final_stats=0", f"-seed={seed + 1}")
    ends = (f"-runs={mutants}", f"-max_total_time={seconds}", "-mutate_depth=1")  # ours makes several changes itself
    beside = (f"-artifact_prefix={log.parent}/", "-report_slow_units=600")
    atheris.Setup([sys.argv[0], *limits, *quiet, *ends, *beside, str(corpus)], judge, custom_mutator=mutate)
    atheris.Fuzz()


def _modules_of(package: str) -> list[str]:
    """All modules within ``package`` but those that run when they are imported."""
    path = importlib.import_module(package).__path__
    names = [module.name for module in pkgutil.walk_packages(path, f"{package}.", onerror=lambda name: None)]
    return [name for name in names if not name.endswith("__main__")]


def _load(names: Any) -> None:
    """Import ``names``, as far as they are installed: what is missing, no command can reach."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    run(told["plan"], told["seed"], Path(told["seeds"]), Path(told["log"]), told["seconds"])
