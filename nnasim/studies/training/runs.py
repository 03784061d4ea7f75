"""The training study's models, made: each by the very command that the report shows, several at a time."""

from __future__ import annotations

import contextlib
import contextvars
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim import files
from nnasim.errors import SimulationError

if TYPE_CHECKING:
    from nnasim.studies.training.plan import Model, NumericsStudy

Said = Callable[[str, int, int], None]


def train_missing(study: NumericsStudy, jobs: int, progress: Said) -> None:
    """The bases, then all that starts from them; finished models stay, a stopped study goes on where it was.

    An arm whose training fails is a finding: its message is kept, and the study goes on. It is not tried again while
    that file stands: the same run ends the same. Raises SimulationError where a base fails.
    """
    for what, models in (("base models", study.bases()), ("models of the arms", study.arms())):
        missing = [model for model in models if not study.finished(model) and study.failure(model) is None]
        _train(study, missing, jobs, partial(progress, what))


def _train(study: NumericsStudy, models: Sequence[Model], jobs: int, progress: Callable[[int, int], None]) -> None:
    from joblib import Parallel, delayed

    # Processes, not threads: each run has one core and one order of its sums.
    runs = (delayed(run)(study.train_command(model), study.folder / model.name) for model in models)
    progress(0, len(models))
    ended = Parallel(n_jobs=jobs, batch_size=1, return_as="generator")(runs)
    for done, (model, complaint) in enumerate(zip(models, ended, strict=True), start=1):
        if complaint and model.arm == "base":
            raise SimulationError(f"{model.name}: {complaint}")
        if complaint:
            files.write_json(study.failure_file(model), {"message": complaint}, force=True)
        progress(done, len(models))


def run(words: Sequence[str], folder: Path) -> str:
    """One command of a run that goes on where it was stopped; what it complained of, or nothing."""
    from nnasim.cli.main import main

    folder.parent.mkdir(parents=True, exist_ok=True)
    complaint = io.StringIO()
    with contextlib.redirect_stderr(complaint), contextlib.redirect_stdout(io.StringIO()):
        # In a context of its own: the study's own command line stays what a result file shows.
        code = contextvars.copy_context().run(main, [*words, "--resume"])
    if not code:
        return ""
    return complaint.getvalue().strip().rpartition("\n")[2].removeprefix("nnasim: ")
