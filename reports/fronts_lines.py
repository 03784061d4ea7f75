"""What two fronts say of each other, in sentences: for the page, and for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.sweeps.fronts import FrontComparison, leads
from nnasim.sweeps.objectives import meaning_of
from reports.text import number, percent, shortened

MOST_STRETCHES = 6
_LONGEST_LABEL = 24


def labels(comparison: FrontComparison) -> tuple[str, str]:
    """Both names, as they are shown."""
    first, second = (shortened(label, _LONGEST_LABEL) for label in comparison.labels)
    return first, second


def beaten_sentence(comparison: FrontComparison) -> str:
    """How many points of each front the other beats."""
    (first, second), (ours, theirs) = labels(comparison), comparison.beaten
    sizes = [len(front.points) for front in comparison.fronts]
    shared = f", and {comparison.shared} stand on both" if comparison.shared else ""
    return (
        f"{second} beats {len(ours)} of {first}'s {sizes[0]} points, {first} beats {len(theirs)} of {second}'s "
        f"{sizes[1]}{shared}."
    )


def with_unit(objective: str) -> str:
    """An objective and its unit, such as "energy_mj [mJ]"."""
    unit, _ = meaning_of(objective)
    return f"{objective} [{unit}]" if unit else objective


def sentences(comparison: FrontComparison) -> Iterator[str]:
    """Who beats whom, who reaches the lowest of each objective, and who leads where."""
    yield beaten_sentence(comparison)
    for place, objective in enumerate(comparison.objectives):
        yield _lowest(comparison, place, objective)
    yield from _leads(comparison)


def _lowest(comparison: FrontComparison, place: int, objective: str) -> str:
    figures = [float(comparison.costs(front)[:, place].min()) for front in (0, 1)]
    names = labels(comparison)
    if figures[0] == figures[1]:
        return f"Lowest {with_unit(objective)}: {number(figures[0])} in both."
    best = 0 if figures[0] < figures[1] else 1
    return (
        f"Lowest {with_unit(objective)}: {names[best]} {number(figures[best])}, "
        f"{names[1 - best]} {number(figures[1 - best])}."
    )


def _leads(comparison: FrontComparison) -> Iterator[str]:
    stretches, names = leads(comparison), labels(comparison)
    if not stretches:
        return
    across, upwards = comparison.objectives
    for place, stretch in enumerate(stretches[:MOST_STRETCHES]):
        end = f" to {number(stretches[place + 1].start)}" if place + 1 < len(stretches) else " on"
        where = f"From {across} {number(stretch.start)}{end}"
        if stretch.leader is None:
            yield f"{where} both reach the same {upwards}."
        elif stretch.most is None:
            yield f"{where} only {names[stretch.leader]} has points."
        else:
            lower = percent(stretch.most, 1)
            yield f"{where} {names[stretch.leader]} reaches the lower {upwards}, by up to {lower}."
    if len(stretches) > MOST_STRETCHES:
        yield f"Beyond, the lead changes {len(stretches) - MOST_STRETCHES} more times."
