"""A study's points for other tools: CSV, Parquet, and Optuna's journal, which optuna-dashboard shows."""

from __future__ import annotations

import io
import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import InputError, MissingExtraError
from nnasim.sweeps.frames import StoredSweep

FORMATS = (".csv", ".parquet", ".journal")


def export(study: StoredSweep, out: Path, *, force: bool = False) -> None:
    """Write all points to ``out``, in the format that its ending says. Raises InputError or FileError."""
    writers = {".csv": _csv, ".parquet": _parquet, ".journal": _journal}
    if out.suffix not in writers:
        raise InputError("out", "file", out, f"must end in {', '.join(FORMATS)}")
    files.refuse_existing(out, force)
    files.write_bytes(out, writers[out.suffix](study), force=force)


def _csv(study: StoredSweep) -> bytes:
    return study.points.to_csv(index=False, lineterminator="\n").encode()


def _parquet(study: StoredSweep) -> bytes:
    if find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "pyarrow")
    buffer = io.BytesIO()
    study.points.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _journal(study: StoredSweep) -> bytes:
    """Every point as a finished or failed trial of one Optuna study."""
    import tempfile

    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        path = os.path.join(folder, "journal")
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
        goals = ["minimize"] * len(study.job.study.objectives)
        trials = optuna.create_study(storage=storage, study_name=study.digest, directions=goals)
        trials.set_metric_names(list(study.job.study.objectives))
        trials.add_trials([_trial(study, row) for row in study.points.to_dict("records")])
        return Path(path).read_bytes()


def _optuna() -> Any:
    """Optuna, whose types are stricter than what a data frame gives."""
    import optuna

    return optuna


def _trial(study: StoredSweep, row: Any) -> Any:
    optuna = _optuna()
    params = {name: None if row[name] != row[name] else row[name] for name in study.axes}  # a frame's null is NaN
    attributes = {name: row[name] for name in ("key", "message") if isinstance(row[name], str)}
    costs = [row.get(name) for name in study.job.study.objectives]
    good = row["status"] == "ok" and all(isinstance(cost, int | float) and cost == cost for cost in costs)
    state = optuna.trial.TrialState
    return optuna.trial.create_trial(
        params=params, distributions=distributions(study), user_attrs=attributes,
        values=costs if good else None, state=state.COMPLETE if good else state.FAIL,
    )  # fmt: skip


def distributions(study: StoredSweep) -> dict[str, Any]:
    """What Optuna is told about each axis."""
    from nnasim.sweeps.search import distribution

    return {name: distribution(study.job.study.axes[name], field) for name, field in study.job.fields.items()}
