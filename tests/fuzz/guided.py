"""Mutants of one reader, chosen by what code their parents reached: atheris' libFuzzer with our own mutator.

Run as a process of its own, since libFuzzer ends the process that it runs in: `python -m tests.fuzz.guided READER ...`.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

OURS = ["nnasim", "workloads", "reports", "aat_training"]


def run(name: str, mutants: int, seed: int, seeds: Path, log: Path) -> None:
    """Judge ``mutants`` mutants for the reader ``name``; a line of ``log`` for each."""
    import atheris

    with atheris.instrument_imports(include=OURS):
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
        quiet = ("-verbosity=0", "-print_final_stats=0", f"-seed={seed + 1}", f"-runs={mutants}")
        atheris.Setup([sys.argv[0], *limits, *quiet, str(corpus)], judge, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    run(told["name"], told["mutants"], told["seed"], Path(told["seeds"]), Path(told["log"]))
