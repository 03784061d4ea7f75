"""The page of two sweeps: both Pareto fronts, what one beats of the other, and what the sweep files say differently."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from nnasim.hardware.field_units import unit_of
from nnasim.sweeps.fronts import Front, FrontComparison
from reports.blocks import (
    Block,
    Cell,
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
)
from reports.figures.fronts import two_fronts
from reports.fronts_lines import labels, sentences, with_unit
from reports.naming import value_name
from reports.text import number

MOST_ROWS = 50
MOST_PAIRS = 6  # of objectives that are drawn


def fronts_document(comparison: FrontComparison, command: str) -> Document:
    """All that two sweeps say of each other."""
    first, second = labels(comparison)
    return Document(
        title=(Value(first), " against ", Value(second)),
        lead=tuple(_lead(comparison)),
        sections=(_fronts(comparison), _beaten(comparison), _differences(comparison), _provenance(comparison, command)),
        kind="sweeps",
    )


def short_blocks(comparison: FrontComparison) -> tuple[Block, ...]:
    """What a terminal shows: sizes, who leads where, and in what the sweeps differ."""
    return (_sizes(comparison), *_lead(comparison), *_differences(comparison).blocks)


def _lead(comparison: FrontComparison) -> Iterator[Listing]:
    if any(difference.what == "traces" for difference in comparison.differences):
        yield Listing(("The two sweeps ran different work, so their figures do not compare.",), "notes")
    yield Listing(tuple(map(Value, sentences(comparison))), "answers")


def _fronts(comparison: FrontComparison) -> Section:
    note = Paragraph(
        "All objectives are costs: down and left is better. Each front is that of its own sweep by the objectives that "
        "both have. Hollow: a point of the other sweep costs no more in any objective, and less in one.",
        note=True,
    )
    pairs = list(combinations(range(len(comparison.objectives)), 2))[:MOST_PAIRS]
    figures = (Figure(f"fronts{n}", _picture(comparison, n, pair)) for n, pair in enumerate(pairs))
    return Section("fronts", "Both Pareto fronts", (*figures, _sizes(comparison), note))


def _picture(comparison: FrontComparison, place: int, pair: tuple[int, int]) -> Any:
    names = [with_unit(comparison.objectives[column]) for column in pair]
    first, second = labels(comparison)
    ours, theirs = comparison.beaten
    title = f"{second} beats {len(ours)} of {first}'s points, {first} beats {len(theirs)} of {second}'s"
    return two_fronts(
        f"fronts{place}",
        title if len(title) <= 62 else beaten_title(len(ours), len(theirs)),
        (names[0], names[1]),
        labels(comparison),
        [comparison.costs(front)[:, list(pair)] for front in (0, 1)],
        [[beaten.point for beaten in rows] for rows in comparison.beaten],
    )


def beaten_title(ours: int, theirs: int) -> str:
    """The finding in a picture whose names are long."""
    return f"{ours} points of the first are beaten, {theirs} of the second"


def _sizes(comparison: FrontComparison) -> Table:
    volumes = comparison.volumes or (None, None)
    rows = tuple(
        (
            Value(label), len(front.stored.good), len(front.points), len(beaten), Quantity.percent(volume, 1),
        )
        for label, front, beaten, volume in zip(
            labels(comparison), comparison.fronts, comparison.beaten, volumes, strict=True
        )
    )  # fmt: skip
    columns = ("sweep", "points", "on its front", "beaten by the other", "hypervolume")
    note = (
        "Hypervolume: share of the box between the best and the worst figures of both fronts in which every figure is "
        "no better than a point of this one."
    )
    return Table("sizes", "", columns, rows, note if comparison.volumes else "", look="plain").filled()


def _beaten(comparison: FrontComparison) -> Section:
    tables = tuple(_beaten_table(comparison, front) for front in (0, 1) if comparison.beaten[front])
    words = "Beside each, the point of the other sweep that spares most of its costs, and what share of each it spares."
    nothing = "Neither front has a point that the other beats."
    return Section("beaten", "Which points are beaten", (words, *tables) if tables else (nothing,))


def _beaten_table(comparison: FrontComparison, place: int) -> Table:
    names, (front, other) = labels(comparison), (comparison.fronts[place], comparison.fronts[1 - place])
    rows = tuple(
        (
            *(_figure(value) for value in comparison.costs(place)[beaten.point]),
            Value(_setting(front, beaten.point)),
            *(Quantity.percent(share, 1) for share in beaten.less),
            Value(_setting(other, beaten.by)),
        )
        for beaten in comparison.beaten[place][:MOST_ROWS]
    )
    total = len(comparison.beaten[place])
    columns: tuple[Column, ...] = (
        *map(with_unit, comparison.objectives),
        "its axes",
        *(("spared", name) for name in comparison.objectives),
        "by the point",
    )
    note = f"The first {MOST_ROWS} of {number(total)} are listed." if total > MOST_ROWS else ""
    title = f"Points of {names[place]} that {names[1 - place]} beats"
    return Table(f"beaten{place}", title, columns, rows, note, named_rows=False, look="words")


def _figure(value: float) -> Cell:
    return Quantity.rounded(float(value), 4)


def _setting(front: Front, row: int) -> str:
    """The axes of a point, as they stand in a sweep file."""
    values = front.points.iloc[row]
    return ", ".join(f"{axis} {_value(values[axis])}" for axis in front.stored.axes)


def _value(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "null"
    return f"{value:.6g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _differences(comparison: FrontComparison) -> Section:
    rows = tuple(
        (Value(each.what), *(Value(_said(each.what, value)) for value in each.values))
        for each in comparison.differences
    )
    table = Table("differences", "", ("differs", *labels(comparison)), rows, look="parameters")
    return Section("differences", "In what the sweeps differ", (table if rows else "In nothing.",))


def _said(what: str, value: object) -> str:
    """A value of the chip with its unit, other words as they are."""
    return value if isinstance(value, str) else value_name(value, unit_of(what))


def _provenance(comparison: FrontComparison, command: str) -> Section:
    rows = tuple(
        (Value(label), Value(str(front.stored.store)), Code(front.stored.digest))
        for label, front in zip(labels(comparison), comparison.fronts, strict=True)
    )
    table = Table("sweeps", "", ("sweep", "store", "digest"), rows, look="parameters")
    return Section("provenance", "Provenance", (table, Paragraph(("Made by ", Code(command)))))
