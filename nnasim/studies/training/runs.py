"""The training runs of a study, several at a time: finished models stay, and a stopped run continues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from aat_training.run_folder import is_finished, run_folder
from aat_training.run_spec import RunSpec
from aat_training.train import train
from nnasim import files
from nnasim.errors import FileError, InputError, NnasimError, SimulationError
from nnasim.free_memory import give_memory_back
from nnasim.progress import Progress, silent
from nnasim.records import Frozen, validated


@dataclass(frozen=True)
class Run:
    """A training run of a study. ``is_base``: others start from it, so that without it nothing can be found."""

    name: str
    folder: Path
    spec: RunSpec
    is_base: bool = False


class Failure(Frozen):
    """The file of a run that failed."""

    message: Annotated[str, Field(strict=True, max_length=100_000)]


def failure(folder: Path) -> str | None:
    """The reason why the model of ``folder`` could not be trained; None if it was, or was not tried.

    Raises FileError, or InputError for a file that gives no reason.
    """
    path = _failure_file(folder)
    if is_finished(folder) or not path.exists():
        return None
    return validated(Failure, files.read_json(path), path, InputError).message


def train_runs(what: str, runs: Sequence[Run], jobs: int, progress: Progress = silent) -> None:
    """Do those of ``runs`` that have neither ended nor failed; ``progress`` is told of ``what``.

    A run that fails is a finding: its message is kept, and the others continue. It is not tried again while the file of
    that message exists, since the same run ends the same. Raises SimulationError if a base fails, and FileError for
    a full disk and the like, after which the same command can go on.
    """
    from joblib import Parallel, delayed

    missing = [run for run in runs if not is_finished(run.folder) and failure(run.folder) is None]
    progress(what, 0, len(missing))
    # Processes, not threads: each run has one core and one order of its sums.
    calls = (delayed(complaint_of)(run) for run in missing)
    complaints = Parallel(n_jobs=jobs, batch_size=1, return_as="generator")(calls)
    for done, (run, complaint) in enumerate(zip(missing, complaints, strict=True), start=1):
        if complaint and run.is_base:
            raise SimulationError(f"{run.name}: {complaint}")
        if complaint:
            files.write_json(_failure_file(run.folder), {"message": complaint}, force=True)
        progress(what, done, len(missing))


def complaint_of(run: Run) -> str:
    """The error of ``run``, which is done, or continued from where it was stopped; "" if it ended well.

    Raises FileError.
    """
    try:
        with run_folder(run.folder, resume=True, force=False):
            train(run.spec, run.folder, resume=True)
    except FileError:
        raise
    except NnasimError as error:
        return str(error)
    finally:
        give_memory_back()
    return ""


def _failure_file(folder: Path) -> Path:
    return folder / "failed.json"
