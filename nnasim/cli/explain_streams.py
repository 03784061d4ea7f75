"""`nnasim explain` of several models or streams on one chip: what each waits for, and whose calls make it wait."""

from __future__ import annotations

from pathlib import Path

from nnasim.cli.told import tell_lines


def explain_streams(
    source: Path, *, markdown: Path | None, out: Path | None, whole: bool, json: Path | None, quiet: bool, force: bool
) -> None:
    """Explain the result at ``source``; ``out``: the same result with its explanation, for `nnasim report`."""
    from nnasim import files
    from nnasim.cli.progress import shown_progress
    from nnasim.ir.io import write_record
    from nnasim.markup import columns
    from nnasim.studies.explaining.shared import explain_shared
    from nnasim.together import together
    from reports.shared_waits import shared_short_lines, waits_blocks, waits_title
    from reports.to_markdown import markdown_of
    from reports.to_text import text_lines

    with shown_progress(lines=True) as progress:
        result, notes = explain_shared(source, progress)
    with together():
        if out is not None:
            write_record(out, result, force=force)
        blocks = (*notes, *waits_blocks(result))
        if markdown is not None:
            files.write_bytes(markdown, markdown_of(waits_title(result), blocks).encode(), force=force)
        width = columns()
        body = (
            ["", *text_lines(blocks, width)] if whole else [*text_lines(notes, width), *([MORE] if not notes else [])]
        )
        figures = result.explanation.model_dump(mode="json") if result.explanation else None
        lines = [*shared_short_lines(result, width), *body]
        tell_lines(lines, figures, json=json, quiet=quiet, force=force)


MORE = "all of it: --all here, --markdown FILE.md, or --out RESULT for nnasim report"
