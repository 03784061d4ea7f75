"""From a measured table to its predictions: the kind is recognised by the columns, every row is predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nnasim.errors import InputError
from workloads.importers.measured_table import MeasuredTable
from workloads.validation import nvdla, opentpu, scalesim, vela, zigzag
from workloads.validation.prediction import Prediction, TableKind

KINDS: tuple[TableKind, ...] = (nvdla.KIND, *scalesim.KINDS, opentpu.KIND, zigzag.KIND, vela.KIND)


@dataclass(frozen=True)
class Validation:
    """A table, its kind, and one prediction per row."""

    table: MeasuredTable
    kind: TableKind
    predictions: tuple[Prediction, ...]


def recognise(table: MeasuredTable) -> TableKind:
    """The kind of ``table``.

    InputError where no kind's columns are all there: it names the kind that comes closest and the first column missing.
    """
    columns = frozenset(table.columns)
    for kind in KINDS:
        if kind.columns <= columns:
            return kind
    closest = max(KINDS, key=lambda kind: len(kind.columns & columns) / len(kind.columns))
    missing = sorted(closest.columns - columns)
    if len(missing) == len(closest.columns):
        names = ", ".join(kind.name for kind in KINDS)
        raise InputError(f"{table.source}: line 1", "header", ",".join(table.columns), f"is no table of {names}")
    raise InputError(
        f"{table.source}: line 1", missing[0], "", f"is missing; a table of {closest.name} needs {', '.join(missing)}"
    )


def validate_table(table: MeasuredTable, progress: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Validation:
    """Predict every row. ``progress`` wraps the rows that are walked. InputError for a row that cannot be simulated."""
    kind = recognise(table)
    return Validation(table, kind, tuple(kind.predict(row) for row in progress(table.rows)))


def _figures(predictions: list[Prediction]) -> dict[str, Any]:
    errors = [abs(one.error_pct) for one in predictions]
    roofline = [abs(one.roofline_error_pct) for one in predictions]
    return {
        "rows": len(predictions),
        "exact_rows": sum(one.exact for one in predictions),
        "mean_abs_error_pct": sum(errors) / len(errors),
        "max_abs_error_pct": max(errors),
        "roofline_mean_abs_error_pct": sum(roofline) / len(roofline),
        "roofline_max_abs_error_pct": max(roofline),
    }


def summary(validation: Validation) -> dict[str, Any]:
    """The content of ``validation.json``: figures over all rows and per group, with a note on each group."""
    groups: dict[str, list[Prediction]] = {}
    for prediction in validation.predictions:
        groups.setdefault(prediction.group, []).append(prediction)
    return {
        "schema_version": 1,
        "kind": validation.kind.name,
        **_figures(list(validation.predictions)),
        "groups": {name: _figures(rows) for name, rows in sorted(groups.items())},
        "notes": {name: validation.kind.notes[name] for name in sorted(groups)},
    }
