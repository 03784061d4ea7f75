"""``nnasim.sweep``: many chips, and which of them are worth their price."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nnasim import markup
from nnasim.errors import ConfigError
from nnasim.front.arguments import Axis, ChipLike, FilePath, TraceLike, Workers, checked
from nnasim.front.chips import chip_of
from nnasim.front.doubts import doubt
from nnasim.ir.io import read_trace
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import Integer
from nnasim.sweeps.backends import backend_of, closing
from nnasim.sweeps.doubts import implausible_points
from nnasim.sweeps.frames import StoredSweep
from nnasim.sweeps.job import Job, make_job
from nnasim.sweeps.pareto import pareto_mask
from nnasim.sweeps.run import sweep as run
from nnasim.sweeps.run import sweep_digest
from nnasim.sweeps.space import Space
from nnasim.sweeps.spec import parse_sweep_file
from nnasim.sweeps.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Sweep:
    """The points of a sweep. ``stored``: the points and the sweep's definition, as read from the store."""

    stored: StoredSweep

    @property
    def axes(self) -> list[str]:
        """The names of the fields that vary, with their units in them."""
        return self.stored.axes

    @property
    def objectives(self) -> list[str]:
        """The names of the figures that are judged; lower is better."""
        return list(self.stored.job.spec.objectives)

    def frame(self) -> pd.DataFrame:
        """Values, figures, ``status``, ``message`` and ``seconds`` of CPU of each point, in the order of the axes."""
        return _numbered(self.stored.points)

    def pareto(self) -> pd.DataFrame:
        """The points of ``frame`` that no other beats: at least as good in every objective and better in one."""
        good = self.frame().loc[lambda points: points["status"] == "ok"]
        return good[pareto_mask(good[self.objectives].to_numpy(dtype=float))] if len(good) else good

    def best(self) -> pd.Series[Any]:
        """The point that is lowest in the first objective; if there are several, the first. Raises ConfigError if all
        failed.
        """
        good = self.stored.good
        if good.empty:
            raise ConfigError("sweep", "status", "failed", f"every point failed; the first: {self._first_message()}")
        return good.iloc[int(good[self.objectives[0]].to_numpy(dtype=float).argmin())]

    def _first_message(self) -> str:
        points = self.stored.points
        return str(points.loc[points["status"] != "ok", "message"].iloc[0])

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        from reports.text import number

        columns = [*self.axes, *self.objectives]
        rows = self.stored.points.reindex(columns=columns).to_dict("records")
        axes = [[_setting(row[name]) for name in self.axes] for row in rows]
        figures = [[number(row[name] if row[name] == row[name] else None) for name in self.objectives] for row in rows]
        return columns, [[*setting, *figure] for setting, figure in zip(axes, figures, strict=True)]

    def __repr__(self) -> str:
        return f"{self._title()}\n{markup.plain_table(*self._cells())}"

    def _title(self) -> str:
        points, failed = len(self.stored.points), len(self.stored.points) - len(self.stored.good)
        why = f", {failed:,} failed, the first: {self._first_message()}" if failed else ""
        return markup.cut(f"sweep over {', '.join(self.axes)}: {markup.counted(points, 'point')}{why}", 500)

    def _repr_html_(self) -> str:
        """The points as a table, and a picture of them by their first two objectives, as offline HTML."""
        from reports.figures.sweep import front_picture

        picture, objectives = "", self.objectives
        if len(objectives) > 1 and not self.stored.good.empty:
            picture = front_picture(self.stored.good, self.pareto(), objectives[0], objectives[1]).svg
        return f"<div>{markup.paragraphs([self._title()])}{markup.table(*self._cells())}{picture}</div>"


def _setting(value: object) -> str:
    """The value of an axis as a person would write it."""
    return f"{value:,.12g}" if isinstance(value, float) else str(value)


def _numbered(points: pd.DataFrame) -> pd.DataFrame:
    return points.reset_index(drop=True).rename_axis("point")


@checked
def sweep(
    chip: ChipLike, trace: TraceLike | Sequence[TraceLike], axes: Mapping[str, Axis], *,
    objectives: Sequence[str] = ("engine_latency_ms.p50",), constraints: Sequence[str] = (),
    sampler: Literal["grid", "random", "lhs", "sobol", "saltelli"] = "grid", points: Integer | None = None,
    seed: Integer | None = None, store: FilePath | None = None, jobs: Workers | None = None,
    progress: Progress = silent,
) -> Sweep:  # fmt: skip
    """The results of ``trace`` (or several) on many chips: ``chip`` with each combination of the values of ``axes``.

    - ``axes``: field -> values, as {"host.handoff_us": [10, 50]}, or {"range": [low, high, count]} or {"logrange":
      [...]}.
    - ``objectives``: figures that are judged, lower is better (columns of ``Sweep.frame``).
    - ``constraints``: conditions on the axes that a point must meet, as "sram.bytes <= 2**20".
    - ``sampler``: "grid" takes all combinations; "random", "lhs", "sobol" and "saltelli" choose some of them.
    - ``points``: how many a sampler chooses (default 256; saltelli multiplies them).
    - ``seed``: decides which ones, default 0.
    - ``store``: the SQLite file that keeps the points, so that a stopped sweep can continue; without one they stay in
      memory.
    - ``jobs``: worker processes; default: one per core; 1: this process only.

    Raises ConfigError, FileError or InputError.
    """
    job = _job(chip, trace, axes, objectives, constraints, sampler, points, seed)
    doubt(implausible_points(job))
    if store is not None:
        return _run(job, Path(store), jobs, progress)
    with tempfile.TemporaryDirectory(prefix="nnasim-") as folder:
        return _run(job, Path(folder) / "sweep.sqlite", jobs, progress)


def _job(
    chip: ChipLike, trace: TraceLike | Sequence[TraceLike], axes: Mapping[str, Axis], objectives: Sequence[str],
    constraints: Sequence[str], sampler: str, points: int | None, seed: int | None,
) -> Job:  # fmt: skip
    if sampler == "grid" and seed is not None:
        raise ConfigError("sweep", "seed", seed, "is not used by a grid, which takes all combinations")
    hardware = chip_of(chip)
    sources = [trace] if isinstance(trace, OpTrace | str | Path) else list(trace)
    traces = tuple(source if isinstance(source, OpTrace) else read_trace(source) for source in sources)
    asked = {
        "base": hardware.name,
        "traces": [f"trace {number}" for number in range(1, len(traces) + 1)],
        "axes": {name: axis if isinstance(axis, Mapping) else {"list": axis} for name, axis in axes.items()},
        "objectives": list(objectives),
        "constraints": list(constraints),
        "sampler": sampler,
        "points": points,
        "seed": seed or 0,
    }
    return make_job(parse_sweep_file(asked, "sweep"), hardware.model_dump(mode="json"), traces, "sweep")


def _run(job: Job, store: Path, jobs: int | None, progress: Progress) -> Sweep:
    from nnasim.sweeps.local import InlineBackend

    with closing(InlineBackend() if jobs == 1 else backend_of(jobs)) as backend, Store(store) as opened:
        run(job, Space(job, "sweep"), opened, backend, progress=progress)
    return Sweep(StoredSweep(store, sweep_digest(job)))


@checked
def read_sweep(store: FilePath, study: str | None = None) -> Sweep:
    """The sweep in the file ``store``. ``study``: its digest or name; default: the one that ran last.

    Raises FileError or InputError.
    """
    return Sweep(StoredSweep(store, study))
