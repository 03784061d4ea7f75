"""A store as a data frame: one row per point of a study, axes and figures as columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim.errors import FileError, InputError
from nnasim.sweep.job import Job, make_job
from nnasim.sweep.space import Space
from nnasim.sweep.store import Store
from nnasim.sweep.study import parse_study

if TYPE_CHECKING:
    import pandas as pd

STATUS = ("key", "status", "message", "seconds")


def read_points(store: str | Path, study: str | None = None) -> pd.DataFrame:
    """Every point of a store, by key: axes, figures, ``status`` (ok, failed), ``message``, ``seconds`` of CPU.

    ``study``: only points that the study of this digest has computed. Raises FileError.
    """
    import pandas as pd

    with Store(store, create=False) as opened:
        rows = [_flat(outcome) for digest, outcome in opened.all_outcomes() if study in (None, digest)]
    return pd.DataFrame(rows, columns=_columns(rows, []))


def _columns(rows: list[dict[str, Any]], first: list[str]) -> list[str]:
    """Axes, then figures, then what became of the point, whichever row comes first."""
    names = dict.fromkeys([*first, *(name for row in rows for name in row)])
    return [*(name for name in names if name not in STATUS), *STATUS]


def _flat(outcome: Any) -> dict[str, Any]:
    status = "ok" if outcome.figures is not None else "failed"
    head = {"key": outcome.key, "status": status, "message": outcome.message, "seconds": outcome.seconds}
    return {**outcome.values, **(outcome.figures or {}), **head}


class StoredStudy:
    """A study of a store and its points in order. ``points``: rows that are there; those that ran well in ``good``."""

    def __init__(self, store: str | Path, digest: str | None = None) -> None:
        """The study of ``digest``, or the only one. Raises FileError or InputError."""
        import pandas as pd

        with Store(store, create=False) as opened:
            self.digest, record = _chosen(store, opened.studies(), digest)
            self.record, self.job = record, _job(record, store)
            self.space = Space(self.job, store)
            values = list(self.space.points())
            self.keys = [self.job.key(point) for point in values]
            found = opened.outcomes(self.keys)
        rows = [{**_flat(found[key]), **point} for key, point in zip(self.keys, values, strict=True) if key in found]
        self.total = len(values)
        self.points = pd.DataFrame(rows, columns=_columns(rows, list(self.job.fields)))
        self.good = self.points[self.points["status"] == "ok"]

    @property
    def axes(self) -> list[str]:
        """Names of what varies."""
        return list(self.job.fields)

    @property
    def objectives(self) -> list[str]:
        """Names of what is judged, of those that the points have."""
        return [name for name in self.job.study.objectives if name in self.good]


def _chosen(store: object, studies: dict[str, dict[str, Any]], digest: str | None) -> tuple[str, dict[str, Any]]:
    if not studies:
        raise FileError(store, "holds no study")
    if digest is None and len(studies) > 1:
        raise InputError(store, "--study", None, f"holds several studies: {', '.join(studies)}")
    name = digest or next(iter(studies))
    if name not in studies:
        raise InputError(store, "--study", name, f"holds {', '.join(studies)}")
    return name, studies[name]


def _job(record: dict[str, Any], store: object) -> Job:
    """The job without its traces: their hashes are all that keys need."""
    try:
        study = parse_study(record["study"], store)
        job = make_job(study, record["base"], (), store, record["scored"])
        return job.with_hashes(tuple(record["trace_hashes"]))
    except (KeyError, TypeError, AttributeError):
        raise FileError(store, "holds a study that this nnasim does not understand") from None
