"""A sweep or a search from its file, with the recogniser's word errors if it asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nnasim.progress import Progress, silent
from nnasim.studies.sweep_accuracy import scoring_of, word_errors
from nnasim.sweeps.accuracy import Accuracies, Scorer
from nnasim.sweeps.job import Job, load_job
from nnasim.sweeps.run import Backend, Tally, sweep
from nnasim.sweeps.space import Space
from nnasim.sweeps.spec import read_sweep_file
from nnasim.sweeps.store import Store
from nnasim.sweeps.unused import refuse_unused


@dataclass(frozen=True)
class PreparedSweep:
    """A sweep file, read and checked. ``scorer``: finds the word errors of an arithmetic; None if no words are asked
    for.
    """

    source: Path
    job: Job
    scorer: Scorer | None

    def space(self) -> Space:
        """The points that a sweep goes through. Raises ConfigError if they cannot be counted, or none is left."""
        return Space(self.job, self.source)

    def accuracies(self, store: Store) -> Accuracies | None:
        """The word errors, kept in ``store``; None if the sweep file asks for none."""
        return None if self.scorer is None else Accuracies(self.job, store, self.scorer)


def prepared(source: Path) -> PreparedSweep:
    """A sweep, read from its file, with all that the file names. Raises FileError or ConfigError."""
    spec = read_sweep_file(source)
    scoring, digest = scoring_of(spec, source)
    scorer = None if scoring is None else partial(word_errors, scoring)
    job = load_job(spec, source, digest)
    refuse_unused(spec, source)
    return PreparedSweep(source, job, scorer)


def swept(
    ready: PreparedSweep, store: Path, backend: Backend, *,
    shard: tuple[int, int] = (0, 1), retry_failed: bool = False, progress: Progress = silent,
) -> Tally:  # fmt: skip
    """The count of points, after those of ``ready`` (or of its shard i of n) that ``store`` lacked are computed."""
    space = ready.space()
    with Store(store) as opened:
        if retry_failed:
            opened.forget_failed()
        accuracies = ready.accuracies(opened)
        if accuracies is not None:
            accuracies.complete(space.points(shard), backend, progress)
        return sweep(ready.job, space, opened, backend, shard=shard, accuracies=accuracies, progress=progress)
