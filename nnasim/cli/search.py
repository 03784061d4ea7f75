"""`nnasim search`: let Optuna look for the chips that nothing beats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.cli.options import MOST_TRIALS, MOST_WORKERS

if TYPE_CHECKING:
    from nnasim.sweep.job import Job
    from nnasim.sweep.search import Tried


def command(
    study: Annotated[Path, typer.Argument(help="a study file; its section `search` says how to look")],
    store: Annotated[Path, typer.Option(help="the SQLite file that holds the points; made if it is new")],
    out: Annotated[Path | None, typer.Option(metavar="JSON", help="write the Pareto set with its evidence")] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, max=MOST_TRIALS, help="instead of the study's search.trials")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="worker processes; default: one per core")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="run on the Dask cluster there")] = None,
    dask_local: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="start a Dask cluster of N workers here")
    ] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="Optuna's journal or database: many machines join one search")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an existing OUT")] = False,
) -> None:
    """Search the axes of a study for its Pareto set; every trial is a point of the store.

    Example: nnasim search study.yaml --store study.sqlite --trials 200 --out pareto.json
    """
    from nnasim import files
    from nnasim.cli.doubts import warn
    from nnasim.cli.sweep import backend_of
    from nnasim.cli.sweep_progress import sweep_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.studies.sweep_accuracy import scorer_of
    from nnasim.sweep.accuracy import Accuracies
    from nnasim.sweep.doubts import implausible_points
    from nnasim.sweep.job import load_job
    from nnasim.sweep.search import Search
    from nnasim.sweep.store import Store
    from nnasim.sweep.study import read_study

    if out is not None:
        files.refuse_existing(out, force)
    else:
        refuse_unused("search", "without --out", force=force)
    parsed = read_study(study)
    scorer, scored = scorer_of(parsed, study)
    job = load_job(parsed, study, scored)
    warn(implausible_points(job))
    backend = backend_of(jobs, scheduler, dask_local)
    try:
        with Store(store) as opened, sweep_progress() as watch:
            accuracies = Accuracies(job, opened, scorer) if scorer else None
            search = Search(job, opened, backend, accuracies, storage, watch)
            tried = search.run(trials or parsed.search.trials)
            front = evidence(job, tried, opened, study)
        backend.close()
    except BaseException:
        backend.close(kill=True)
        raise
    if out is not None:
        files.write_json(out, front, force=force)
    _show(job, tried, front["pareto"])


def evidence(job: Job, tried: list[Tried], store: Any, source: Path) -> dict[str, Any]:
    """The Pareto set, and how many trials it stands against; each point with all its figures.

    ``source``: the study file. ``set``: the point's chip on ``preset``; ``commands`` compute all its figures again.
    """
    from nnasim.sweep.pareto import pareto_mask
    from nnasim.sweep.repeat import chip_settings, commands

    good = list({one.key: one for one in tried if one.costs is not None}.values())
    front = (
        [one for one, kept in zip(good, pareto_mask([one.costs for one in good]), strict=True) if kept] if good else []
    )
    rows = store.outcomes([one.key for one in front])
    states = sorted({one.state for one in tried})
    return {
        "objectives": list(job.study.objectives),
        "trials": {state: sum(one.state == state for one in tried) for state in states},
        "pareto": [
            {
                "key": one.key,
                "values": one.values,
                "figures": rows[one.key].figures,
                "preset": job.study.base,
                "set": chip_settings(job, one.values),
                "commands": commands(job, one.values, source),
            }
            for one in sorted(front, key=lambda one: one.costs or ())
        ],
    }


def _show(job: Job, tried: list[Tried], front: list[dict[str, Any]]) -> None:
    print(f"{len(tried)} trials, {len(front)} on the Pareto front of {', '.join(job.study.objectives)}")
    for point in front[:20]:
        costs = ", ".join(f"{point['figures'][name]:.6g}" for name in job.study.objectives)
        print(f"  {costs}: {' '.join(f'{name}={value}' for name, value in point['values'].items())}")
