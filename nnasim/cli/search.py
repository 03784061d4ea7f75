"""`nnasim search`: let Optuna look for the chips of the Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import MOST_TRIALS, DaskLocal, Force, Jobs, Json, Quiet, Scheduler, SweepFile, out_option
from nnasim.cli.told import cut_lines, refuse_json, tell_lines


def command(
    sweep_file: SweepFile,
    store: Annotated[Path, typer.Option(help="the SQLite file that holds the points; created if it does not exist")],
    out: Annotated[Path | None, out_option("write the Pareto set, with the figures of each point", "JSON")] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_TRIALS, help="number of trials, instead of the sweep file's search.trials"),
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    dask_local: DaskLocal = None,
    storage: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="Optuna's journal or database: many machines join one search")
    ] = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Search the axes of a sweep file for its Pareto set; every trial is a point of the store.

    Example: nnasim search sweep.yaml --store sweep.sqlite --trials 200 --out pareto.json
    """
    from nnasim import files
    from nnasim.cli.doubts import warn
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.sweep_lines import front_lines
    from nnasim.cli.unused import refuse_idle_force, refuse_together
    from nnasim.studies.search import searched
    from nnasim.studies.sweep import prepared
    from nnasim.sweeps.backends import backend_of, closing
    from nnasim.sweeps.doubts import implausible_points
    from nnasim.together import together

    refuse_json("search", json, quiet, force)
    if out is not None:
        files.refuse_existing_file(out, force)
    refuse_idle_force("search", force, out=out, json=json)
    ready = prepared(sweep_file)
    warn(implausible_points(ready.job))
    refuse_together("search", jobs=jobs, scheduler=scheduler, dask_local=dask_local)
    with (
        closing(backend_of(jobs, scheduler=scheduler, cluster_workers=dask_local)) as backend,
        shown_progress() as progress,
    ):
        outcome = searched(ready, store, backend, trials=trials, storage=storage, progress=progress)
    with together():
        if out is not None:
            files.write_json(out, outcome.evidence, force=force)
        lines = cut_lines(list(front_lines(ready.job, outcome.tried, outcome.evidence["pareto"])))
        tell_lines(lines, outcome.evidence, json=json, quiet=quiet, force=force)
