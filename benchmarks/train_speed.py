"""The cost of exact training: ``python -m benchmarks.train_speed [--threads N] [--json FILE]``.

Forward and backward of 2 x 256 units, batch 16 x 100 frames, against torch.nn.LSTM and the quantised LSTMs of torch.ao
and Brevitas (where installed); of 1 x 1024 (30 frames) and 1 x 144 units against torch.nn.LSTM; and a whole training
step of the ``digits`` recipe against the float step. One process, contenders in turn, medians; CPU time of one thread,
or wall time of several. `nnasim train` itself gives each rank one thread.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from aat_training.bench.train_speed import figures, timings
from nnasim import files


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("train_speed.json"), help="the file to write")
    parser.add_argument("--threads", type=int, default=1, choices=range(1, 65), metavar="N", help="threads of torch")
    options = parser.parse_args()
    target, contenders = options.json, timings(threads=options.threads)
    files.write_json(target, figures(contenders), force=True)
    print(f"{'':<28}{'CPU ms' if options.threads == 1 else 'wall ms':>10}{'cost':>9}   of")
    for timing in contenders:
        beside = f"{timing.yardstick}, {1e3 * timing.yardstick_seconds:.1f} ms"
        print(f"{timing.name:<28}{1e3 * timing.seconds:>10.1f}{timing.cost:>8.2f}x   {beside}")


if __name__ == "__main__":
    main()
