"""`hypotheses.csv`: the words that each system recognised."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from reports.csvfile import read_csv, write_csv


class Hypothesis(NamedTuple):
    """One utterance as one system recognised it, with the reference."""

    id: str
    system: str
    reference: str
    hypothesis: str


def read_hypotheses(path: str | Path) -> list[Hypothesis]:
    """Every row. Raises FileError or InputError."""
    return [Hypothesis(*row) for row in read_csv(path, Hypothesis._fields)]


def write_hypotheses(path: str | Path, rows: Iterable[Hypothesis]) -> None:
    """Write every row, atomically."""
    write_csv(path, Hypothesis._fields, rows)


class Misheard(NamedTuple):
    """An utterance that some system got wrong: ``hypotheses`` maps each such system to its hypothesis."""

    id: str
    reference: str
    hypotheses: dict[str, str]


def misheard(rows: Iterable[Hypothesis], most: int = 40) -> list[Misheard]:
    """At most ``most`` utterances that some system got wrong, those that most systems missed first."""
    utterances: dict[str, Misheard] = {}
    for row in rows:
        if row.hypothesis.split() != row.reference.split():
            utterances.setdefault(row.id, Misheard(row.id, row.reference, {})).hypotheses[row.system] = row.hypothesis
    return sorted(utterances.values(), key=lambda item: (-len(item.hypotheses), item.id))[:most]
