"""The sweeps in a store, by name, date, axes and points, and the one that is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nnasim.errors import FileError, InputError
from nnasim.markup import counted
from nnasim.sweeps.axes import AxisSpec
from nnasim.sweeps.space import DEFAULT_POINTS
from nnasim.sweeps.spec import SweepSpec, parse_sweep_file
from nnasim.sweeps.store import Store, added_at, was_swept
from nnasim.sweeps.stored_rows import understood

MOST_VALUES = 6  # of a list that are shown
_MOST_SWEEPS = 20  # in a message


@dataclass(frozen=True)
class ListedSweep:
    """One sweep of a store. ``added``: seconds since 1970 when it last ran, 0 if an older version did not record it."""

    digest: str
    name: str
    added: float
    axes: str
    points: str

    @property
    def line(self) -> str:
        """The sweep in one line: digest, name, date, axes and points."""
        when = f"{datetime.fromtimestamp(self.added, UTC):%Y-%m-%d %H:%M:%S} UTC" if self.added else "date not known"
        return f"{self.digest}  {self.name or '-'}, {when}, {self.axes}; {self.points}"


def list_sweeps(store: Store) -> list[ListedSweep]:
    """The sweeps of ``store``, the one that ran last first. Raises FileError if there is none, or one is unreadable."""
    records = store.sweeps()
    if not records:
        raise FileError(store.path, "holds no study")
    listed = [_listed(store, digest, record) for digest, record in records.items()]
    return sorted(listed, key=lambda sweep: -sweep.added)


def chosen(store: object, sweeps: Sequence[ListedSweep], wanted: str | None) -> ListedSweep:
    """The sweep of the digest (or its beginning) or the name ``wanted``, or the one that ran last.

    Raises InputError.
    """
    if wanted is None:
        return sweeps[0]
    for fits in (lambda s: wanted in (s.digest, s.name), lambda s: wanted and s.digest.startswith(wanted)):
        for sweep in sweeps:
            if fits(sweep):
                return sweep
    raise InputError(store, "study", wanted, f"holds {'; '.join(sweep.line for sweep in sweeps[:_MOST_SWEEPS])}")


def _listed(store: Store, digest: str, record: Mapping[str, Any]) -> ListedSweep:
    spec = parse_sweep_file(understood(record, store.path).study, store.path)
    name = record.get("name")
    axes = ", ".join(f"{field}: {shown_axis(axis)}" for field, axis in spec.axes.items())
    return ListedSweep(
        digest=digest,
        name=shown_name(name),
        added=added_at(record),
        axes=axes,
        points=_points(store, digest, record, spec),
    )


def shown_name(name: object) -> str:
    """The name as it is shown and typed; "" if a terminal could not show it."""
    return name if isinstance(name, str) and name.isprintable() and len(name) <= 200 else ""


def shown_axis(axis: AxisSpec) -> str:
    """The values of an axis in a few words: its ends, or the first of a list."""
    if axis.values is None:
        low, high = axis.interval
        return f"{low:g} to {high:g}"
    more = ", ..." if len(axis.values) > MOST_VALUES else ""
    return ", ".join(str(value) for value in axis.values[:MOST_VALUES]) + more


def _points(store: Store, digest: str, record: Mapping[str, Any], spec: SweepSpec) -> str:
    """The number of points that the sweep asks for, and how many of them no other sweep had computed before."""
    asked = [] if not was_swept(record) else [_sample(spec)]
    tried = sum(1 for _ in store.tried(digest))
    asked += [f"{counted(tried, 'point')} of searches"] if tried else []
    return f"{' and '.join(asked) or 'no points'}, {store.computed_by(digest):,} computed for it"


def _sample(spec: SweepSpec) -> str:
    if spec.sampler != "grid":
        return f"{spec.sampler} sample of {counted(spec.points or DEFAULT_POINTS, 'point')}"
    count = 1
    for axis in spec.axes.values():
        count *= axis.count or len(axis.values or ())
    return f"grid of {counted(count, 'point')}"
