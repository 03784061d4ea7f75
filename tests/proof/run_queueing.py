"""Simulated waits against M/D/1, D/D/1 and Cobham's priorities: `python -m tests.proof.run_queueing`.

Exit code 1 beyond 2 %.
"""

from __future__ import annotations

import sys

import numpy as np

from nnasim.hardware import load_preset
from nnasim.ir.shared import Policy
from tests.proof.queue_trace import poisson_arrivals, simulated_waits, simulated_waits_by_class
from tests.proof.queueing_laws import cobham_waits, dd1_wait, fifo_wait, md1_wait

SERVICE, STREAMS, FRAMES = 1e-3, 40, 10_000
LIMIT = 0.02
CLASS_ELEMENTS, CLASS_LOADS = (300_000, 1_000_000, 2_000_000), (0.15, 0.3, 0.2)
CLASS_SECONDS, CLASS_SEEDS = 150, 16


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
    for policy in ("priority", "fifo"):
        worst = max(worst, _show_classes(policy))
    return int(worst > LIMIT)


def _show_classes(policy: Policy) -> float:
    """Three classes on one chip, 65 % of whose time they take; mean waits over several seeds."""
    chip = load_preset("edge256", ["host.quantise_ns_per_element=1.0"])
    services = [size * 1e-9 for size in CLASS_ELEMENTS]
    rates = [load / service for load, service in zip(CLASS_LOADS, services, strict=True)]
    theory = cobham_waits(services, rates) if policy == "priority" else [fifo_wait(services, rates)] * len(rates)
    waits = [[] for _ in rates]
    for seed in range(CLASS_SEEDS):
        arrivals = [poisson_arrivals(rate, round(rate * CLASS_SECONDS), 100 * seed + k) for k, rate in enumerate(rates)]
        for sums, measured in zip(waits, simulated_waits_by_class(arrivals, CLASS_ELEMENTS, chip, policy), strict=True):
            sums.append(measured.mean())
    names = [f"{policy}, class {k + 1} of {len(rates)}, load {load}" for k, load in enumerate(CLASS_LOADS)]
    return max(_show(*row) for row in zip(names, map(float, map(np.mean, waits)), theory, strict=True))


def _show(name: str, measured: float, theory: float) -> float:
    error = abs(measured / theory - 1)
    print(f"{name}: mean wait {measured * 1e6:.2f} us, theory {theory * 1e6:.2f} us, {100 * error:.3f} % off")
    return error


if __name__ == "__main__":
    sys.exit(main())
