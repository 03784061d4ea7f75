"""`nnasim compare`: decode, trace, simulate and score several systems, and put it all in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import (
    DEFAULT_PRESET,
    Checkpoints,
    FigureFormat,
    Figures,
    Force,
    Json,
    Limit,
    Manifest,
    OutFolder,
    Overrides,
    Preset,
    Quiet,
)
from nnasim.cli.systems import chosen_systems
from nnasim.cli.told import refuse_json, tell_lines

if TYPE_CHECKING:
    from nnasim.compiler.policies import Policy
    from reports.blocks import Document
    from reports.result_set import ResultSet


def command(
    out: OutFolder,
    manifest: Manifest = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="TRACE", help="a stored trace, as `nnasim import` writes it: only costs")
    ] = None,
    checkpoints: Checkpoints = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    systems: Annotated[
        list[str] | None,
        typer.Option(metavar="S[,S...]", help="float, cpu_int8, cpu_fallback, naive, aat; default: all"),
    ] = None,
    more_systems: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    placement: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME|GROUPS",
            help="where naive and aat run: a YAML file, edge_tpu, ane, vela, or groups on the CPU",
        ),
    ] = None,
    limit: Limit = None,
    figures: Figures = None,
    format: FigureFormat = None,
    json: Json = None,
    quiet: Quiet = False,
    csv_safe: CsvSafe = False,
    force: Force = False,
) -> None:
    """Compare systems on the same speech and chip: how many words each gets wrong, and how long the user waits.

    With --trace, of any model, the cost of each system only.

    Example: nnasim compare --manifest dev.jsonl --preset mcu128 --out compared
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.figures import figure_files
    from nnasim.cli.idle_chip import tell_no_numerics
    from nnasim.cli.inputs import checked_speech, look_for_checkpoints
    from nnasim.cli.invocation import command_line
    from nnasim.cli.notes import tell
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.compiler.policies import load_policy
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.markup import columns
    from nnasim.studies.comparison import MOVED, Inputs, compared, speech_lines
    from nnasim.together import together
    from reports.notes import notes
    from reports.terminal import comparison_lines
    from workloads.bundled import checkpoints_folder, speech_manifest

    files.refuse_existing_folder(out, force)
    refuse_json("compare", json, quiet, force)
    pictures = figure_files("compare", figures, format, force)

    def told(study: ResultSet, *more: str) -> None:
        with together():
            with spreadsheet_cells(csv_safe):
                document = _write(out, study, force)
            pictures.write(document.figures)
            page = out / "report.html"
            tell_lines(comparison_lines(study, page, columns()), study.record(), json=json, quiet=quiet, force=force)
        tell([*notes(study.results), *more])

    chosen = chosen_systems(systems, more_systems)
    if not set(chosen) & set(MOVED):
        refuse_unused("compare", f"without one of {', '.join(MOVED)} in --systems", placement=placement)
    chip = load_chip(preset, overrides)
    tell_no_numerics(chosen, overrides)
    if trace is not None:
        refuse_unused("compare", "with --trace", manifest=manifest, checkpoints=checkpoints, limit=limit)
        from nnasim.ir.io import read_trace
        from nnasim.studies.trace_comparison import TraceInputs, compared_trace, systems_of

        policy = load_policy(placement) if placement is not None else None
        stored = read_trace(trace)
        given = TraceInputs(stored, preset, chip, path=trace, command=command_line("DIR"), placement=policy)
        with shown_progress(lines=True) as progress:
            study = compared_trace(given, systems_of(stored, chosen), progress)
        told(study)
        return
    inputs = Inputs(
        manifest=manifest or speech_manifest(),
        checkpoints=checkpoints or checkpoints_folder(),
        preset=preset,
        chip=chip,
        limit=limit,
        command=command_line("DIR"),
        placement=load_policy(placement) if placement is not None else None,
    )
    look_for_checkpoints(inputs.checkpoints, chosen)
    checked_speech(inputs.manifest, limit)

    from aat_training.data.notes import score_notes  # brings torch: after the files have been looked at

    tell(speech_lines(inputs, chosen))
    with shown_progress(lines=True) as progress:
        study = compared(inputs, chosen, progress)
    told(study, *([_placed(inputs.placement)] if inputs.placement else []))
    tell(score_notes({name: figures.wer for name, figures in study.figures().items()}))


def _write(out: Path, study: ResultSet, force: bool) -> Document:
    """Write the folder of ``study``; returns its page."""
    from nnasim import files
    from reports.page import write_page
    from reports.result_set import write_folder

    with files.new_folder(out, force=force) as folder:
        write_folder(folder, study)
        return write_page(folder / "report.html", study)


def _placed(policy: Policy) -> str:
    return f"naive and aat placed {policy.description}; each operation was computed where it is placed"
