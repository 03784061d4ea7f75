"""The page of a sweep of many chips: its Pareto front, the effect of each axis, and the bottlenecks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim.errors import FileError
from nnasim.sweeps.objectives import BOTTLENECK, FALLBACK, meaning_of
from nnasim.sweeps.sensitivity import bottlenecks, pareto, sobol, tornado
from reports.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Figure,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
)
from reports.chart import Columns
from reports.charts.parallel import parallel_chart
from reports.charts.sweep import bottleneck_chart, front_chart, names_of, point_columns, tornado_chart
from reports.document import write_html
from reports.figures.sweep import bottleneck_picture, front_picture, parallel_picture, tornado_picture
from reports.point import axis_cell, figure_cell, with_unit
from reports.text import number

if TYPE_CHECKING:
    import pandas as pd

    from nnasim.sweeps.frames import StoredSweep

MOST_ROWS = 50  # of the front's table and of failures
MOST_PAIRS = 6  # of objectives that are drawn
MOST_CELLS = 40  # values of an axis in the bottleneck map


def write_sweep_page(path: str | Path, stored: StoredSweep, *, force: bool = False) -> Document:
    """Write the page of ``stored``, atomically; returns its content. Raises FileError if every point failed."""
    document = sweep_document(stored)
    write_html(path, document, force=force)
    return document


def sweep_document(stored: StoredSweep) -> Document:
    """The document on all points of ``stored``. Raises FileError if every point failed."""
    if stored.good.empty or not stored.objectives:
        raise FileError(stored.digest, "no point of this sweep ran without an error: there is nothing to show")
    return Document(
        title=(f"{len(stored.axes)} axes from ", Value(str(stored.job.spec.base))),
        lead=tuple(_lead(stored)),
        sections=(_front(stored), _axes(stored), _bottleneck(stored), _failed(stored), _provenance(stored)),
    )


def _lead(stored: StoredSweep) -> Iterator[Block]:
    yield (
        f"{number(len(stored.good))} of {number(stored.total)} points ran well, "
        f"{len(stored.points) - len(stored.good)} failed, {stored.total - len(stored.points)} are still missing. "
        f"Sampler: {stored.job.spec.sampler}. "
        "All objectives are costs: less is better."
    )
    fell_back = int(stored.good[FALLBACK].notna().sum()) if FALLBACK in stored.good else 0
    if fell_back:
        words = (
            f"{number(fell_back)} of them ran operations on the CPU that their chip has no unit for; the column ",
            Code("fallback"), " of ", Code("nnasim sweep-export"),
            " has the kinds, the objectives include what they cost.",
        )  # fmt: skip
        yield Listing((words,), "notes")


def _front(stored: StoredSweep) -> Section:
    front, objectives = pareto(stored), stored.objectives
    points = point_columns(stored, front)
    columns = (*map(with_unit, objectives), *stored.axes)
    rows = tuple(_cells_of(stored, point) for point in front.head(MOST_ROWS).to_dict("records"))
    return Section(
        "front",
        "Pareto front",
        (
            Paragraph(tuple(_beaten_by_none(stored, len(front)))),
            *_pairs_note(objectives),
            *(_by_two(stored, front, points, n, x, y) for n, (x, y) in enumerate(_drawn_pairs(objectives))),
            Table("front", "", columns, rows, _listed(len(front)), named_rows=False, look="plain"),
            *_parallel(stored, front, points),
        ),
    )


def _drawn_pairs(objectives: Sequence[str]) -> list[tuple[str, str]]:
    return list(combinations(objectives, 2))[:MOST_PAIRS]


def _pairs_note(objectives: Sequence[str]) -> Iterator[Paragraph]:
    """A sentence on the points of a picture by two of more objectives, and the pairs that have none."""
    every = math.comb(len(objectives), 2)
    if len(objectives) > 2:
        left = f" The first {MOST_PAIRS} of {every} pairs are drawn." if every > MOST_PAIRS else ""
        words = (
            "One picture for each pair of objectives. Dark: beaten by none in all of them together, so a dark point "
            f"that another beats in both figures of a picture is the better one in a third.{left}"
        )
        yield Paragraph(words, note=True)


def _cells_of(stored: StoredSweep, point: Mapping[Hashable, Any]) -> tuple[Cell, ...]:
    return (
        *(figure_cell(name, point[name]) for name in stored.objectives),
        *(axis_cell(name, point[name]) for name in stored.axes),
    )


def _by_two(stored: StoredSweep, front: pd.DataFrame, points: Columns, place: int, x: str, y: str) -> Figure:
    drawing = front_picture(stored.good, front, x, y, len(stored.objectives))
    return Figure(f"front{place}", drawing, charts=front_chart(stored, front, points, x, y))


def _parallel(stored: StoredSweep, front: pd.DataFrame, points: Columns) -> Iterator[Figure]:
    if len(stored.good) > 1:
        drawing = parallel_picture(stored.good, front, names_of(stored))
        yield Figure("parallel", drawing, charts=parallel_chart(stored, points))


def _beaten_by_none(stored: StoredSweep, size: int) -> Iterator[Inline]:
    yield f"{number(size)} {'point is' if size == 1 else 'points are'} beaten by no other in all of: "
    for n, name in enumerate(stored.objectives):
        unit, meaning = meaning_of(name)
        yield Code(name)
        yield f" ({meaning}{f', {unit}' if unit else ''}){'.' if n == len(stored.objectives) - 1 else ', '}"


def _listed(size: int) -> str:
    return f"The first {MOST_ROWS} are listed; nnasim sweep-export writes all." if size > MOST_ROWS else ""


def _axes(stored: StoredSweep) -> Section:
    swings = (figure for n, name in enumerate(stored.objectives) for figure in _tornado(stored, n, name))
    indices = [block for name in stored.objectives for block in _sobol(name, sobol(stored, name))]
    return Section("axes", "Which axes matter", (*swings, *indices))


def _tornado(stored: StoredSweep, place: int, objective: str) -> Iterator[Figure]:
    swings, name = tornado(stored, objective), f"tornado{place}"
    if len(swings):
        yield Figure(name, tornado_picture(swings, objective), charts=tornado_chart(name, swings, objective))


def _sobol(objective: str, indices: pd.DataFrame | None) -> Iterator[Block]:
    title = f"Sobol indices of {objective}"
    if indices is None:
        yield Heading(title)
        yield Paragraph(
            (
                "Not computed: they need a complete grid or a complete ", Code("saltelli"),
                " sample in which the objective varies.",
            )
        )  # fmt: skip
        return
    rows = tuple(
        (Value(row["axis"]), _share(row["first_order"]), _share(row["total_order"]))
        for row in indices.to_dict("records")
    )
    yield Table(
        f"sobol.{objective}",
        title,
        ("axis", "alone (first order)", "with others (total)"),
        rows,
        "Share of the variance over the study, estimated by scipy.stats.sobol_indices; an estimate may fall a little "
        "below 0 or above 100 %.",
        look="plain",
    )


def _share(estimate: float) -> Quantity:
    """An index as percent; what rounds to nothing has no sign."""
    return Quantity.percent(round(estimate, 3) + 0, 1)


def _bottleneck(stored: StoredSweep) -> Section:
    words = "The part that is busy for the longest share of the processing time, at most points of each cell."
    maps = [_cells(stored, n, across, upwards) for n, (across, upwards) in enumerate(_pairs(stored))]
    return Section("bottleneck", "What is the bottleneck", (words, *maps))


def _cells(stored: StoredSweep, place: int, across: str, upwards: str) -> Figure:
    cells, name = bottlenecks(stored, across, upwards), f"bottleneck{place}"
    drawing = bottleneck_picture(cells, across, upwards)
    return Figure(name, drawing, charts=bottleneck_chart(name, cells, across, upwards))


def _pairs(stored: StoredSweep) -> list[tuple[str, str]]:
    """Pairs of axes with few enough values to be drawn as cells; the first three pairs are shown."""
    if BOTTLENECK not in stored.good:
        return []
    few = [name for name in stored.axes if 1 < stored.good[name].nunique() <= MOST_CELLS]
    return list(combinations(few, 2))[:3]


def _failed(stored: StoredSweep) -> Section:
    failed = stored.points[stored.points["status"] == "failed"]
    counts = Counter(failed["message"].tolist()).most_common(MOST_ROWS)
    rows = tuple((count, Value(str(message))) for message, count in counts)
    table = Table("failed", "", ("points", "why"), rows, named_rows=False, look="words")
    return Section("failed", "Failed points", (table if rows else "None.",))


def _provenance(stored: StoredSweep) -> Section:
    hashes = [part for digest in stored.job.trace_hashes for part in (Code(digest), " ")]
    seed = stored.job.spec.seed
    words = ("Study ", Code(stored.digest), "; traces ", *hashes[:-1], f"; seed {seed}.")
    return Section("provenance", "Provenance", (Paragraph(words),))
