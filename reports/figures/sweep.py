"""The pictures of a sweep of many chips: Pareto front, tornado, parallel coordinates, bottleneck map."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures.fronts import is_logarithmic, staircase
from reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    YELLOW,
    Drawing,
    canvas,
    drawn,
    shorten_numbers,
)
from reports.point import axis_text, figure_text, with_unit
from reports.text import number, prefixed, shortened

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES = 400  # of parallel coordinates; more only make a grey block
MOST_DOTS = 1500

# colour, and a letter that tells the parts apart where colour is lost
PARTS = {
    "dram": (ORANGE, "D"),
    "sram": (YELLOW, "S"),
    "mac_array": (BLUE, "M"),
    "activation_unit": (GREEN, "A"),
    "cpu": (SKY, "C"),
    "handoff": (RED, "H"),
    "sequencer": (GREY, "Q"),
}


def front_finding(points: pd.DataFrame, front: pd.DataFrame, x: str, y: str, objectives: int) -> str:
    """A title: how many points nothing beats, and which a line joins in a picture by two of more objectives."""
    if objectives <= 2:
        return f"{len(front):,} of {len(points):,} points are beaten by none; down and left is better"
    joined = len(staircase(front[[x, y]].to_numpy()))
    return f"{joined:,} of the {len(front):,} best points are beaten by none in these two (line)"


def front_picture(points: pd.DataFrame, front: pd.DataFrame, x: str, y: str, objectives: int = 2) -> Drawing:
    """A figure: every point by two of ``objectives``; a line of steps joins those that none beats in these two.

    Of more objectives the front has no order in two of them, so the line leaves out what only a third one keeps on it.
    """
    with canvas(f"front-{x}-{y}", 3.0) as figure:
        axes = figure.add_subplot()
        dots, best = spread(points, MOST_DOTS), spread(front, MOST_DOTS)
        corners = front[[x, y]].to_numpy()[staircase(front[[x, y]].to_numpy())]
        axes.scatter(dots[x], dots[y], s=8, color=GREY, label=f"{len(points):,} points")
        axes.step(corners[:, 0], corners[:, 1], where="post", color=BLUE, linewidth=1)
        axes.plot(best[x], best[y], "o", color=BLUE, markersize=4, label=f"{len(front):,} not beaten")
        axes.set_xlabel(with_unit(x))
        axes.set_ylabel(with_unit(y))
        axes.margins(0.06)
        for axis, name in ((axes.xaxis, x), (axes.yaxis, y)):
            if is_logarithmic(points[name].tolist()):
                (axes.set_xscale if name == x else axes.set_yscale)("log")
                axis.set_minor_formatter("")
                axis.set_major_formatter(lambda value, _: prefixed(float(value), 3))
            shorten_numbers(axis, points[name])
        title = front_finding(points, front, x, y, objectives)
        axes.set_title(title)
        axes.legend()
        return drawn(figure, f"{y} against {x}: {title}", f"{len(front)} of {len(points)} points are on the front")


def spread(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most ``most`` of ``rows``, evenly."""
    return rows if len(rows) <= most else rows.iloc[np.linspace(0, len(rows) - 1, most).astype(int)]


def tornado_picture(swings: pd.DataFrame, objective: str) -> Drawing:
    """A figure: a bar per axis, as wide as it moves the objective alone."""
    with canvas(f"tornado-{objective}", 1.0 + 0.3 * len(swings)) as figure:
        axes = figure.add_subplot()
        rows = swings.iloc[::-1]
        places = np.arange(len(rows))
        axes.barh(places, rows["swing"], left=rows["low"], color=SKY, edgecolor="black", linewidth=0.5)
        axes.set_yticks(places, [shortened(name, 34) for name in rows["axis"]])
        shorten_numbers(axes.xaxis, [*rows["low"], *rows["high"]])
        axes.set_xlabel(swing_unit(objective))
        axes.set_title(swing_finding(swings, objective))
        described = "; ".join(
            f"{row['axis']}: {number(row['low'])} to {number(row['high'])}" for row in swings.to_dict("records")
        )
        return drawn(figure, f"What moves {objective}", described)


def swing_unit(objective: str) -> str:
    """The unit along the bars of a tornado."""
    return f"{with_unit(objective)}, one axis at a time, the others at their middle"


def swing_finding(swings: pd.DataFrame, objective: str) -> str:
    """A title: the axis that moves the objective most, and how far."""
    most = max(swings.to_dict("records"), key=lambda row: row["swing"])
    low, high = (figure_text(objective, most[end]) for end in ("low", "high"))
    return f"{shortened(most['axis'], 34)} moves {objective} most: {low} to {high}"


def parallel_picture(points: pd.DataFrame, front: pd.DataFrame, columns: list[str]) -> Drawing:
    """A figure: a line per point across axes and objectives, each scaled to its own range; the front is dark."""
    with canvas("parallel", 3.4) as figure:
        axes = figure.add_subplot()
        places = np.arange(len(columns))
        lines, dark = spread(points, MOST_LINES), spread(front, MOST_LINES)
        for frame, color, width in ((lines, "#cccccc", 0.4), (dark, BLUE, 1.0)):
            places_of = np.column_stack([scaled(frame[name], points[name]) for name in columns])
            for row in places_of:
                axes.plot(places, row, color=color, linewidth=width)
        axes.set_xticks(places, [shortened(name, 28) for name in columns], rotation=35, ha="right", fontsize=9)
        axes.set_yticks([0, 1], ["lowest", "highest"])
        axes.set_title("Dark: not beaten by any other point")
        return drawn(figure, "Parallel coordinates", f"{len(columns)} columns, {len(front)} points on the Pareto front")


def scaled(values: Any, everything: Any) -> Any:
    """``values`` as places from 0 to 1 within ``everything``; words take the places of their sorted order."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(everything):
        order = sorted(map(str, everything.unique()))
        values = values.map(lambda value: order.index(str(value)))
        low, high = 0.0, float(len(order) - 1)
    else:
        low, high = float(everything.min()), float(everything.max())
    return (values.to_numpy(dtype=float) - low) / ((high - low) or 1.0)


def bottleneck_picture(cells: pd.DataFrame, across: str, upwards: str) -> Drawing:
    """A drawing of the busiest part over two axes; a letter in each cell shows it without colour."""
    with canvas(f"bottleneck-{across}-{upwards}", 3.4) as figure:
        axes = figure.add_subplot()
        for row, name in enumerate(cells.index):
            for column, part in enumerate(cells.loc[name]):
                color, letter = PARTS.get(str(part), ("#ffffff", ""))
                axes.barh(row, 1, left=column, height=1, color=color, edgecolor="white")
                axes.text(
                    column + 0.5, row, letter, ha="center", va="center", fontsize=_letter_size(len(cells.columns))
                )
        columns, rows = (
            [tick(name, value) for value in cells_of]
            for name, cells_of in ((across, cells.columns), (upwards, cells.index))
        )
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=45, ha="right", fontsize=9)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlabel(across)
        axes.set_ylabel(upwards)
        seen = sorted({str(part) for part in cells.to_numpy().ravel() if str(part) in PARTS})
        letters = ", ".join(f"{PARTS[part][1]} {part}" for part in seen)
        axes.set_title(f"{bottleneck_finding(cells)}\n{letters}")
        return drawn(figure, f"Bottleneck over {across} and {upwards}", f"busiest parts: {', '.join(seen)}")


def bottleneck_finding(cells: pd.DataFrame) -> str:
    """A title: the part that is the bottleneck in most cells."""
    counts = Counter(str(part) for part in cells.to_numpy().ravel() if str(part) in PARTS)
    if not counts:
        return "No bottleneck is known"
    (part, count), *_ = counts.most_common(1)
    return f"Mostly {part}: in {count} of {counts.total()} cells"


def _letter_size(columns: int) -> int:
    """Points: what can be read on a phone, as long as the cells have room for it."""
    return 12 if columns <= 12 else 7


def tick(axis: str, value: Any) -> str:
    """A value of an axis with its unit, short."""
    return shortened(axis_text(axis, value), 16)
