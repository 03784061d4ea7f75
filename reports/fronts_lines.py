"""Sentences that compare fronts, for the page and for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnasim.markup import counted
from nnasim.sweeps.fronts import FrontComparison, leads
from reports.point import figure_text, with_unit
from reports.text import percent, shortened

MOST_STRETCHES = 6
_LONGEST_LABEL = 24


def labels(comparison: FrontComparison) -> tuple[str, ...]:
    """The names of all, as they are shown: told apart where they are alike when they are cut."""
    names = [shortened(label, _LONGEST_LABEL) for label in comparison.labels]
    return tuple(
        f"{name} #{place}" if names.count(name) > 1 else name for place, name in enumerate(names, start=1)
    )  # fmt: skip


def beaten_sentences(comparison: FrontComparison) -> Iterator[str]:
    """Sentences on the points of each front that others beat."""
    names = labels(comparison)
    sizes = [len(front.points) for front in comparison.fronts]
    if len(names) == 2:
        (first, second), (ours, theirs) = names, comparison.beaten
        shared = f", and {comparison.shared} stand on both" if comparison.shared else ""
        yield (
            f"{second} beats {len(ours)} of {first}'s {sizes[0]} points, {first} beats {len(theirs)} of {second}'s "
            f"{sizes[1]}{shared}."
        )
        return
    for name, size, beaten in zip(names, sizes, comparison.beaten, strict=True):
        by = ", ".join(f"{names[front]} {count}" for front, count in Counter(each.front for each in beaten).items())
        yield f"{name}: {len(beaten)} of {counted(size, 'point')} beaten{f', by {by}' if by else ''}."
    if comparison.shared:
        yield f"On all fronts: {counted(comparison.shared, 'point')}."


def sentences(comparison: FrontComparison) -> Iterator[str]:
    """Sentences on which front beats which, which reaches the lowest of each objective, and which leads where."""
    yield from beaten_sentences(comparison)
    for place, objective in enumerate(comparison.objectives):
        yield _lowest(comparison, place, objective)
    yield from _leads(comparison)


def every(comparison: FrontComparison) -> str:
    """The word for all fronts together."""
    return "both" if len(comparison.fronts) == 2 else "all"


def _lowest(comparison: FrontComparison, place: int, objective: str) -> str:
    named = labels(comparison)
    figures = [float(comparison.costs(front)[:, place].min()) for front in range(len(named))]
    if len(set(figures)) == 1:
        return f"Lowest {with_unit(objective)}: {figure_text(objective, figures[0])} in {every(comparison)}."
    ordered = sorted(zip(figures, named, strict=True), key=lambda item: item[0])
    listed = ", ".join(f"{name} {figure_text(objective, figure)}" for figure, name in ordered)
    return f"Lowest {with_unit(objective)}: {listed}."


def _leads(comparison: FrontComparison) -> Iterator[str]:
    stretches, names = leads(comparison), labels(comparison)
    if not stretches:
        return
    across, upwards = comparison.objectives
    for place, stretch in enumerate(stretches[:MOST_STRETCHES]):
        end = f" to {figure_text(across, stretches[place + 1].start)}" if place + 1 < len(stretches) else " on"
        where = f"From {across} {figure_text(across, stretch.start)}{end}"
        if stretch.leader is None:
            yield f"{where} {'both' if len(names) == 2 else 'several'} reach the same {upwards}."
        elif stretch.most is None:
            yield f"{where} only {names[stretch.leader]} has points."
        else:
            lower = percent(stretch.most, 1)
            least = "lower" if len(names) == 2 else "lowest"
            yield f"{where} {names[stretch.leader]} reaches the {least} {upwards}, by up to {lower}."
    if len(stretches) > MOST_STRETCHES:
        yield f"Beyond, the lead changes {len(stretches) - MOST_STRETCHES} more times."
