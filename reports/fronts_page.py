"""The page of several sweeps: their Pareto fronts, which points another front beats, and how their files differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from nnasim.hardware.field_units import unit_of
from nnasim.sweeps.fronts import Front, FrontComparison, Varied
from nnasim.sweeps.settings import chip_options, written
from reports.blocks import (
    Block,
    Code,
    Column,
    Document,
    Figure,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
    Words,
)
from reports.charts.fronts import PointWords, fronts_chart
from reports.figures.fronts import DrawnFront, fronts_drawing
from reports.fronts_lines import every, labels, sentences
from reports.naming import value_name
from reports.point import axis_range, axis_text, bare, figure_cell, figure_text, with_unit
from reports.text import number

MOST_ROWS = 50
MOST_PAIRS = 6  # of objectives that are drawn
_LONGEST_TITLE = 62  # characters over a picture


def fronts_document(comparison: FrontComparison, command: str) -> Document:
    """The comparison of several sweeps as a document; ``command``: the command that made it, shown at its end."""
    return Document(
        title=_title(labels(comparison)),
        lead=tuple(_lead(comparison)),
        sections=(_fronts(comparison), _beaten(comparison), _differences(comparison), _provenance(comparison, command)),
        kind="sweeps",
    )


def _title(names: Sequence[str]) -> Words:
    if len(names) == 2:
        return (Value(names[0]), " against ", Value(names[1]))
    return ("Fronts of ", Value(", ".join(names[:-1])), " and ", Value(names[-1]))


def short_blocks(comparison: FrontComparison) -> tuple[Block, ...]:
    """The lines for a terminal: sizes, leaders, and the differences of the sweeps."""
    return (_sizes(comparison), *_lead(comparison), *_differences(comparison).blocks)


def _lead(comparison: FrontComparison) -> Iterator[Listing]:
    if any(difference.what == "traces" for difference in comparison.differences):
        yield Listing(("The sweeps ran different work, so their figures do not compare.",), "notes")
    yield Listing(tuple(map(Value, sentences(comparison))), "answers")


def _fronts(comparison: FrontComparison) -> Section:
    note = Paragraph(
        "All objectives are costs: down and left is better. Each front is that of its own sweep by the objectives that "
        f"{every(comparison)} have. Hollow: a point of another sweep costs no more in any objective, and less in one.",
        note=True,
    )
    pairs = list(combinations(range(len(comparison.objectives)), 2))[:MOST_PAIRS]
    figures = (_figure_of(comparison, f"fronts{n}", pair) for n, pair in enumerate(pairs))
    title = f"{every(comparison).capitalize()} Pareto fronts"
    return Section("fronts", title, (*figures, _sizes(comparison), note))


def _figure_of(comparison: FrontComparison, name: str, pair: tuple[int, int]) -> Figure:
    """The fronts by two of the objectives."""
    across, upwards = (with_unit(comparison.objectives[column]) for column in pair)
    fronts = [
        DrawnFront(label, comparison.costs(place)[:, list(pair)], frozenset(each.point for each in beaten))
        for place, (label, beaten) in enumerate(zip(labels(comparison), comparison.beaten, strict=True))
    ]
    whole = (name, _finding(comparison), (across, upwards), fronts)
    headings = ("sweep", *map(with_unit, comparison.objectives), "its axes", "beaten by")
    words = [_point_words(comparison, place) for place in range(len(fronts))]
    return Figure(name, fronts_drawing(*whole), charts=fronts_chart(*whole, words, headings))


def _finding(comparison: FrontComparison) -> str:
    """A title that says which front beats which, or, if names are long, how many points are beaten."""
    names, counts = labels(comparison), [len(beaten) for beaten in comparison.beaten]
    if len(names) > 2:
        left = [len(front.points) - count for front, count in zip(comparison.fronts, counts, strict=True)]
        ordered = sorted(zip(left, names, strict=True), key=lambda item: -item[0])
        title = f"Points that no other sweep beats: {', '.join(f'{name} {count}' for count, name in ordered)}"
        return title if len(title) <= _LONGEST_TITLE else f"{ordered[0][0]} of {ordered[0][1]}'s points are not beaten"
    (first, second), (ours, theirs) = names, counts
    title = f"{second} beats {ours} of {first}'s points, {first} beats {theirs} of {second}'s"
    return title if len(title) <= _LONGEST_TITLE else f"{ours} points of the first are beaten, {theirs} of the second"


def _point_words(comparison: FrontComparison, place: int) -> list[PointWords]:
    """The words about each point of a front."""
    front, names = comparison.fronts[place], labels(comparison)
    beaten = {each.point: each for each in comparison.beaten[place]}
    costs = comparison.costs(place)
    objectives = comparison.objectives
    words = []
    for row in range(len(costs)):
        by = beaten.get(row)
        better = "none" if by is None else f"{names[by.front]}: {_setting(comparison.fronts[by.front], by.by)}"
        figures = map(figure_text, objectives, costs[row])
        tells = (names[place], *figures, _setting(front, row), better)
        words.append(PointWords(tells, chip_options(front.stored.job, _axis_values(front, row))))
    return words


def _axis_values(front: Front, row: int) -> dict[str, Any]:
    return {axis: bare(front.points.iloc[row][axis]) for axis in front.stored.axes}


def _sizes(comparison: FrontComparison) -> Table:
    volumes = comparison.volumes or (None,) * len(comparison.fronts)
    rows = tuple(
        (
            Value(label), len(front.stored.good), len(front.points), len(beaten), Quantity.percent(volume, 1),
        )
        for label, front, beaten, volume in zip(
            labels(comparison), comparison.fronts, comparison.beaten, volumes, strict=True
        )
    )  # fmt: skip
    columns = ("sweep", "points", "on its front", "beaten by another", "hypervolume")
    note = (
        "Hypervolume: share of the box between the best and the worst figures of all fronts in which every figure is "
        "no better than a point of this one."
    )
    return Table("sizes", "", columns, rows, note if comparison.volumes else "", look="plain").filled()


def _beaten(comparison: FrontComparison) -> Section:
    tables = tuple(_beaten_table(comparison, front) for front, rows in enumerate(comparison.beaten) if rows)
    words = "Beside each, the point of another sweep that spares most of its costs, and what share of each it spares."
    nothing = "No front has a point that another beats."
    return Section("beaten", "Which points are beaten", (words, *tables) if tables else (nothing,))


def _beaten_table(comparison: FrontComparison, place: int) -> Table:
    names, front = labels(comparison), comparison.fronts[place]
    several = len(names) > 2
    rows = tuple(
        (
            *map(figure_cell, comparison.objectives, comparison.costs(place)[beaten.point]),
            _point(front, beaten.point),
            *(Quantity.percent(share, 1) for share in beaten.less),
            *((Value(names[beaten.front]),) if several else ()),
            _point(comparison.fronts[beaten.front], beaten.by),
        )
        for beaten in comparison.beaten[place][:MOST_ROWS]
    )
    total = len(comparison.beaten[place])
    columns: tuple[Column, ...] = (
        *map(with_unit, comparison.objectives),
        "its axes",
        *(("spared", name) for name in comparison.objectives),
        *(("by the sweep",) if several else ()),
        "by the point",
    )
    note = f"The first {MOST_ROWS} of {number(total)} are listed." if total > MOST_ROWS else ""
    title = f"Points of {names[place]} that {'another sweep' if several else names[1 - place]} beats"
    return Table(f"beaten{place}", title, columns, rows, note, named_rows=False, look="words")


def _point(front: Front, row: int) -> Value:
    """A point by its axes: with units on the page, exact in a CSV file."""
    exact = ", ".join(f"{axis} {written(value)}" for axis, value in _axis_values(front, row).items())
    return Value(_setting(front, row), exact)


def _setting(front: Front, row: int) -> str:
    return ", ".join(f"{axis} {axis_text(axis, value)}" for axis, value in _axis_values(front, row).items())


def _differences(comparison: FrontComparison) -> Section:
    rows = tuple(
        (Value(each.what), *(Value(_said(each.what, value)) for value in each.values))
        for each in comparison.differences
    )
    table = Table("differences", "", ("differs", *labels(comparison)), rows, look="parameters")
    return Section("differences", "In what the sweeps differ", (table if rows else "In nothing.",))


def _said(what: str, value: object) -> str:
    """A value of the chip with its unit, what varies too, other words as they are."""
    if isinstance(value, Varied):
        return axis_range(what, value)
    return value if isinstance(value, str) else value_name(value, unit_of(what))


def _provenance(comparison: FrontComparison, command: str) -> Section:
    rows = tuple(
        (Value(label), Value(str(front.stored.store)), Code(front.stored.digest))
        for label, front in zip(labels(comparison), comparison.fronts, strict=True)
    )
    table = Table("sweeps", "", ("sweep", "store", "digest"), rows, look="parameters")
    return Section("provenance", "Provenance", (table, Paragraph(("Made by ", Code(command)))))
