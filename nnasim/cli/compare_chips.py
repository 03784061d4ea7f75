"""`nnasim compare-chips`: the same work on several chips, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import All, Checkpoints, FigureFormat, Figures, Force, Json, Limit, Manifest, OutFolder, Quiet
from nnasim.cli.systems import one_system
from nnasim.cli.told import MOST_LINES, first_lines, refuse_json, say, tell_found
from nnasim.cli.unused import refuse_unprinted, refuse_unused

if TYPE_CHECKING:
    from nnasim.studies.chips import Speech
    from nnasim.studies.chips_record import ChipsFound
    from nnasim.studies.fronts_record import FrontsFound

DEFAULT_SYSTEM = "naive"  # runs on every chip: float weights, rounded to what it computes with


def command(
    chips: Annotated[
        list[str],
        typer.Argument(
            metavar="CHIP CHIP...",
            help="presets or YAML files, each with changes: 'edge256 clock_hz=1e9'; or results; or sweeps' stores",
        ),
    ],
    out: OutFolder,
    trace: Annotated[Path | None, typer.Option(metavar="TRACE", help="a stored trace: only costs")] = None,
    checkpoints: Checkpoints = None,
    manifest: Manifest = None,
    system: Annotated[
        str | None, typer.Option(help=f"the system that decodes, if no trace is given; default: {DEFAULT_SYSTEM}")
    ] = None,
    limit: Limit = None,
    figures: Figures = None,
    format: FigureFormat = None,
    whole: All = False,
    json: Json = None,
    quiet: Quiet = False,
    csv_safe: CsvSafe = False,
    force: Force = False,
) -> None:
    """Compare chips on the same work: latency, energy, area and words of each, and the fields in which they differ.

    With --trace, the cost of a stored trace on each chip, in the chip's own arithmetic; without it, the speech is
    decoded anew for each chip. Existing results (files, folders of `nnasim compare` or of this command) are shown as
    they are. For sweeps, 'sweep.sqlite study=NAME', it says which points of each Pareto front another front's points
    beat, and which front leads where.

    Example: nnasim compare-chips edge256 'edge256 dram.bytes_per_second=12e9' --trace trace.json --out chips
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.studies.side_by_side import kind_of
    from nnasim.together import together

    files.refuse_existing_folder(out, force)
    refuse_json("compare-chips", json, quiet, force)
    refuse_unprinted("compare-chips", json, quiet, all=whole)
    pictures = figure_files("compare-chips", figures, format, force)
    kind = kind_of(chips, "compare-chips")
    if kind != "chips" or trace is not None:
        why = "with --trace" if kind == "chips" else f"with {kind}"
        refuse_unused("compare-chips", why, manifest=manifest, checkpoints=checkpoints, system=system, limit=limit)
    if kind != "chips":
        refuse_unused("compare-chips", f"with {kind}", trace=trace)
        found = _there_already(chips, kind)
    elif trace is not None:
        found = _on_trace(chips, trace)
    else:
        found = _on_speech(chips, checkpoints, manifest, system or DEFAULT_SYSTEM, limit)
    with together():
        with spreadsheet_cells(csv_safe), files.new_folder(out, force=force) as folder:
            document = found.write(folder)
        pictures.write(document.figures)
        tell_found(lambda: _show(out, found, whole), found.record(), json=json, quiet=quiet, force=force)


def _show(out: Path, found: ChipsFound | FrontsFound, whole: bool) -> None:
    from nnasim.markup import columns
    from reports.to_text import text_lines

    lines = list(text_lines(found.blocks(whole), columns()))
    more = "" if whole else ", or --all for every field in which they differ"
    say([*first_lines(lines, whole, MOST_LINES - 1), f"open {out / 'report.html'}{more}"])


def _there_already(texts: list[str], kind: str) -> ChipsFound | FrontsFound:
    from nnasim.cli.invocation import command_line
    from nnasim.studies.chips_record import ChipsFound
    from nnasim.studies.fronts_record import FrontsFound
    from nnasim.studies.side_by_side import results_side_by_side, sweeps_side_by_side

    if kind == "sweeps":
        return FrontsFound(sweeps_side_by_side(texts, "compare-chips"), command_line("DIR"))
    return ChipsFound(results_side_by_side([Path(text) for text in texts]), command_line("DIR"))


def _on_trace(texts: list[str], trace: Path) -> ChipsFound:
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.ir.io import read_trace
    from nnasim.studies.chips import on_chips_of_trace, read_chips
    from nnasim.studies.chips_record import ChipsFound

    chips, command = read_chips(texts, "compare-chips"), command_line("DIR")
    with shown_progress(lines=True) as progress:
        return ChipsFound(on_chips_of_trace(read_trace(trace), trace, chips, command, progress), command)


def _on_speech(
    texts: list[str], checkpoints: Path | None, manifest: Path | None, system: str, limit: int | None
) -> ChipsFound:
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.studies.chips import on_chips_of_speech, read_chips
    from nnasim.studies.chips_record import ChipsFound

    chips, command = read_chips(texts, "compare-chips"), command_line("DIR")
    speech = _speech(checkpoints, manifest, system, limit)
    with shown_progress(lines=True) as progress:
        return ChipsFound(on_chips_of_speech(speech, chips, command, progress), command)


def _speech(checkpoints: Path | None, manifest: Path | None, system: str, limit: int | None) -> Speech:
    """The speech and models to decode. Raises FileError, ManifestError, CheckpointError or InputError before torch is
    imported.
    """
    from nnasim.cli.inputs import checked_speech, look_for_checkpoints
    from nnasim.studies.chips import Speech
    from workloads.bundled import checkpoints_folder, speech_manifest

    chosen = one_system(system, "compare-chips")
    folder, speech = checkpoints or checkpoints_folder(), manifest or speech_manifest()
    look_for_checkpoints(folder, [chosen])
    checked_speech(speech, limit)
    return Speech(checkpoints=folder, manifest=speech, system=chosen, limit=limit)
