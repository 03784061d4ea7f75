"""`nnasim sweep-report`: the points of a sweep as one offline page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nnasim.cli.options import FigureFormat, Figures, FilledStore, Force, Quiet, StoredStudyName, out_option
from nnasim.cli.told import cut_lines, say


def command(
    store: FilledStore,
    out: Annotated[Path, out_option("the page to write", "FILE.html")],
    study: StoredStudyName = None,
    figures: Figures = None,
    format: FigureFormat = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write a sweep's page: Pareto front, parallel coordinates, tornado, Sobol indices and bottleneck map.

    Example: nnasim sweep-report sweep.sqlite --out sweep.html
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.cli.sweep_lines import choice_lines
    from nnasim.sweeps.frames import StoredSweep
    from nnasim.together import together
    from reports.sweep_page import write_sweep_page

    files.refuse_existing_file(out, force)
    pictures = figure_files("sweep-report", figures, format, force)
    stored = StoredSweep(store, study)
    with together():
        pictures.write(write_sweep_page(out, stored, force=force).figures)
        if not quiet:
            points = f"{out}: {len(stored.good):,} of {stored.total:,} points of study {stored.digest}"
            say([*cut_lines(list(choice_lines(stored))), points])
