"""`nnasim compare-results`: what changed between two results; with `--fail-over`, a gate for a team's CI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.options import MOST_PERCENT, MOST_ROWS, finite
from nnasim.errors import InputError

if TYPE_CHECKING:
    from nnasim.ir.result import SimResult
    from reports.change import Change
    from reports.study import Study

WORSE = 1  # the exit code of a gate that does not open; 2 is for a user's errors
MOST_OPERATIONS = 20


def command(
    before: Annotated[Path, typer.Argument(metavar="A", help="a result file, or a folder of `nnasim compare`")],
    after: Annotated[Path, typer.Argument(metavar="B", help="the same, to be held against A")],
    fail_over: Annotated[
        float | None,
        typer.Option(
            metavar="PCT",
            min=0,
            max=MOST_PERCENT,
            callback=finite,
            help="exit 1 if an engine latency or WER got worse by more than PCT percent",
        ),
    ] = None,
    operations: Annotated[
        int, typer.Option(min=0, max=MOST_ROWS, help="how many operations to list")
    ] = MOST_OPERATIONS,
) -> int:
    """What changed from A to B: in total, per percentile with its noise band, and per operation.

    Two results of different systems or chips are compared, and named; results of other speech or another model are no
    gate, so with --fail-over they are refused.

    Example: nnasim compare-results main.json branch.json --fail-over 2
    """
    from reports.change import changes, operation_changes, pairs
    from reports.study import read_study
    from reports.text import shortened
    from reports.work import reference_differences, work_differences

    old, new = read_study([before]), read_study([after])
    shared = pairs(old, new)
    if not shared:
        raise InputError(
            after, "system", ", ".join(new.results), f"must share one with {before}: {', '.join(old.results)}"
        )
    for pair in shared:
        olds, news = old.results[pair.before], new.results[pair.after]
        other = "; ".join([*work_differences([olds, news]), *reference_differences(old.hypotheses, new.hypotheses)])
        if other and fail_over is not None:
            allowed = f"is not the work of {before}, so --fail-over has nothing to compare ({other})"
            raise InputError(after, "work", pair.label, allowed)
        for line in _differences(olds, news, other):
            print(f"{shortened(pair.label, 60)}: {shortened(line, 300)}")
    _tell_unshared(old, new, before, after)
    found = changes(old, new)
    _print("total", found)
    by_operation = operation_changes(old, new)
    _print(f"operations [ms], {min(operations, len(by_operation))} of {len(by_operation)} that changed",
           by_operation[:operations])  # fmt: skip
    worse = [change for change in found if fail_over is not None and change.exceeds(fail_over)]
    for change in worse:
        print(f"worse by more than {fail_over:g} %: {_line(change)}")
    return WORSE if worse else 0


def _differences(old: SimResult, new: SimResult, other_work: str) -> Iterator[str]:
    """What is not the same in two results, and what is not known, as lines."""
    from reports.work import differences, model_is_unknown

    if other_work:
        yield f"not the same work ({other_work})"
    elif model_is_unknown([old, new]):
        yield "whether the model is the same is not known: a result of version 0.1 does not say"
    yield from differences(old, new, same_work=not other_work)


def _tell_unshared(old: Study, new: Study, before: Path, after: Path) -> None:
    """Name the systems that only one of two folders has: nothing is said about them."""
    from reports.change import pairs

    shared = pairs(old, new)
    for path, labels in ((before, set(old.results) - {p.before for p in shared}),
                         (after, set(new.results) - {p.after for p in shared})):  # fmt: skip
        if labels:
            print(f"only in {path}, not compared: {', '.join(sorted(labels))}")


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
