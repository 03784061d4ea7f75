"""A store as a data frame: one row per point of a sweep, axes and figures as columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim.errors import FileError, TraceError
from nnasim.limits import STORED_FIGURES
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.job import Values
from nnasim.sweeps.listing import chosen, list_sweeps
from nnasim.sweeps.objectives import objective_names
from nnasim.sweeps.space import Space
from nnasim.sweeps.store import Store, was_swept
from nnasim.sweeps.stored_jobs import job_of, of_version_0_1
from nnasim.sweeps.stored_rows import name_of

if TYPE_CHECKING:
    import pandas as pd

STATUS = ("key", "status", "message", "seconds")


def read_points(store: str | Path, study: str | None = None) -> pd.DataFrame:
    """Every point of a store, by key: axes, figures, ``status`` (ok, failed), ``message``, ``seconds`` of CPU.

    ``study``: only the points of the sweep of this digest or name, in its order. Raises FileError or InputError.
    """
    import pandas as pd

    if study is not None:
        return StoredSweep(store, study).points
    with Store(store, write=False) as opened:
        rows = [_flat(outcome) for _, outcome in opened.all_outcomes()]
    return pd.DataFrame(rows, columns=_columns(rows, [], store))


def _columns(rows: list[dict[str, Any]], first: list[str], store: object) -> list[str]:
    """Axes, then figures, then what became of the point, whichever row comes first."""
    names = dict.fromkeys([*first, *(name for row in rows for name in row)])
    if len(names) > STORED_FIGURES:
        raise FileError(
            store, f"holds {len(names):,} names of axes and figures, at most {STORED_FIGURES:,} are allowed"
        )
    return [*(name for name in names if name not in STATUS), *STATUS]


def _flat(outcome: Any) -> dict[str, Any]:
    status = "ok" if outcome.figures is not None else "failed"
    head = {"key": outcome.key, "status": status, "message": outcome.message, "seconds": outcome.seconds}
    figures = {name: _plain(figure) for name, figure in (outcome.figures or {}).items()}
    return {**outcome.values, **figures, **head}


def _plain(figure: Any) -> Any:
    """``figure``, as a float if it is a whole number that no column of whole numbers holds."""
    return float(figure) if isinstance(figure, int) and abs(figure) >= 2**63 else figure


class StoredSweep:
    """A sweep of a store and its points: those of its grid or sample in order, then those that searches have tried.

    ``points``: rows that are there; ``good``: those that ran well; ``total``: how many the sweep has asked for.
    """

    def __init__(self, store: str | Path, study: str | None = None) -> None:
        """Read the sweep of the digest or name ``study``, or the one that ran last. Raises FileError or InputError."""
        import pandas as pd

        self.store = store
        with Store(store, write=False) as opened:
            self.listing = list_sweeps(opened)
            self.digest = chosen(store, self.listing, study).digest
            self.record = opened.sweeps()[self.digest]
            self.job = job_of(self.record, store)
            sampled = [(self.job.key(values), values) for values in self._sample()]  # a point may be in it twice
            keys = {key for key, _ in sampled}
            tried = [key for key in opened.tried(self.digest) if key not in keys]
            outcomes = opened.outcomes([*keys, *tried])
            opened.refuse_unreachable({*keys, *tried} - outcomes.keys())
        self.searched = [key for key in tried if key in outcomes]
        points = [*sampled, *((key, self._on_axes(outcomes[key])) for key in self.searched)]
        rows = [{**_flat(outcomes[key]), **values} for key, values in points if key in outcomes]
        self.total = len(sampled) + len(self.searched)
        self.points = pd.DataFrame(rows, columns=_columns(rows, list(self.job.fields), store))
        self.good = self.points[self.points["status"] == "ok"]

    def _sample(self) -> Iterator[Values]:
        """The points that a sweep goes through; none if only searches have filled the store."""
        return self.space.points() if was_swept(self.record) and not of_version_0_1(self.record) else iter(())

    def _on_axes(self, outcome: Outcome) -> Values:
        """The values of a searched point; those that it shares with a sweep of fewer axes lack some.

        Raises TraceError for a value that its axis does not have.
        """
        axes, values = self.job.spec.axes, {}
        for name, field in self.job.fields.items():
            if name in outcome.values:
                values[name] = outcome.values[name]
                if not axes[name].holds(values[name], field):
                    row, allowed = f"row {name_of(outcome.key)}, point.{name}", axes[name].allowed(field)
                    raise TraceError(self.store, row, values[name], f"must be {allowed}, as the axis of its study says")
        return values

    @cached_property
    def space(self) -> Space:
        """The sweep's grid or sample."""
        return Space(self.job, self.store)

    @property
    def is_sample(self) -> bool:
        """Whether the points are those of the grid or sample alone, in its order."""
        return was_swept(self.record) and not self.searched

    @property
    def axes(self) -> list[str]:
        """Names of what varies."""
        return list(self.job.fields)

    @property
    def objectives(self) -> list[str]:
        """The names of the judged figures, of those that the points have: a figure may be None at all of them."""
        known = objective_names()
        named = [name for name in self.job.spec.objectives if name in self.good and name in known]
        return [name for name in named if self.good[name].notna().any()]
