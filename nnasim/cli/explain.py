"""`nnasim explain`: what a run waits for, what would help, why operations are on the CPU, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import DEFAULT_PRESET, FigureFormat, Figures, Force, Overrides, out_option


def command(
    source: Annotated[Path, typer.Argument(metavar="TRACE|RESULT", help="a trace, or the result of a run")],
    preset: Annotated[
        str | None,
        typer.Option("--preset", help=f"the chip: a preset's name or a YAML file; default: {DEFAULT_PRESET}"),
    ] = None,
    overrides: Overrides = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="of a result: the trace that ran, if it is not found by its command")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE.md", help="also write it all as Markdown")
    ] = None,
    out: Annotated[
        Path | None, out_option("also write a result file that holds the explanation, for `nnasim report`", "RESULT")
    ] = None,
    figures: Figures = None,
    format: FigureFormat = None,
    force: Force = False,
) -> None:
    """Say what a run waits for, what would help most, why operations are on the CPU, and which assumptions decide.

    Every figure is that of a run, with the options of `nnasim simulate` that repeat it. A result brings its own chip,
    and is run again on its trace; without the trace, what the result itself says is shown.

    Example: nnasim explain trace.json --preset edge256 --markdown why.md
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.hardware import load_preset
    from nnasim.ir.io import write_record
    from nnasim.studies.explaining.sources import explain_result, explain_trace, is_result
    from reports.blocks import figures_among
    from reports.explanation import result_blocks
    from reports.to_markdown import markdown_of
    from reports.to_text import text_lines

    for path in (markdown, out):
        if path is not None:
            files.refuse_existing(path, force)
    pictures = figure_files("explain", figures, format, force)
    chip = load_preset(preset or DEFAULT_PRESET, overrides or [], named="--set")
    with shown_progress() as progress:
        if is_result(source):
            result, notes = explain_result(source, chip if preset or overrides else None, trace, progress)
        else:
            refuse_unused("explain", "with a trace", trace=trace)
            result, notes = explain_trace(source, preset or DEFAULT_PRESET, chip, progress)
    if out is not None:
        write_record(out, result.model_copy(update={"command": command_line("RESULT")}), force=force)
    blocks = (*notes, *result_blocks(result, drawn=False))
    title = f"{result.system} on {result.preset}"
    if markdown is not None:
        files.write_bytes(markdown, markdown_of(title, blocks).encode(), force=force)
    pictures.write(figures_among(result_blocks(result)))
    print("\n".join(text_lines((title, *blocks))))
