"""`nnasim compare-results`: what changed between two results; with `--fail-over`, a gate for a team's CI."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.cli.options import MOST_PERCENT, MOST_ROWS, All, Force, Json, Quiet, finite
from nnasim.cli.told import MOST_LINES, first_lines, refuse_json, tell_rows
from nnasim.cli.unused import refuse_idle_force, refuse_unprinted
from nnasim.errors import NOT_GIVEN, InputError

if TYPE_CHECKING:
    from reports.change import Change

WORSE = 1  # the exit code of a gate that does not open; 2 is for a user's errors
MOST_OPERATIONS, LEAST_OPERATIONS = 20, 3  # that are listed with --all, and without it


def command(
    before: Annotated[Path, typer.Argument(metavar="A", help="a result file, or a folder of `nnasim compare`")],
    after: Annotated[Path, typer.Argument(metavar="B", help="the same, to compare with A")],
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
        int | None,
        typer.Option(
            min=0,
            max=MOST_ROWS,
            help=f"how many operations to list; default: as fit into 15 lines, {MOST_OPERATIONS} with --all",
        ),
    ] = None,
    whole: All = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> int:
    """Show what changed from A to B: in total, per percentile with its noise band, and per operation.

    Results of different systems or chips are compared, and the difference is named. Results of other speech or of
    another model cannot be a gate, so --fail-over refuses them, and what A has and B lacks: a result, a figure.

    Example: nnasim compare-results main.json branch.json --fail-over 2
    """
    from nnasim.studies.chips_folder import read_any_results
    from reports.change import changes, operation_changes, pairs, uncomparable
    from reports.change_lines import change_line, difference_lines, unshared_lines
    from reports.text import shortened
    from reports.work import reference_differences, work_differences

    refuse_json("compare-results", json, quiet, force)
    refuse_idle_force("compare-results", force, json=json)
    refuse_unprinted("compare-results", json, quiet, operations=operations, all=whole)
    old, new = read_any_results([before]), read_any_results([after])
    shared = pairs(old, new)
    if not shared:
        raise InputError(
            after, "system", ", ".join(new.results), f"must share one with {before}: {', '.join(old.results)}"
        )
    for label, figure in uncomparable(old, new) if fail_over is not None else []:
        allowed = f"is not there for {label}, and is in {before}, so --fail-over cannot compare it"
        raise InputError(after, figure, NOT_GIVEN, allowed)
    lines = list[str]()
    for pair in shared:
        olds, news = old.results[pair.before], new.results[pair.after]
        other = "; ".join([*work_differences([olds, news]), *reference_differences(old.hypotheses, new.hypotheses)])
        if other and fail_over is not None:
            allowed = f"is not the work of {before}, so --fail-over has nothing to compare ({other})"
            raise InputError(after, "work", pair.label, allowed)
        lines += [
            f"{shortened(pair.label, 60)}: {shortened(line, 300)}" for line in difference_lines(olds, news, other)
        ]
    lines += unshared_lines(old, new, before, after)
    total_changes, by_operation = changes(old, new), operation_changes(old, new)
    if fail_over is not None and not any(change.gated for change in total_changes):
        allowed = f"has no engine latency and no word errors that {before} has too, so --fail-over has nothing to judge"
        raise InputError(after, "", NOT_GIVEN, allowed)
    worse = [change for change in total_changes if fail_over is not None and change.exceeds(fail_over)]
    lines += titled("total", total_changes if whole else moved(total_changes), len(total_changes))
    room = MOST_OPERATIONS if whole else max(LEAST_OPERATIONS, MOST_LINES - 1 - len(lines) - len(worse))
    listed = by_operation[: room if operations is None else operations]
    lines += titled("operations [ms]", listed, len(by_operation))
    lines = first_lines(lines, whole or operations is not None, MOST_LINES - len(worse))
    lines += [f"worse by more than {fail_over:g} %: {change_line(change)}" for change in worse]
    figures = {"worse": len(worse), "total": _as_data(total_changes), "operations": _as_data(by_operation)}
    tell_rows(lines, figures, json=json, quiet=quiet, force=force)
    return WORSE if worse else 0


def moved(changes: list[Change]) -> list[Change]:
    """The figures that are not what they were."""
    return [change for change in changes if change.before != change.after]


def titled(title: str, changes: list[Change], of: int) -> list[str]:
    """A title, which says how many of all changes are listed, and a line for each of them."""
    from reports.change_lines import change_line

    if not moved(changes):
        return [f"{title}: no change", *(f"  {change_line(change)}" for change in changes)]
    part = "" if len(changes) == of else f", {len(changes)} of {of}: --all has the others"
    return [f"{title}{part}", *(f"  {change_line(change)}" for change in changes)]


def _as_data(changes: list[Change]) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(change), "pct": change.pct} for change in changes]
