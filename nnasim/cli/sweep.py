"""`nnasim sweep`: every point of a sweep file, on this machine or on a cluster, into a store."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import DaskLocal, Force, Jobs, Json, Quiet, Scheduler, SweepFile
from nnasim.cli.told import refuse_json, say, tell_lines
from nnasim.errors import InputError


def command(
    sweep_file: SweepFile,
    store: Annotated[
        Path | None, typer.Option(help="the SQLite file that holds the points; created if it does not exist")
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    dask_local: DaskLocal = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="only every N-th point, beginning with the I-th")] = "1/1",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help=("check the file, count its points and estimate the time, from one computed point")
        ),
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="compute failed points again")] = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Simulate every point of a sweep file; points that are in the store already are not computed again.

    Example: nnasim sweep sweep.yaml --store sweep.sqlite --jobs 2
    """
    from nnasim.cli.doubts import warn
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.sweep_lines import estimate_lines
    from nnasim.cli.unused import refuse_idle_force, refuse_together, refuse_unused
    from nnasim.studies.sweep import prepared, swept
    from nnasim.sweeps.backends import backend_of, closing, parse_shard
    from nnasim.sweeps.doubts import implausible_points
    from nnasim.sweeps.estimate import estimate, known_points
    from reports.sweep_lines import sweep_lines

    refuse_json("sweep", json, quiet, force)
    refuse_idle_force("sweep", force, json=json)
    part = parse_shard(shard)
    ready = prepared(sweep_file)
    warn(implausible_points(ready.job))
    space = ready.space()
    if dry_run:
        why = "with --dry-run, which computes one point here"
        refuse_unused(
            "sweep", why, scheduler=scheduler, dask_local=dask_local, retry_failed=retry_failed, json=json, quiet=quiet
        )
        expected, workers = estimate(space, part), jobs or os.cpu_count() or 1
        constrained = bool(ready.job.constraints)
        say(estimate_lines(expected, workers, with_words=ready.scorer is not None, constrained=constrained, part=part))
        if store is not None and os.path.lexists(store):
            say([f"{known_points(space, part, store):,} of them are in {store} already"])
        return
    if store is None:
        raise InputError("sweep", "--store", None, "must be given, unless with --dry-run")
    refuse_together("sweep", jobs=jobs, scheduler=scheduler, dask_local=dask_local)
    with (
        closing(backend_of(jobs, scheduler=scheduler, cluster_workers=dask_local)) as backend,
        shown_progress() as progress,
    ):
        tally = swept(ready, store, backend, shard=part, retry_failed=retry_failed, progress=progress)
    figures = dataclasses.asdict(tally)
    tell_lines(sweep_lines(store, tally, ready.job), figures, json=json, quiet=quiet, force=force)
