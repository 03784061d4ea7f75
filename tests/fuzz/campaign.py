"""A log of judged mutants, a line each, from which a campaign is counted; the faults' mutants are kept beside it."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from pathlib import Path

from tests.fuzz.judge import CLEAN, Table, Verdict
from tests.fuzz.readers import Reader


class Log:
    """Appends to a file of JSON lines as mutants are judged, so that what a stopped campaign did is not lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, reader: Reader, mutant: bytes, verdict: Verdict) -> None:
        """A line for ``verdict``; a mutant that is none of a clean ending is written to a file of its own."""
        line: dict[str, object] = {"reader": reader.name, "kind": verdict.kind, "seconds": round(verdict.seconds, 3)}
        if verdict.kind not in CLEAN:
            name = f"{reader.name.replace(' ', '-')}.{hashlib.sha256(mutant).hexdigest()[:8]}"
            (self.path.parent / name).write_bytes(mutant)
            line |= {"mutant": name, "why": verdict.why}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def unguided(reader: Reader, mutants: int, seed: int, table: Table, log: Log) -> None:
    """Judge ``mutants`` mutants of the reader's seed, and of mutants of it that were read whole."""
    rng = random.Random(f"{reader.name} {seed}")
    corpus = [table.whole(reader)]
    for _ in range(mutants):
        mutant = reader.mutate(rng.choice(corpus[-8:] + corpus[:1] * 8), rng)
        verdict = table.judged(reader, mutant)
        log.add(reader, mutant, verdict)
        if verdict.kind == "result":
            corpus.append(mutant)


def counted(log: Path) -> dict[str, Counter[str]]:
    """Reader -> how many mutants ended how."""
    counts: dict[str, Counter[str]] = {}
    for text in log.read_text().splitlines() if log.exists() else ():
        line = json.loads(text)
        counts.setdefault(line["reader"], Counter())[line["kind"]] += 1
    return counts
