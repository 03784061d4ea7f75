"""Decoding speed: ``python -m benchmarks.decode_speed [--utterances 64] [--rounds 3] [--json FILE]``.

The bundled speech through the bundled models, from audio files to words, by each of the five systems: 32 utterances at
once against one by one, which finds the same words. One thread, CPU time, in turn, medians of ratios.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from aat_training.bench.decode_speed import ROUNDS, UTTERANCES, figures, timings
from nnasim import files


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=UTTERANCES, help="of the bundled speech")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in each of which both ways take their turn")
    parser.add_argument("--json", type=Path, default=Path("decode_speed.json"), help="the file to write")
    arguments = parser.parse_args()
    measurements = timings(arguments.utterances, arguments.rounds)
    files.write_json(arguments.json, figures(measurements), force=True)
    print("| system and batch | CPU s | one by one, CPU s | times as fast |\n|---|---|---|---|")
    for timing in measurements:
        print(f"| {timing.name} | {timing.seconds:.2f} | {timing.yardstick_seconds:.2f} | {1 / timing.cost:.2f} |")


if __name__ == "__main__":
    main()
