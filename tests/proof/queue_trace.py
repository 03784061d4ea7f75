"""A queue as a workload: one operation of fixed length per frame, frames arriving as one likes.

What the whole path from trace to result makes of it can then be held against queueing theory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnasim.hardware import NnaConfig
from nnasim.ir.shared import Policy
from nnasim.ir.trace import Op, OpGraph, OpTrace, TensorSpec, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.pipeline import simulate
from nnasim.sharing.run import Model, SharingOptions, share

ELEMENTS = 1_000_000


def queue_trace(streams: Sequence[NDArray[np.float64]], elements: int = ELEMENTS) -> OpTrace:
    """One utterance per stream of arrivals [s]; each frame quantises ``elements`` features on the CPU."""
    op = Op(name="serve", kind="quantise", group="input_quantise", layer="serve", inputs=("x",), outputs=("y",))
    return OpTrace(
        system="aat",
        placement=placement_of("aat"),
        numerics=NumericsConfig(),
        tensors={
            "x": TensorSpec(shape=(elements,), bits=32, role="input"),
            "y": TensorSpec(shape=(elements,), bits=8, role="output"),
        },
        graphs={"serve": OpGraph(ops=(op,))},
        utterances=tuple(_utterance(f"stream-{n}", arrivals) for n, arrivals in enumerate(streams)),
    )


def _utterance(id: str, arrivals: NDArray[np.float64]) -> Utterance:
    frames = len(arrivals)
    return Utterance(
        id=id,
        audio_seconds=float(arrivals[-1]) or 1.0,
        arrivals=tuple(arrivals.tolist()),
        call_graphs=("serve",) * frames,
        call_frames=tuple(range(frames)),
    )


def simulated_waits(streams: Sequence[NDArray[np.float64]], chip: NnaConfig) -> NDArray[np.float64]:
    """Seconds that each frame of each stream waits before it is served, as ``simulate`` has it."""
    frames = simulate(queue_trace(streams), chip).frames
    waits: NDArray[np.float64] = np.subtract(frames.start, frames.arrival) / chip.clock_hz
    return waits


def simulated_waits_by_class(
    arrivals: Sequence[NDArray[np.float64]], elements: Sequence[int], chip: NnaConfig, policy: Policy
) -> list[NDArray[np.float64]]:
    """Seconds that each frame of each class waits for service on one ``chip``; the first class has priority."""
    models = [
        Model(f"class {place}", queue_trace([times], size))
        for place, (times, size) in enumerate(zip(arrivals, elements, strict=True))
    ]
    result = share(models, chip, SharingOptions(policy=policy))
    return [np.subtract(model.frames.start, model.frames.arrival) / chip.clock_hz for model in result.models]


def poisson_arrivals(rate: float, count: int, seed: int) -> NDArray[np.float64]:
    """Times [s] of ``count`` arrivals of a Poisson process of ``rate`` [1/s]."""
    times: NDArray[np.float64] = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))
    return times
