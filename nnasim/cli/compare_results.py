"""`nnasim compare-results`: what changed between two results; with `--fail-over`, a gate for a team's CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.errors import InputError

if TYPE_CHECKING:
    from reports.change import Change

WORSE = 1  # the exit code of a gate that does not open; 2 is for a user's errors
MOST_OPERATIONS = 20


def command(
    before: Annotated[Path, typer.Argument(metavar="A", help="a result file, or a folder of `nnasim compare`")],
    after: Annotated[Path, typer.Argument(metavar="B", help="the same, to be held against A")],
    fail_over: Annotated[
        float | None,
        typer.Option(
            metavar="PCT", min=0, help="exit 1 if an engine latency or WER got worse by more than PCT percent"
        ),
    ] = None,
    operations: Annotated[int, typer.Option(min=0, help="how many operations to list")] = MOST_OPERATIONS,
) -> int:
    """What changed from A to B: in total, per percentile with its noise band, and per operation.

    Example: nnasim compare-results main.json branch.json --fail-over 2
    """
    from reports.change import changes, operation_changes
    from reports.study import read_study

    old, new = read_study([before]), read_study([after])
    found = changes(old, new)
    if not found:
        raise InputError(
            after, "system", ", ".join(new.results), f"must share one with {before}: {', '.join(old.results)}"
        )
    _print("total", found)
    by_operation = operation_changes(old, new)
    _print(f"operations [ms], {min(operations, len(by_operation))} of {len(by_operation)} that changed",
           by_operation[:operations])  # fmt: skip
    worse = [change for change in found if fail_over is not None and change.exceeds(fail_over)]
    for change in worse:
        print(f"worse by more than {fail_over:g} %: {_line(change)}")
    return WORSE if worse else 0


def _print(title: str, found: list[Change]) -> None:
    print(title)
    for change in found:
        print(f"  {_line(change)}")


def _line(change: Change) -> str:
    from reports.text import number, shortened

    pct = "from nothing" if change.pct is None else f"{change.pct:+.2f} %"
    if change.band is not None:
        low, high = change.band
        unsure = low <= 0 <= high and change.before != change.after
        pct += f", band {low:+.2f} to {high:+.2f} %" + (" (within noise)" if unsure else "")
    name = f"{shortened(change.system, 30)} {shortened(change.figure, 60)}"
    return f"{name}: {number(change.before, 4)} -> {number(change.after, 4)} ({pct})"
