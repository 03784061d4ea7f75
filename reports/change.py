"""What changed from one result to another: in total, per percentile with its noise band, and per operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nnasim.analysis.bootstrap import Estimate, relative_change
from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.study import Study


@dataclass(frozen=True)
class Change:
    """One figure before and after. ``pct``: change in percent of ``before``, None from nothing to something.

    ``band``: 95 % interval of that change over resampled utterances, None where the two results have not the same
    ones, or one only.
    ``gated``: larger is worse for the user, and ``--fail-over`` watches it.
    """

    system: str
    figure: str
    before: float
    after: float
    band: tuple[float, float] | None = None
    gated: bool = False

    @property
    def pct(self) -> float | None:
        """Change in percent."""
        if self.before == self.after:
            return 0.0
        return 100 * (self.after / self.before - 1) if self.before > 0 else None

    def exceeds(self, percent: float) -> bool:
        """Whether a watched figure got worse by more than ``percent``; from nothing to something always is."""
        return self.gated and self.after > self.before and (self.pct is None or self.pct > percent)


def changes(before: Study, after: Study) -> list[Change]:
    """Totals, latencies and word errors of every label that both have, in the order of ``before``."""
    found = []
    for label, old in before.results.items():
        if label in after.results:
            found += _word_changes(label, before, after) + _cost_changes(label, old, after.results[label])
    return found


def _word_changes(label: str, before: Study, after: Study) -> list[Change]:
    rates = before.figures()[label].wer, after.figures()[label].wer
    if rates[0] is None or rates[1] is None:
        return []
    return [Change(label, "wer", rates[0], rates[1], gated=True)]


def _cost_changes(label: str, old: SimResult, new: SimResult) -> list[Change]:
    latencies = [[utterance.engine_latency_ms for utterance in result.utterances] for result in (old, new)]
    same = [utterance.id for utterance in old.utterances] == [utterance.id for utterance in new.utterances]
    found = []
    for percent in (50, 90, 99):
        values = [_percentile(some, percent) for some in latencies]
        band = relative_change(latencies[0], latencies[1], percent) if same and len(latencies[0]) > 1 else None
        found.append(Change(label, f"engine_latency_ms.p{percent}", values[0], values[1], _band(band), gated=True))
    for name in ("cycles", "nna_cycles", "cpu_ms", "handoffs", "dram_bytes", "energy_mj"):
        one, two = getattr(old.totals, name), getattr(new.totals, name)
        if one is not None and two is not None:
            found.append(Change(label, name, float(one), float(two)))
    return found


def _percentile(values: list[float], percent: float) -> float:
    from nnasim.analysis import percentile

    return percentile(values, percent) if values else 0.0


def _band(estimate: Estimate | None) -> tuple[float, float] | None:
    return None if estimate is None else (estimate.low, estimate.high)


def operation_changes(before: Study, after: Study) -> list[Change]:
    """Milliseconds of every operation (busy and waiting) that differ, largest difference first."""
    found = []
    for label, old in before.results.items():
        if label not in after.results:
            continue
        times = operation_ms(old), operation_ms(after.results[label])
        for name in dict.fromkeys([*times[0], *times[1]]):
            one, two = times[0].get(name, 0.0), times[1].get(name, 0.0)
            if one != two:
                found.append(Change(label, name, one, two))
    return sorted(found, key=lambda change: (-abs(change.after - change.before), change.system, change.figure))


def operation_ms(result: SimResult) -> Mapping[str, float]:
    """Milliseconds by graph/operation on its unit."""
    times: Counter[str] = Counter()
    for op in result.ops:
        times[f"{op.graph}/{op.op} ({op.unit})"] += op.cycles + op.stall_cycles
    return {name: cycles_to_ms(cycles, result.clock_hz) for name, cycles in times.items()}
