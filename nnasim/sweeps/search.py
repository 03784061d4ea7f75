"""Search: Optuna proposes points, the sweep computes and stores them, and Optuna gets their figures, which are costs.

Trials are asked for in batches of a fixed size, so that a search tries the same points whatever the number of workers.
Points that are in the store already are not computed again, so an interrupted search continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nnasim.progress import Progress, silent
from nnasim.sweeps.accuracy import Accuracies
from nnasim.sweeps.axes import AxisSpec
from nnasim.sweeps.evaluate import Outcome, run_batch
from nnasim.sweeps.fields import Field
from nnasim.sweeps.job import Job, Values
from nnasim.sweeps.run import Backend, Sweep, remember
from nnasim.sweeps.store import Store
from nnasim.sweeps.trials import Trials


@dataclass(frozen=True)
class Tried:
    """One trial: its point, and its objectives in the sweep's order; None for a pruned or failed one."""

    values: Values
    key: str
    costs: tuple[float, ...] | None
    state: str


class Search:
    """A search over the axes of ``job``. ``storage``: Optuna's journal or RDB address where many machines join."""

    def __init__(
        self, job: Job, store: Store, backend: Backend,
        accuracies: Accuracies | None = None, storage: str | None = None, progress: Progress = silent,
    ) -> None:  # fmt: skip
        self.job, self.store, self.spec = job, store, job.spec.search
        self.accuracies, self.backend, self.progress = accuracies, backend, progress
        self.sweep = Sweep(job, store, backend, accuracies)
        self.study = Trials(job, self.sweep.digest, storage)
        self.distributions = {name: distribution(job.spec.axes[name], field) for name, field in job.fields.items()}
        remember(store, self.sweep.digest, job, swept=False)
        self.short: list[tuple[float, ...]] = []  # objectives on the first frames, of trials that ran to their end

    def run(self, trials: int) -> list[Tried]:
        """Try ``trials`` points; returns them in the order in which they were asked for."""
        tried: list[Tried] = []
        while len(tried) < trials:
            asked = [self.study.ask(self.distributions) for _ in range(min(self.spec.batch, trials - len(tried)))]
            tried += self._try(asked)
            failed = sum(trial.costs is None for trial in tried)
            self.progress("trials", len(tried), trials, f"{failed:,} without a result" if failed else "")
        return tried

    def _try(self, asked: list[Any]) -> Iterator[Tried]:
        points = [self._values(trial) for trial in asked]
        states = ["constraint" if not self.job.allows(values) else "run" for values in points]
        states = self._pruned(points, states)
        chosen = [values for values, state in zip(points, states, strict=True) if state == "run"]
        self._score(chosen)
        self.store.add_tried(self.sweep.digest, [self.job.key(values) for values in chosen])
        self.sweep.run(lambda: chosen, len(chosen))
        outcomes = self.store.outcomes([self.job.key(values) for values in chosen])
        for trial, values, state in zip(asked, points, states, strict=True):
            yield self._tell(trial, values, state, outcomes.get(self.job.key(values)))

    def _values(self, trial: Any) -> Values:
        """The trial's point, rounded as the axis asks."""
        axes, fields = self.job.spec.axes, self.job.fields
        return {name: axes[name].rounded(value, fields[name]) for name, value in trial.params.items()}

    def _score(self, chosen: list[Values]) -> None:
        if self.accuracies:
            self.accuracies.complete(chosen, self.backend)

    def _pruned(self, points: list[Values], states: list[str]) -> list[str]:
        """``states``, with "pruned" for each trial that is hopeless on its first frames.

        It is if every objective is worse by the margin than that of one earlier trial.
        """
        if self.spec.prune_frames is None:
            return states
        payload = self.job.payload()
        given = [("", values) for values in points]
        # Word errors are not known from a few frames, so the other objectives decide.
        names = [name for name in self.job.spec.objectives if name != "wer"]
        shorts = [_costs(outcome, names) for outcome in run_batch(payload, given, self.spec.prune_frames)]
        margin = self.spec.prune_margin
        pruned_states = []
        for state, short in zip(states, shorts, strict=True):
            hopeless = short is not None and any(
                all(cost > margin * other for cost, other in zip(short, trial, strict=True)) for trial in self.short
            )
            if state == "run" and short is not None and not hopeless:
                self.short.append(short)
            pruned_states.append("pruned" if hopeless and state == "run" else state)
        return pruned_states

    def _tell(self, trial: Any, values: Values, state: str, outcome: Outcome | None) -> Tried:
        costs = _costs(outcome, self.job.spec.objectives) if state == "run" else None
        key = self.job.key(values)
        self.study.tell(trial, key, costs)
        if costs is not None:
            return Tried(values, key, costs, "complete")
        return Tried(values, key, None, "failed" if state == "run" else state)


def _costs(outcome: Outcome | None, names: Sequence[str]) -> tuple[float, ...] | None:
    """The figures ``names`` of an outcome; None if one is not a number."""
    figures = (outcome and outcome.figures) or {}
    costs = [float(cost) for cost in map(figures.get, names) if isinstance(cost, int | float)]
    return tuple(costs) if len(costs) == len(names) else None


def distribution(axis: AxisSpec, field: Field, *, rounded: bool = False) -> Any:
    """Optuna's distribution for an axis: choices of a list, else an interval; ``rounded``: with its ends' multiples."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.values is not None:
        return CategoricalDistribution([field.coerce(value) for value in axis.values])
    low, high = axis.bounds(field) if rounded else axis.interval
    log = axis.logspan is not None and low > 0  # it is, but for the multiple 0
    if field.number is int:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)
