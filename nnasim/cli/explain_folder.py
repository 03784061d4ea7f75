"""`nnasim explain FOLDER`: the results of one comparison, each explained, beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnasim.cli.figures import FigureFiles
from nnasim.cli.told import MOST_LINES, say, tell_found

if TYPE_CHECKING:
    from reports.result_set import ResultSet

MOST_RESULTS = 6
MORE = "all of it: --all here, --markdown FILE.md, or --out FOLDER and its report.html"


def explain_folder(
    folder: Path, *, markdown: Path | None, out: Path | None, pictures: FigureFiles, whole: bool, json: Path | None,
    quiet: bool, force: bool,
) -> None:  # fmt: skip
    """Explain what `nnasim compare` or `compare-chips` put into ``folder``; ``out``: a folder like it, explained."""
    from nnasim import files
    from nnasim.cli.progress import shown_progress
    from nnasim.markup import columns
    from nnasim.studies.explaining.together import explain_folder as explained
    from nnasim.studies.explaining.together import labelled_explanations
    from nnasim.together import together
    from reports.blocks import figures_among, without_figures
    from reports.explanation import explanation
    from reports.to_markdown import markdown_of
    from reports.waiting import waiting

    with shown_progress(lines=True) as progress:
        found, notes = explained(folder, progress)
    with together():
        beside_each_other = waiting(found).blocks
        if out is not None:
            _write(out, found, folder, force)
        if markdown is not None:
            blocks = (*beside_each_other, *explanation(found, drawn=False).blocks)
            text = markdown_of(str(folder), (*notes, *without_figures(blocks)))
            files.write_bytes(markdown, text.encode(), force=force)
        if pictures.folder is not None:
            pictures.write(figures_among((*beside_each_other, *explanation(found).blocks)))
        tell_found(
            lambda: say(_lines(found, notes, whole, columns())),
            labelled_explanations(found.results), json=json, quiet=quiet, force=force,
        )  # fmt: skip


def _lines(found: ResultSet, notes: list[str], whole: bool, width: int) -> list[str]:
    """The lines for the terminal: ``whole``, or at most 15."""
    from reports.to_text import text_lines
    from reports.waiting import waiting_in_short, waiting_lines

    if whole:
        return list(text_lines((*notes, *waiting_in_short(found)), width))
    short = (list(text_lines((*notes, *waiting_lines(found, most)), width)) for most in range(MOST_RESULTS, 0, -1))
    return [*next(lines for lines in short if len(lines) < MOST_LINES), MORE]


def _write(out: Path, found: ResultSet, folder: Path, force: bool) -> None:
    from nnasim import files
    from nnasim.studies.chips_record import CHIPS_FILE, ChipsFound, read_chips_record
    from reports.page import write_page
    from reports.result_set import write_folder

    with files.new_folder(out, force=force) as inside:
        if found.summary is None:
            ChipsFound(found, read_chips_record(folder / CHIPS_FILE).command).write(inside)
            return
        write_folder(inside, found)
        write_page(inside / "report.html", found)
