"""The prediction of one row, and the description of a kind of table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workloads.importers.measured_table import MeasuredRow


@dataclass(frozen=True)
class Prediction:
    """One row predicted, in cycles.

    ``counts``: further figures as (simulated, measured), which must agree for a row to be exact.
    """

    group: str
    simulated: int
    measured: int
    roofline: int
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def error_pct(self) -> float:
        """Signed error of the simulated cycles in percent of the measured ones."""
        return 100.0 * (self.simulated - self.measured) / self.measured

    @property
    def roofline_error_pct(self) -> float:
        """Signed error of the roofline in percent of the measured cycles."""
        return 100.0 * (self.roofline - self.measured) / self.measured

    @property
    def exact(self) -> bool:
        """Whether cycles and every count agree."""
        return self.simulated == self.measured and all(ours == theirs for ours, theirs in self.counts.values())


@dataclass(frozen=True)
class TableKind:
    """A kind of measured table, known by its columns.

    ``notes``: what a reader should know of a group; ``usual_note``: of one that is not among them.
    """

    name: str
    columns: frozenset[str]
    predict: Callable[[MeasuredRow], Prediction]
    notes: Mapping[str, str] = field(default_factory=dict)
    usual_note: str = ""

    def note(self, group: str) -> str:
        """A note on ``group`` for readers."""
        return self.notes.get(group, self.usual_note)
