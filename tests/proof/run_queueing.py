"""Simulated waits against M/D/1 and D/D/1: `python -m tests.proof.run_queueing`; exit code 1 beyond 2 %."""

from __future__ import annotations

import sys

import numpy as np

from nnasim.hardware import load_preset
from tests.proof.queue_trace import poisson_arrivals, simulated_waits
from tests.proof.queueing_laws import dd1_wait, md1_wait

SERVICE, STREAMS, FRAMES = 1e-3, 40, 10_000
LIMIT = 0.02


def main() -> int:
    """Print each comparison; 0 if all agree."""
    chip = load_preset("edge256", ["host.quantise_ns_per_element=1.0"])
    worst = 0.0
    for load in (0.2, 0.4, 0.6):
        streams = [poisson_arrivals(load / SERVICE, FRAMES, seed) for seed in range(STREAMS)]
        measured = float(simulated_waits(streams, chip).mean())
        worst = max(worst, _show(f"M/D/1 load {load}", measured, md1_wait(SERVICE, load / SERVICE)))
    for period in (0.8e-3, 0.5e-3):
        measured = float(simulated_waits([period * (1 + np.arange(FRAMES))], chip).mean())
        theory = dd1_wait(SERVICE, period, FRAMES - 1) / 2
        worst = max(worst, _show(f"D/D/1 load {SERVICE / period:g}", measured, theory))
    return int(worst > LIMIT)


def _show(name: str, measured: float, theory: float) -> float:
    error = abs(measured / theory - 1)
    print(f"{name}: mean wait {measured * 1e6:.2f} us, theory {theory * 1e6:.2f} us, {100 * error:.3f} % off")
    return error


if __name__ == "__main__":
    sys.exit(main())
