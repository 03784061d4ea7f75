"""`nnasim explain FOLDER`: the results of one comparison, each explained, beside each other."""

from __future__ import annotations

from pathlib import Path

from nnasim.cli.figures import FigureFiles
from nnasim.cli.told import say, tell_found


def explain_folder(
    folder: Path, *, markdown: Path | None, out: Path | None, pictures: FigureFiles, json: Path | None, quiet: bool,
    force: bool,
) -> None:  # fmt: skip
    """Explain what `nnasim compare` or `compare-chips` put into ``folder``; ``out``: a folder like it, explained."""
    from nnasim import files
    from nnasim.cli.progress import shown_progress
    from nnasim.markup import columns
    from nnasim.studies.explaining.together import explain_folder as explained
    from nnasim.studies.explaining.together import labelled_explanations
    from reports.blocks import figures_among, without_figures
    from reports.explanation import explanation
    from reports.to_markdown import markdown_of
    from reports.to_text import text_lines
    from reports.waiting import waiting, waiting_in_short

    with shown_progress(lines=True) as progress:
        found, notes = explained(folder, progress)
    blocks = (*waiting(found).blocks, *explanation(found, drawn=False).blocks)
    if out is not None:
        _write(out, found, folder, force)
    if markdown is not None:
        text = markdown_of(str(folder), (*notes, *without_figures(blocks)))
        files.write_bytes(markdown, text.encode(), force=force)
    if pictures.folder is not None:
        pictures.write(figures_among((*waiting(found).blocks, *explanation(found).blocks)))
    tell_found(
        lambda: say(text_lines((*notes, *waiting_in_short(found)), columns())),
        labelled_explanations(found.results), json=json, quiet=quiet, force=force,
    )  # fmt: skip


def _write(out: Path, found: object, folder: Path, force: bool) -> None:
    from nnasim import files
    from nnasim.studies.chips_record import CHIPS_FILE, ChipsFound, read_chips_record
    from reports.page import write_page
    from reports.result_set import ResultSet, write_folder

    assert isinstance(found, ResultSet)
    with files.new_folder(out, force=force) as inside:
        if found.summary is None:
            ChipsFound(found, read_chips_record(folder / CHIPS_FILE).command).write(inside)
            return
        write_folder(inside, found)
        write_page(inside / "report.html", found)
