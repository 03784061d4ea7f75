"""`nnasim report`: one offline page from result files. Needs neither simpy nor torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import FigureFormat, Figures, Force, Quiet, out_option
from nnasim.cli.told import cut_lines, say


def command(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...", help="result files, one or more of several streams, or one folder of `nnasim compare`"
        ),
    ],
    out: Annotated[Path, out_option("the page to write", "FILE.html")],
    figures: Figures = None,
    format: FigureFormat = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Show result files side by side as one page that works offline.

    Example: nnasim report edge256.json edge512.json --out chips.html
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.ir.io import is_shared, read_shared
    from nnasim.markup import visible
    from nnasim.studies.chips_folder import read_any_results
    from nnasim.together import together
    from reports.document import write_html
    from reports.notes import notes
    from reports.page import write_page
    from reports.shared_document import write_shared_page
    from reports.streams_page import streams_document

    files.refuse_existing_file(out, force)
    pictures = figure_files("report", figures, format, force)
    with together():
        if len(results) > 1 and all(is_shared(path) for path in results):
            document = streams_document([read_shared(path) for path in results], results)
            write_html(out, document, force=force)
            pictures.write(document.figures)
            _say(quiet, f"open {out}")
            return
        if len(results) == 1 and is_shared(results[0]):
            pictures.write(write_shared_page(out, read_shared(results[0]), force=force).figures)
            _say(quiet, f"open {out}")
            return
        study = read_any_results(results)
        pictures.write(write_page(out, study, force=force).figures)
        _say(quiet, *cut_lines([visible(line) for line in notes(study.results)]), f"open {out}")


def _say(quiet: bool, *lines: str) -> None:
    if not quiet:
        say(lines)
