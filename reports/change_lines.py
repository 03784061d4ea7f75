"""The changes between two results, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nnasim.ir.result import SimResult
from reports.change import Change, pairs
from reports.result_set import ResultSet
from reports.text import number, shortened
from reports.work import differences, model_is_unknown


def difference_lines(old: SimResult, new: SimResult, other_work: str) -> Iterator[str]:
    """Lines on the differences of two results, and on what is not known."""
    if other_work:
        yield f"not the same work ({other_work})"
    elif model_is_unknown([old, new]):
        yield "whether the model is the same is not known: a result of version 0.1 does not say"
    yield from differences(old, new, same_work=not other_work)


def unshared_lines(old: ResultSet, new: ResultSet, before: Path, after: Path) -> Iterator[str]:
    """Lines that name the systems and the word errors that only one of two folders has, which are not compared."""
    shared = pairs(old, new)
    scored = {
        pair.label: (old.figures()[pair.before].wer is not None, new.figures()[pair.after].wer is not None)
        for pair in shared
    }
    of_old, of_new = {pair.before for pair in shared}, {pair.after for pair in shared}
    for path, labels in ((before, set(old.results) - of_old), (after, set(new.results) - of_new)):
        if labels:
            yield f"only in {path}, not compared: {', '.join(sorted(labels))}"
    for path, only in ((before, (True, False)), (after, (False, True))):
        if labels := {label for label, has in scored.items() if has == only}:
            yield f"only in {path}, not compared: word errors of {', '.join(sorted(labels))}"


def change_line(change: Change) -> str:
    """A line on one change, with its noise band if there is one."""
    pct = "from nothing" if change.pct is None else f"{change.pct:+.2f} %"
    if change.band is not None:
        low, high = change.band
        unsure = low <= 0 <= high and change.before != change.after
        pct += f", band {low:+.2f} to {high:+.2f} %" + (" (within noise)" if unsure else "")
    name = f"{shortened(change.system, 30)} {shortened(change.figure, 60)}"
    return f"{name}: {number(change.before, 4)} -> {number(change.after, 4)} ({pct})"
