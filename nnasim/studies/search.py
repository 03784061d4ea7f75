"""A search from its file: what was tried, and the chips that nothing beats with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim.progress import Progress, silent
from nnasim.studies.repeat import commands
from nnasim.studies.sweep import PreparedSweep
from nnasim.sweeps.job import Job
from nnasim.sweeps.pareto import pareto_mask
from nnasim.sweeps.run import Backend
from nnasim.sweeps.search import Search, Tried
from nnasim.sweeps.settings import chip_settings
from nnasim.sweeps.store import Store


@dataclass(frozen=True)
class Searched:
    """The findings of a search.

    ``tried``: trials in the order in which they were asked for. ``evidence``: the Pareto set as JSON.
    """

    tried: list[Tried]
    evidence: dict[str, Any]


def searched(
    ready: PreparedSweep,
    store: Path,
    backend: Backend,
    *,
    trials: int | None = None,
    storage: str | None = None,
    progress: Progress = silent,
) -> Searched:
    """The trials of a search over ``ready`` and the best of them; every point is kept in the file ``store``.

    ``trials``: their number, instead of the sweep file's. ``storage``: Optuna's journal or database, if several
    machines join one search.
    """
    with Store(store) as opened:
        search = Search(
            job=ready.job,
            store=opened,
            backend=backend,
            accuracies=ready.accuracies(opened),
            storage=storage,
            progress=progress,
        )
        tried = search.run(trials or ready.job.spec.search.trials)
        return Searched(tried, evidence(ready.job, tried, opened, ready.source))


def evidence(job: Job, tried: list[Tried], store: Store, source: Path) -> dict[str, Any]:
    """The Pareto set, each point with all its figures, and how many trials it was chosen from.

    ``source``: the sweep file. ``set``: the point's chip on ``preset``; ``commands`` compute all its figures again.
    """
    good = list({trial.key: trial for trial in tried if trial.costs is not None}.values())
    mask = pareto_mask([trial.costs for trial in good]) if good else []
    front = [trial for trial, unbeaten in zip(good, mask, strict=True) if unbeaten]
    rows = store.outcomes([trial.key for trial in front])
    states = sorted({trial.state for trial in tried})
    return {
        "objectives": list(job.spec.objectives),
        "trials": {state: sum(trial.state == state for trial in tried) for state in states},
        "pareto": [
            {
                "key": trial.key,
                "values": trial.values,
                "figures": rows[trial.key].figures,
                "preset": job.spec.base,
                "set": chip_settings(job, trial.values),
                "commands": commands(job, trial.values, source),
            }
            for trial in sorted(front, key=lambda trial: trial.costs or ())
        ],
    }
