"""Two ranks against one process: ``python -m benchmarks.ranks [--json FILE]``.

The recipe ``commands`` (1.25 M parameters) on the bundled speech, the same batches either way: one process, and two
that `torchrun` starts on this machine. Each is run twice, for few steps and for more; the difference is what a step
costs, without imports, features and the look at dev. CPU time is the first rank's, for each; wall time is side by side:
on a machine with other work only the first says much. The weights that both end with are compared.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aat_training.data.manifest import read_manifest, write_manifest
from nnasim import files
from nnasim.tensorfile import read_tensors
from workloads.bundled import speech_manifest

FEW, MORE = 4, 36


@dataclass(frozen=True)
class Run:
    """The cost of one training: seconds of CPU time of all its ranks in its steps, and of wall time in total."""

    cpu_s: float
    wall_s: float


def trained(ranks: int, steps: int, batch: int, out: Path, dev: Path) -> Run:
    """Train in ``out`` with this many ranks; ``dev``: a little speech, since evaluating it is not what is measured."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    words = launcher if ranks > 1 else [sys.executable]
    speech = str(speech_manifest())
    words += ["-m", "nnasim", "train", "--recipe", "commands", "--train", speech, "--dev", str(dev), "--out", str(out)]
    words += ["--steps", str(steps), "--evaluate-every", str(steps), "--batch", str(batch), "--seed", "1"]
    begun = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    with (out / "log.csv").open() as log:
        (row,) = csv.DictReader(log)
    return Run(ranks * float(row["cpu_seconds"]), time.monotonic() - begun)  # the ranks have equal work


def difference(one: Path, other: Path) -> float:
    """The largest difference of two models' weights, as a share of the largest weight of its tensor."""
    a, b = read_tensors(one / "model.safetensors"), read_tensors(other / "model.safetensors")
    weights = [name for name in a if name.startswith("model.")]
    return max(float(np.abs(a[n] - b[n]).max() / max(np.abs(a[n]).max(), 1e-9)) for n in weights)


def measured(batch: int, folder: Path) -> dict[str, float]:
    """Cost of a step of ``batch`` utterances for one process and two, and how far their weights are apart."""
    row: dict[str, float] = {"batch": batch}
    for ranks in (1, 2):
        few, more = (
            trained(ranks, steps, batch, folder / f"{batch}-{ranks}-{steps}", folder / "dev.jsonl")
            for steps in (FEW, MORE)
        )
        row[f"cpu_ms_a_step_{ranks}"] = 1e3 * (more.cpu_s - few.cpu_s) / (MORE - FEW)
        row[f"wall_ms_a_step_{ranks}"] = 1e3 * (more.wall_s - few.wall_s) / (MORE - FEW)
    row["efficiency_by_cpu"] = row["cpu_ms_a_step_1"] / row["cpu_ms_a_step_2"]
    row["speed_by_wall"] = row["wall_ms_a_step_1"] / row["wall_ms_a_step_2"]
    row["weights_apart"] = difference(folder / f"{batch}-1-{MORE}", folder / f"{batch}-2-{MORE}")
    return row


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[32], help="utterances of a batch")
    parser.add_argument("--json", type=Path, default=Path("ranks.json"), help="the file to write")
    options = parser.parse_args()
    rows = []
    print("| batch | CPU of a step, 1 rank [ms] | 2 ranks | efficiency | wall, 1 rank | 2 ranks | weights apart |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        write_manifest(Path(folder) / "dev.jsonl", read_manifest(speech_manifest())[:8])
        for batch in options.batches:
            row = measured(batch, Path(folder))
            rows.append(row)
            print(
                f"| {batch} | {row['cpu_ms_a_step_1']:.0f} | {row['cpu_ms_a_step_2']:.0f} | "
                f"{100 * row['efficiency_by_cpu']:.0f} % | {row['wall_ms_a_step_1']:.0f} | "
                f"{row['wall_ms_a_step_2']:.0f} | {row['weights_apart']:.1e} |",
                flush=True,
            )
    files.write_json(options.json, {"rows": rows}, force=True)


if __name__ == "__main__":
    main()
