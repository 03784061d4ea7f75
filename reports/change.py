"""The changes from one result to another: in total, per percentile with its noise band, and per operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nnasim.analysis.bootstrap import Estimate, relative_change
from nnasim.analysis.change import change_pct
from nnasim.analysis.percentiles import PERCENTILES, percentile
from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.result_set import ResultSet


@dataclass(frozen=True)
class Change:
    """One figure before and after. ``pct``: change in percent of ``before``; None if that is 0 and ``after`` is not.

    ``band``: 95 % interval of that change over resampled utterances; None if the two results are not of the same
    utterances, or of one only.
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
        return change_pct(self.before, self.after) if self.before > 0 else None

    def exceeds(self, percent: float) -> bool:
        """Whether a watched figure got worse by more than ``percent``; from nothing to something always is."""
        return self.gated and self.after > self.before and (self.pct is None or self.pct > percent)


@dataclass(frozen=True)
class Pair:
    """Two results that are compared, each by its label in its result set."""

    before: str
    after: str

    @property
    def label(self) -> str:
        """The pair's name."""
        return self.before if self.before == self.after else f"{self.before} -> {self.after}"


def pairs(before: ResultSet, after: ResultSet) -> list[Pair]:
    """Labels that both have, in the order of ``before``; two single results are a pair whatever their system."""
    shared = [Pair(label, label) for label in before.results if label in after.results]
    if not shared and len(before.results) == len(after.results) == 1:
        return [Pair(next(iter(before.results)), next(iter(after.results)))]
    return shared


def uncomparable(before: ResultSet, after: ResultSet) -> list[tuple[str, str]]:
    """(label, figure) of what ``before`` has and ``after`` lacks, "system" where it is the whole result: a gate over
    the rest would open on less than it says.
    """
    shared = pairs(before, after)
    of_before = {pair.before for pair in shared}
    gone = [(label, "system") for label in before.results if label not in of_before]
    for pair in shared:
        rates = before.figures()[pair.before].wer, after.figures()[pair.after].wer
        if rates[0] is not None and rates[1] is None:
            gone.append((pair.label, "wer"))
        if before.results[pair.before].utterances and not after.results[pair.after].utterances:
            gone.append((pair.label, "engine_latency_ms"))
    return gone


def changes(before: ResultSet, after: ResultSet) -> list[Change]:
    """Totals, latencies and word errors of every pair."""
    all_changes = []
    for pair in pairs(before, after):
        all_changes += _word_changes(pair, before, after)
        all_changes += _cost_changes(pair.label, before.results[pair.before], after.results[pair.after])
    return all_changes


def _word_changes(pair: Pair, before: ResultSet, after: ResultSet) -> list[Change]:
    rates = before.figures()[pair.before].wer, after.figures()[pair.after].wer
    if rates[0] is None or rates[1] is None:
        return []
    return [Change(pair.label, "wer", rates[0], rates[1], gated=True)]


def _cost_changes(label: str, old: SimResult, new: SimResult) -> list[Change]:
    latencies = [[utterance.engine_latency_ms for utterance in result.utterances] for result in (old, new)]
    same = [utterance.id for utterance in old.utterances] == [utterance.id for utterance in new.utterances]
    costs = []
    for name, percent in _latency_figures(latencies) if all(latencies) else []:
        values = [_of(times, percent) for times in latencies]
        band = relative_change(latencies[0], latencies[1], percent) if same and len(latencies[0]) > 1 else None
        costs.append(Change(system=label, figure=name, before=values[0], after=values[1], band=_band(band), gated=True))
    for name in ("cycles", "nna_cycles", "cpu_ms", "handoffs", "dram_bytes", "energy_mj"):
        old_total, new_total = getattr(old.totals, name), getattr(new.totals, name)
        if old_total is not None and new_total is not None:
            costs.append(Change(label, name, float(old_total), float(new_total)))
    return costs


def _latency_figures(latencies: list[list[float]]) -> list[tuple[str, int | None]]:
    """(name, percentile; None: the mean): all percentiles of a single utterance are one value."""
    name = "engine_latency_ms"
    if all(len(times) == 1 for times in latencies):
        return [(name, None)]
    return [(f"{name}.mean", None), *((f"{name}.p{percent}", percent) for percent in PERCENTILES)]


def _of(values: list[float], percent: int | None) -> float:
    """A percentile of ``values``, or their mean."""
    return sum(values) / len(values) if percent is None else percentile(values, percent)


def _band(estimate: Estimate | None) -> tuple[float, float] | None:
    return None if estimate is None else (estimate.low, estimate.high)


def operation_changes(before: ResultSet, after: ResultSet) -> list[Change]:
    """Milliseconds of every operation (busy and waiting) that differ, largest difference first."""
    operations = []
    for pair in pairs(before, after):
        times = operation_ms(before.results[pair.before]), operation_ms(after.results[pair.after])
        for name in dict.fromkeys([*times[0], *times[1]]):
            old_ms, new_ms = times[0].get(name, 0.0), times[1].get(name, 0.0)
            if old_ms != new_ms:
                operations.append(Change(pair.label, name, old_ms, new_ms))
    return sorted(operations, key=lambda change: (-abs(change.after - change.before), change.system, change.figure))


def operation_ms(result: SimResult) -> Mapping[str, float]:
    """Milliseconds by graph/operation on its unit."""
    times: Counter[str] = Counter()
    for op in result.ops:
        times[f"{op.graph}/{op.op} ({op.unit})"] += op.cycles + op.stall_cycles
    return {name: cycles_to_ms(cycles, result.clock_hz) for name, cycles in times.items()}
