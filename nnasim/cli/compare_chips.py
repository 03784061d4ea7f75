"""`nnasim compare-chips`: the same work on several chips, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.options import Checkpoints, FigureFormat, Figures, Force, Json, Limit, Manifest, OutFolder, Quiet
from nnasim.cli.systems import one_system
from nnasim.cli.told import refuse_json, tell_found
from nnasim.cli.unused import refuse_unused

if TYPE_CHECKING:
    from nnasim.studies.chips import Speech
    from reports.result_set import ResultSet

DEFAULT_SYSTEM = "naive"  # runs on every chip: float weights, rounded to what it computes with


def command(
    chips: Annotated[
        list[str],
        typer.Argument(metavar="CHIP CHIP...", help="presets or YAML files, each with changes: 'edge256 clock_hz=1e9'"),
    ],
    out: OutFolder,
    trace: Annotated[Path | None, typer.Option(metavar="TRACE", help="a stored trace: cost alone")] = None,
    checkpoints: Checkpoints = None,
    manifest: Manifest = None,
    system: Annotated[
        str | None, typer.Option(help=f"what decodes, where no trace is given; default: {DEFAULT_SYSTEM}")
    ] = None,
    limit: Limit = None,
    figures: Figures = None,
    format: FigureFormat = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Latency, energy, area and words of the same work on several chips, and in which fields these differ.

    With --trace what a stored trace costs on each, in its own arithmetic; without, the speech is decoded anew for each.

    Example: nnasim compare-chips edge256 'edge256 dram.bytes_per_second=12e9' --trace trace.json --out chips
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.ir.io import read_trace
    from nnasim.studies.chips import on_chips_of_speech, on_chips_of_trace, read_chip, refuse_alike
    from nnasim.studies.chips_record import write_chips

    files.refuse_existing(out, force)
    refuse_json("compare-chips", json, quiet, force)
    pictures = figure_files("compare-chips", figures, format, force)
    read = [read_chip(text, f"chip {place}") for place, text in enumerate(chips, start=1)]
    refuse_alike(read, "compare-chips")
    if trace is not None:
        refuse_unused(
            "compare-chips", "with --trace", manifest=manifest, checkpoints=checkpoints, system=system, limit=limit
        )
    with shown_progress(lines=True) as progress:
        if trace is not None:
            result_set = on_chips_of_trace(read_trace(trace), trace, read, command_line("DIR"), progress)
        else:
            speech = _speech(checkpoints, manifest, system or DEFAULT_SYSTEM, limit)
            result_set = on_chips_of_speech(speech, read, command_line("DIR"), progress)
    with files.new_folder(out, force=force) as folder:
        document = write_chips(folder, result_set, command_line("DIR"))
    pictures.write(document.figures)
    tell_found(lambda: _show(out, result_set), result_set.record(), json=json, quiet=quiet, force=force)


def _show(out: Path, result_set: ResultSet) -> None:
    from reports.terminal import print_table

    print_table(result_set)
    print(f"open {out / 'report.html'}")


def _speech(checkpoints: Path | None, manifest: Path | None, system: str, limit: int | None) -> Speech:
    """Raises FileError, ManifestError, CheckpointError or InputError before anything heavy is imported."""
    from nnasim.cli.inputs import checked_speech, look_for_checkpoints
    from nnasim.studies.chips import Speech
    from workloads.bundled import checkpoints_folder, speech_manifest

    chosen = one_system(system, "compare-chips")
    folder, speech = checkpoints or checkpoints_folder(), manifest or speech_manifest()
    look_for_checkpoints(folder, [chosen])
    checked_speech(speech, limit)
    return Speech(checkpoints=folder, manifest=speech, system=chosen, limit=limit)
