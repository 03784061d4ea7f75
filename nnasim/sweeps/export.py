"""A sweep's points for other tools: CSV, Parquet, and Optuna's journal, which optuna-dashboard shows."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from nnasim import files
from nnasim.csvtext import plain_cell
from nnasim.errors import InputError, MissingExtraError, writing
from nnasim.sweeps.frames import StoredSweep

FORMATS = (".csv", ".parquet", ".journal")


def export(stored: StoredSweep, out: Path, *, force: bool = False) -> None:
    """Write all points to ``out``, in the format that its ending says. Raises InputError or FileError."""
    writers = {".csv": _csv, ".parquet": _parquet, ".journal": _journal}
    if out.suffix not in writers:
        raise InputError("out", "file", out, f"must end in {', '.join(FORMATS)}")
    files.refuse_existing_file(out, force)
    files.write_bytes(out, writers[out.suffix](stored), force=force)


def _csv(stored: StoredSweep) -> bytes:
    points = stored.points.rename(columns=plain_cell)
    texts = points.select_dtypes(exclude="number").map(plain_cell)
    points[texts.columns] = texts
    return points.to_csv(index=False, lineterminator="\n", quoting=_quoting(points.columns, texts)).encode()


def _quoting(header: Iterable[Any], texts: Any) -> Literal[0, 2]:
    """The kind of quoting: of cells that need it; where one holds a carriage return, of all that are no numbers, since
    pandas would leave that one without quotation marks, and it would end its row.
    """
    ends = "\r" in "".join(map(str, header)) or texts.map(lambda cell: "\r" in str(cell)).to_numpy().any()
    return csv.QUOTE_NONNUMERIC if ends else csv.QUOTE_MINIMAL


def _parquet(stored: StoredSweep) -> bytes:
    if find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "pyarrow")
    buffer = io.BytesIO()
    points = stored.points.copy(deep=False)
    for name in points:
        if points[name].dtype == object:
            points[name] = _of_one_type(points[name])
    points.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _of_one_type(column: Any) -> Any:
    """``column``, as words if it holds values of several types, which a store from elsewhere may give to any name."""
    there = column.dropna()
    return column if there.map(type).nunique() < 2 else there.map(str).reindex(column.index)


def _journal(stored: StoredSweep) -> bytes:
    """Every point as a finished or failed trial of one Optuna study."""
    import tempfile

    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, writing(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        path = os.path.join(folder, "journal")
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
        goals = ["minimize"] * len(stored.job.spec.objectives)
        trials = optuna.create_study(storage=storage, study_name=stored.digest, directions=goals)
        trials.set_metric_names(list(stored.job.spec.objectives))
        known = distributions(stored)
        trials.add_trials([_trial(stored, row, known) for row in stored.points.to_dict("records")])
        return Path(path).read_bytes()


def _optuna() -> Any:
    """Optuna, whose types are stricter than what a data frame gives."""
    import optuna

    return optuna


def _trial(stored: StoredSweep, row: Any, known: dict[str, Any]) -> Any:
    optuna = _optuna()
    params = {name: None if row[name] != row[name] else row[name] for name in stored.axes}  # a frame's null is NaN
    choices = {name: stored.job.spec.axes[name].values or () for name in stored.axes}
    # A point that was shared with a sweep of fewer axes lacks the others.
    params = {name: value for name, value in params.items() if value is not None or None in choices[name]}
    attributes = {name: row[name] for name in ("key", "message") if isinstance(row[name], str)}
    costs = [row.get(name) for name in stored.job.spec.objectives]
    good = row["status"] == "ok" and all(isinstance(cost, int | float) and cost == cost for cost in costs)
    state = optuna.trial.TrialState
    return optuna.trial.create_trial(
        params=params, distributions={name: known[name] for name in params}, user_attrs=attributes,
        values=costs if good else None, state=state.COMPLETE if good else state.FAIL,
    )  # fmt: skip


def distributions(stored: StoredSweep) -> dict[str, Any]:
    """Optuna's description of each axis."""
    from nnasim.sweeps.search import distribution

    axes = stored.job.spec.axes
    return {name: distribution(axes[name], field, rounded=True) for name, field in stored.job.fields.items()}
