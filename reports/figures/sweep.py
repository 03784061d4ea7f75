"""The pictures of a sweep of many chips: Pareto front, tornado, parallel coordinates, bottleneck map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, YELLOW, Drawing, canvas, drawn
from reports.text import number, shortened

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES = 400  # of parallel coordinates; more only make a grey block
MOST_DOTS = 5000

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


def front_picture(points: pd.DataFrame, front: pd.DataFrame, x: str, y: str) -> Drawing:
    """Draw every point by two objectives, those that nothing beats joined."""
    with canvas(f"front-{x}-{y}", 3.0) as figure:
        axes = figure.add_subplot()
        dots = points.iloc[:: max(1, len(points) // MOST_DOTS)]
        axes.scatter(dots[x], dots[y], s=8, color=GREY, label=f"{len(points):,} points")
        axes.plot(front[x], front[y], "o-", color=BLUE, markersize=4, linewidth=1, label=f"{len(front):,} not beaten")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.set_title(f"{len(front):,} of {len(points):,} points are beaten by none; down and left is better")
        axes.legend()
        return drawn(figure, f"{y} against {x}", f"{len(front)} of {len(points)} points are on the Pareto front")


def tornado_picture(swings: pd.DataFrame, objective: str) -> Drawing:
    """Draw a bar per axis, as wide as it moves the objective alone."""
    with canvas(f"tornado-{objective}", 0.8 + 0.3 * len(swings)) as figure:
        axes = figure.add_subplot()
        rows = swings.iloc[::-1]
        places = np.arange(len(rows))
        axes.barh(places, rows["swing"], left=rows["low"], color=SKY, edgecolor="black", linewidth=0.5)
        axes.set_yticks(places, [shortened(name, 34) for name in rows["axis"]])
        axes.set_xlabel(objective)
        axes.set_title("One axis at a time, the others at their middle")
        described = "; ".join(
            f"{row['axis']}: {number(row['low'])} to {number(row['high'])}" for row in swings.to_dict("records")
        )
        return drawn(figure, f"What moves {objective}", described)


def parallel_picture(points: pd.DataFrame, front: pd.DataFrame, columns: list[str]) -> Drawing:
    """Draw one line per point across axes and objectives, each scaled to its own range; the front is drawn dark."""
    with canvas("parallel", 3.4) as figure:
        axes = figure.add_subplot()
        places = np.arange(len(columns))
        lines = points.iloc[:: max(1, len(points) // MOST_LINES)]
        for frame, color, width in ((lines, "#cccccc", 0.4), (front, BLUE, 1.0)):
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
        axes.set_xticks(np.arange(len(cells.columns)) + 0.5, [tick(v) for v in cells.columns], rotation=45, fontsize=9)
        axes.set_yticks(range(len(cells.index)), [tick(v) for v in cells.index])
        axes.set_xlabel(across)
        axes.set_ylabel(upwards)
        seen = sorted({str(part) for part in cells.to_numpy().ravel() if str(part) in PARTS})
        axes.set_title(", ".join(f"{PARTS[part][1]} {part}" for part in seen))
        return drawn(figure, f"Bottleneck over {across} and {upwards}", f"busiest parts: {', '.join(seen)}")


def _letter_size(columns: int) -> int:
    """Points: what can be read on a phone, as long as the cells have room for it."""
    return 12 if columns <= 12 else 7


def tick(value: Any) -> str:
    """A value of an axis, short."""
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)[:16]
