"""The predictions for a measured table: its kind is recognised by the columns, and every row is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnasim.errors import NOT_GIVEN, InputError
from nnasim.progress import Progress, silent
from workloads.importers.measured_table import MeasuredTable, column_key
from workloads.validation import nvdla, nvdla_full, opentpu, scalesim, vela, zigzag
from workloads.validation.prediction import Prediction, TableKind

KINDS: tuple[TableKind, ...] = (*nvdla_full.KINDS, nvdla.KIND, *scalesim.KINDS, opentpu.KIND, zigzag.KIND, vela.KIND)

LEAST_SHARE = 0.3  # of its columns that a table must have to seem to be of a kind


@dataclass(frozen=True)
class Validation:
    """A table, its kind, and one prediction per row."""

    table: MeasuredTable
    kind: TableKind
    predictions: tuple[Prediction, ...]


def recognise(table: MeasuredTable) -> TableKind:
    """The kind of ``table``.

    Raises InputError if no kind's columns are all there, with each kind that comes closest and its missing columns.
    """
    columns = frozenset(map(column_key, table.columns))
    lacking = {kind.name: sorted(name for name in kind.columns if column_key(name) not in columns) for kind in KINDS}
    for kind in KINDS:
        if not lacking[kind.name]:
            return kind
    shares = {kind.name: 1 - len(lacking[kind.name]) / len(kind.columns) for kind in KINDS}
    closest = [name for name, share in shares.items() if share == max(shares.values())]
    header, where = ",".join(table.columns), f"{table.source}: line 1"
    if max(shares.values()) < LEAST_SHARE:
        names = ", ".join(kind.name for kind in KINDS)
        raise InputError(where, "header", header, f"is no table of {names}")
    needs = " or ".join(f"of {name}, and lacks {', '.join(lacking[name])}" for name in closest)
    raise InputError(where, lacking[closest[0]][0], NOT_GIVEN, f"is missing; this seems to be a table {needs}")


def validate_table(table: MeasuredTable, progress: Progress = silent) -> Validation:
    """The prediction of every row; ``progress`` is told of each. Raises InputError if one cannot be simulated."""
    kind, predictions = recognise(table), list[Prediction]()
    for done, row in enumerate(table.rows, start=1):
        predictions.append(kind.predict(row))
        progress("rows", done, len(table.rows))
    return Validation(table, kind, tuple(predictions))


def _figures(predictions: list[Prediction]) -> dict[str, Any]:
    errors = [abs(prediction.error_pct) for prediction in predictions]
    roofline = [abs(prediction.roofline_error_pct) for prediction in predictions]
    return {
        "rows": len(predictions),
        "exact_rows": sum(prediction.exact for prediction in predictions),
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
        "notes": {name: validation.kind.note(name) for name in sorted(groups)},
    }
