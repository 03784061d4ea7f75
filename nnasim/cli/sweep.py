"""`nnasim sweep`: every point of a study, on this machine or on a cluster, into a store."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.cli.options import MOST_WORKERS
from nnasim.errors import InputError

if TYPE_CHECKING:
    from nnasim.sweep.accuracy import Accuracies
    from nnasim.sweep.job import Job
    from nnasim.sweep.run import Progress
    from nnasim.sweep.space import Space
    from nnasim.sweep.store import Store


def command(
    study: Annotated[Path, typer.Argument(help="a study file: base, traces, axes, objectives")],
    store: Annotated[Path | None, typer.Option(help="the SQLite file that holds the points; made if it is new")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="worker processes; default: one per core")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="run on the Dask cluster there")] = None,
    dask_local: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="start a Dask cluster of N workers here")
    ] = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="only every N-th point, beginning with the I-th")] = "1/1",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check, count and estimate; compute one point")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="compute failed points again")] = False,
) -> None:
    """Simulate every point of a study; what the store has already is not computed again.

    Example: nnasim sweep study.yaml --store study.sqlite --jobs 2
    """
    from nnasim.cli.doubts import warn
    from nnasim.cli.sweep_progress import sweep_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.studies.sweep_accuracy import scorer_of
    from nnasim.sweep.doubts import implausible_points
    from nnasim.sweep.job import load_job
    from nnasim.sweep.run import sweep
    from nnasim.sweep.space import Space
    from nnasim.sweep.store import Store
    from nnasim.sweep.study import read_study

    part = parse_shard(shard)
    parsed = read_study(study)
    scorer, scored = scorer_of(parsed, study)
    job = load_job(parsed, study, scored)
    warn(implausible_points(job))
    space = Space(job, study)
    if dry_run:
        why = "with --dry-run, which computes one point here"
        refuse_unused("sweep", why, scheduler=scheduler, dask_local=dask_local, retry_failed=retry_failed)
        print(_estimate(job, space, part, jobs or os.cpu_count() or 1))
        if store is not None and store.exists():
            print(_known(job, space, part, store))
        return
    if store is None:
        raise InputError("sweep", "--store", None, "must be given, unless with --dry-run")
    backend = backend_of(jobs, scheduler, dask_local)
    try:
        with Store(store) as opened, sweep_progress() as watch:
            if retry_failed:
                opened.forget_failed()
            accuracies = scores(job, opened, scorer, space, part, backend)
            begun = time.monotonic()
            progress = sweep(job, space, opened, backend, shard=part, accuracies=accuracies, watch=watch)
        backend.close()
    except BaseException:  # Ctrl-C too: what is stored stays, workers end now
        backend.close(kill=True)
        raise
    print(_in_short(store, progress, time.monotonic() - begun))


def backend_of(jobs: int | None, scheduler: str | None, dask_local: int | None) -> Any:
    """Where points are computed. InputError for options that exclude each other, or an unreachable scheduler."""
    given = {"--jobs": jobs, "--scheduler": scheduler, "--dask-local": dask_local}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InputError("sweep", named[1], given[named[1]], f"cannot be combined with {named[0]}")
    if scheduler is None and dask_local is None:
        from nnasim.sweep.local import LocalBackend

        return LocalBackend(jobs or os.cpu_count() or 1)
    from nnasim.sweep.cluster import ClusterBackend

    return ClusterBackend.local(dask_local) if dask_local else ClusterBackend.connect(scheduler or "")


def scores(
    job: Job, store: Store, scorer: Any, space: Space, shard: tuple[int, int], backend: Any
) -> Accuracies | None:
    """The word errors of every arithmetic that the points need; those that the store lacks are found now."""
    if scorer is None:
        return None
    from nnasim.cli.progress import with_progress
    from nnasim.sweep.accuracy import Accuracies

    accuracies = Accuracies(job, store, scorer)
    missing = accuracies.missing(space.points(shard))
    for _ in with_progress(accuracies.score(missing, backend), "word errors", len(missing)):
        pass
    return accuracies


def parse_shard(text: str) -> tuple[int, int]:
    """ "2/4" as (1, 4): the second of four parts. InputError for anything else."""
    first, slash, count = text.partition("/")
    if not (slash and first.isdecimal() and count.isdecimal() and len(text) < 20 and 1 <= int(first) <= int(count)):
        raise InputError("sweep", "--shard", text, "must be I/N with 1 <= I <= N, such as 1/4")
    return int(first) - 1, int(count)


def _estimate(job: Job, space: Space, shard: tuple[int, int], workers: int) -> str:
    """How many points, and how long they take: measured on the first of them that is simulated without an error."""
    from nnasim.cli.sweep_progress import clock
    from nnasim.sweep.evaluate import Evaluator

    evaluator, seconds, message = Evaluator(job), 0.0, None
    for values, _ in zip(space.points(shard), range(5), strict=False):
        evaluator.outcome("", values)  # compiles; the second time is what a point of a sweep takes
        outcome = evaluator.outcome("", values)
        seconds, message = outcome.seconds, outcome.message
        if message is None:
            break
    count = sum(1 for _ in space.points(shard))
    lines = [
        f"{count:,} points of {space.size:,}" + (" (the constraints drop the others)" if count < space.size else "")
    ]
    if message is None:
        lines.append(f"{seconds:.3f} s of CPU a point, about {clock(count * seconds / workers)} on {workers} workers")
    else:
        lines.append(f"no estimate: the first points fail: {message}")
    if job.study.accuracy:
        lines.append("word errors come on top, once for each distinct arithmetic")
    return "\n".join(lines)


def _known(job: Job, space: Space, shard: tuple[int, int], store: Path) -> str:
    """How many of the points a store has already."""
    from nnasim.sweep.store import Store

    with Store(store, create=False) as opened:
        known = len(opened.done([job.key(values) for values in space.points(shard)]))
    return f"{known:,} of them are in {store} already"


def _in_short(store: Path, progress: Progress, seconds: float) -> str:
    new = progress.ok + progress.failed
    rate = f", {new / seconds:.1f} a second" if new and seconds > 0 else ""
    cpu = f", {progress.cpu_seconds / new:.3f} s of CPU each" if new else ""
    return (
        f"{store}: {progress.done:,} of {progress.total:,} points, {progress.known:,} were there, "
        f"{new:,} computed{rate}{cpu}, {progress.failed:,} of them failed{_fell_back(progress)}"
    )


def _fell_back(progress: Progress) -> str:
    if not progress.fell_back:
        return ""
    return (
        f"; {progress.fell_back:,} ran operations on the CPU that their chip has no unit for: "
        "column `fallback` of sweep-export has the kinds"
    )
