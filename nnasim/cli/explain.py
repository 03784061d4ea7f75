"""`nnasim explain`: what a run waits for, what would help, why operations are on the CPU, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import (
    DEFAULT_PRESET,
    All,
    Checkpoints,
    FigureFormat,
    Figures,
    Force,
    Json,
    Limit,
    Manifest,
    Overrides,
    Quiet,
    out_option,
)
from nnasim.cli.told import refuse_json, tell_lines

MORE = "all of it: --all here, --markdown FILE.md, or --out RESULT for nnasim report"


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="TRACE|RESULT|FOLDER",
            help="a trace, a result, also of several streams, or a folder of compare, compare-chips",
        ),
    ],
    preset: Annotated[
        str | None,
        typer.Option("--preset", help=f"the chip: a preset's name or a YAML file; default: {DEFAULT_PRESET}"),
    ] = None,
    overrides: Overrides = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace", help=("with a result: the trace that ran, if the result's command does not lead to it")
        ),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE.md", help="also write the explanation as Markdown")
    ] = None,
    out: Annotated[
        Path | None, out_option("also write the result, or the folder, with its explanation, as another", "RESULT")
    ] = None,
    figures: Figures = None,
    format: FigureFormat = None,
    words: Annotated[
        bool, typer.Option("--words", help="also decode speech with one field of the numerics relaxed at a time")
    ] = False,
    checkpoints: Checkpoints = None,
    manifest: Manifest = None,
    limit: Limit = None,
    whole: All = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Explain what a run waits for, what would help most, why operations are on the CPU, and which assumptions decide.

    Every figure is that of a run, with the options of `nnasim simulate` that repeat it. A result brings its own chip
    and is run again on its trace; without the trace, only what the result itself holds is shown. Results of a
    folder stand beside each other. Of several streams it says which makes which wait. --words, --checkpoints or
    --manifest ask how many words each field of the numerics costs; with --out every decoded variant is kept, so that a
    stopped run can continue.

    Example: nnasim explain trace.json --preset edge256 --markdown why.md
    """
    from nnasim import files
    from nnasim.cli.explain_folder import explain_folder
    from nnasim.cli.explain_streams import explain_streams
    from nnasim.cli.explain_words import speech_of, words_kept
    from nnasim.cli.figures import figure_files
    from nnasim.cli.invocation import command_line
    from nnasim.cli.outputs import refuse_same
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_idle_force, refuse_unprinted, refuse_unused
    from nnasim.hardware import load_preset
    from nnasim.ir.io import is_shared, write_record
    from nnasim.markup import columns
    from nnasim.studies.explaining.sources import explain_result, explain_trace, is_result
    from nnasim.together import together
    from reports.blocks import figures_among
    from reports.explained_short import short_lines
    from reports.explanation import result_blocks
    from reports.to_markdown import markdown_of
    from reports.to_text import text_lines

    if markdown is not None:
        files.refuse_existing_file(markdown, force)
    if out is not None:
        (files.refuse_existing_folder if source.is_dir() else files.refuse_existing_file)(out, force)
    pictures = figure_files("explain", figures, format, force)
    refuse_json("explain", json, quiet, force)
    refuse_idle_force("explain", force, out=out, markdown=markdown, figures=figures, json=json)
    refuse_unprinted("explain", json, quiet, all=whole)
    if source.is_dir():
        why = "with a folder, whose results bring their chips"
        refuse_unused("explain", why, preset=preset, set=overrides, trace=trace, words=words, manifest=manifest)
        refuse_unused("explain", why, checkpoints=checkpoints, limit=limit)
        explain_folder(
            source, markdown=markdown, out=out, pictures=pictures, whole=whole, json=json, quiet=quiet, force=force
        )
        return
    chip = load_preset(preset or DEFAULT_PRESET, overrides or [], named="--set")
    if is_shared(source):
        why = "with a result of several streams, which brings its chip and finds its traces by its command"
        refuse_unused("explain", why, preset=preset, set=overrides, trace=trace, words=words, manifest=manifest)
        refuse_unused("explain", why, checkpoints=checkpoints, limit=limit, figures=figures, format=format)
        explain_streams(source, markdown=markdown, out=out, whole=whole, json=json, quiet=quiet, force=force)
        return
    of_result = is_result(source)
    speech = None
    if words or checkpoints or manifest:
        speech = speech_of(source if of_result else None, checkpoints, manifest, limit)
    else:
        refuse_unused("explain", "without --words", limit=limit)
    with shown_progress() as progress:
        if of_result:
            result, notes = explain_result(source, chip if preset or overrides else None, trace, progress)
        else:
            refuse_unused("explain", "with a trace", trace=trace)
            refuse_same("explain", {"--markdown": markdown, "--out": out, "--json": json}, [source, preset])
            result, notes = explain_trace(source, preset or DEFAULT_PRESET, chip, progress)
    if out is not None and not of_result:  # a result keeps the command that made it, which finds its trace
        result = result.model_copy(update={"command": command_line("RESULT")})
    if speech is not None:
        result = words_kept(result, speech, out, force)
    with together():
        if out is not None:
            write_record(out, result, force=force or speech is not None)
        blocks = (*notes, *result_blocks(result, drawn=False))
        title = f"{result.system} on {result.preset}"
        if markdown is not None:
            files.write_bytes(markdown, markdown_of(title, blocks).encode(), force=force)
        pictures.write(figures_among(result_blocks(result)))
        explanation = result.explanation.model_dump(mode="json") if result.explanation else None
        width = columns()
        body = text_lines((title, *blocks), width) if whole else [*text_lines(notes, width), MORE]
        lines = [*short_lines(result, width), *([""] if whole else []), *body]
        tell_lines(lines, explanation, json=json, quiet=quiet, force=force)
