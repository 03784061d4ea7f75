"""The gain in latency of a recogniser of the paper's size, on the same speech and chip."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.fast_latency import cost, schedule
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import Utterance
from nnasim.studies.latency.costs import PAIR, gain
from reports.summary import PaperSizedGain
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

HANDOFFS_US = (35.0, 60.0)  # the published range of a crossing, see docs/results/latency.md
MOST_UTTERANCES = 50  # each costs its frames once more, and they differ little in what they gain


def paper_sized_gain(
    utterances: Sequence[Utterance], chip: NnaConfig, *, shape: RnntShape = SHAPES["rnnt-paper"],
    handoffs_us: Sequence[float] = HANDOFFS_US,
) -> PaperSizedGain | None:  # fmt: skip
    """The percentage by which the engine latency of ``aat`` is lower than that of ``cpu_fallback``, at each hand-off
    time.

    ``utterances``: real decodings, of which the first ``MOST_UTTERANCES`` are repeated with ``shape``, each symbol at
    its own time. None if an utterance has no latency. Raises PlacementError if ``shape`` does not fit the chip.
    """
    spoken = utterances[:MOST_UTTERANCES]
    plans = [schedule(retimed_trace(spoken, shape, system, chip.numerics), chip) for system in PAIR]
    chips = [chip.with_({"host.handoff_us": handoff}) for handoff in handoffs_us]
    gains = [gain(*(cost(plan, variant) for plan in plans)) for variant in chips]
    if any(pct is None for pct in gains):
        return None
    return PaperSizedGain(
        shape=shape.name,
        weights=shape.weights,
        handoffs_us=tuple(handoffs_us),
        engine_latency_pct=tuple(pct for pct in gains if pct is not None),
    )
