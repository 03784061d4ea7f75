"""Commands that `torchrun` starts as two ranks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SPEECH = Path(__file__).parents[1] / "digits" / "manifest.jsonl"
LONGEST_S = 300  # a rank that hangs fails the test


def torchrun(*words: object, on_rank_1: tuple[object, ...] = (), later_s: float = 0) -> subprocess.Popen[str]:
    """Start two ranks of `nnasim WORDS`, the second with more words, and so many seconds later."""
    ours = (sys.executable, "-m", "nnasim", *map(str, words))
    more = " ".join(map(str, on_rank_1))
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    ranks = f'if [ "$RANK" = 1 ]; then sleep {later_s}; exec "$@" {more}; else exec "$@"; fi'
    command = [*start, "bash", "-c", ranks, "bash", *ours]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as torchrun chooses by itself where nothing is said
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(process: subprocess.Popen[str]) -> tuple[str, list[str], str]:
    """Output, the lines that are ours on stderr, and the launcher's report."""
    out, err = process.communicate(timeout=LONGEST_S)
    return out, [line for line in err.splitlines() if line.startswith("nnasim:")], err
