"""The page of a study of many chips: what is on the Pareto front, which axes matter, what limits the chip."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim import files
from nnasim.errors import FileError
from nnasim.sweep.objectives import FALLBACK, KNOWN
from nnasim.sweep.sensitivity import bottlenecks, pareto, sobol, tornado
from reports.figures.sweep import bottleneck_picture, front_picture, parallel_picture, tornado_picture
from reports.page import TEMPLATES
from reports.text import number, percent, visible

if TYPE_CHECKING:
    import pandas as pd

    from nnasim.sweep.frames import StoredStudy

MOST_ROWS = 50  # of the front's table and of failures
MOST_CELLS = 40  # values of an axis in the bottleneck map


def write_sweep_page(path: str | Path, study: StoredStudy, *, force: bool = False) -> None:
    """The page of ``study``, atomically. FileError where no point ran well."""
    files.write_bytes(path, sweep_page(study).encode("utf-8"), force=force)


def sweep_page(study: StoredStudy) -> str:
    """The page as text; everything from a file is escaped and made visible."""
    import jinja2

    if study.good.empty or not study.objectives:
        raise FileError(study.digest, "no point of this study ran well, so there is nothing to show")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent}
    return environment.get_template("sweep.html.j2").render(_context(study))


def _context(study: StoredStudy) -> dict[str, Any]:
    front = pareto(study)
    failed = study.points[study.points["status"] == "failed"]
    return {
        "study": study,
        "record": study.record,
        "units": {name: KNOWN[name][0] for name in study.objectives},
        "meaning": {name: KNOWN[name][1] for name in study.objectives},
        "fell_back": int(study.good[FALLBACK].notna().sum()) if FALLBACK in study.good else 0,
        "front": front.head(MOST_ROWS)[[*study.objectives, *study.axes]].to_dict("records"),
        "front_size": len(front),
        "failures": Counter(failed["message"].tolist()).most_common(MOST_ROWS),
        "pictures": _pictures(study, front),
        "indices": {name: _records(sobol(study, name)) for name in study.objectives},
    }


def _records(frame: pd.DataFrame | None) -> list[dict[Any, Any]] | None:
    return None if frame is None else frame.to_dict("records")


def _pictures(study: StoredStudy, front: pd.DataFrame) -> dict[str, Any]:
    import markupsafe

    good, objectives = study.good, study.objectives
    drawn: dict[str, list[str | None]] = {
        "front": [front_picture(good, front, x, y) for x, y in combinations(objectives, 2)],
        "parallel": [parallel_picture(good, front, [*study.axes, *objectives])] if len(good) > 1 else [],
        "tornado": [_tornado(study, name) for name in objectives],
        "bottleneck": [_bottleneck(study, *pair) for pair in _pairs(study)],
    }
    return {
        section: [markupsafe.Markup(picture) for picture in pictures if picture] for section, pictures in drawn.items()
    }


def _tornado(study: StoredStudy, objective: str) -> str | None:
    swings = tornado(study, objective)
    return tornado_picture(swings, objective) if len(swings) else None


def _pairs(study: StoredStudy) -> list[tuple[str, str]]:
    """Pairs of axes with few enough values to be drawn as cells; the first three pairs are shown."""
    few = [name for name in study.axes if 1 < study.good[name].nunique() <= MOST_CELLS]
    return list(combinations(few, 2))[:3]


def _bottleneck(study: StoredStudy, across: str, upwards: str) -> str:
    return bottleneck_picture(bottlenecks(study, across, upwards), across, upwards)
