"""`nnasim study aat`: the streaming latency study, made again from nothing but speech and models."""

from __future__ import annotations

from typing import Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import (
    DEFAULT_PRESET,
    MOST_WORKERS,
    Checkpoints,
    FigureFormat,
    Figures,
    Force,
    Limit,
    Manifest,
    OutFolder,
    Overrides,
    Preset,
    Quiet,
    finite,
)
from nnasim.cli.told import say
from nnasim.markup import counted


def command(
    out: OutFolder,
    manifest: Manifest = None,
    checkpoints: Checkpoints = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    limit: Limit = None,
    beam: Annotated[int, typer.Option(min=2, max=64, help="width of the beam search")] = 4,
    blanks_ms: Annotated[
        float,
        typer.Option(
            min=1, max=10_000, callback=finite, help=("the endpointer closes after this long without a symbol")
        ),
    ] = 800.0,
    wait_ms: Annotated[
        float,
        typer.Option(
            min=1, max=10_000, callback=finite, help=("the endpointer closes this long after the end of speech")
        ),
    ] = 240.0,
    jobs: Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="worker processes")] = 1,
    figures: Figures = None,
    format: FigureFormat = None,
    csv_safe: CsvSafe = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Measure what keeping operations on the accelerator saves: latency per operation and per user, with word errors.

    Example: nnasim study aat --manifest dev.jsonl --checkpoints runs/digits --jobs 2 --out study
    """
    import os
    import time

    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.figures import figure_files
    from nnasim.cli.inputs import checked_speech, look_for_checkpoints
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.studies.latency.decodes import SYSTEMS, Speech
    from nnasim.studies.latency.study import StudyInputs, latency_study
    from nnasim.together import together
    from reports.document import write_document
    from reports.study_document import study_document
    from reports.text import number
    from workloads.bundled import checkpoints_folder, speech_manifest

    files.refuse_existing_folder(out, force)
    pictures = figure_files("study aat", figures, format, force)
    chip = load_chip(preset, overrides)
    speech = Speech(manifest or speech_manifest(), checkpoints or checkpoints_folder(), chip, limit)
    inputs = StudyInputs(
        speech=speech, beam=beam, blanks_ms=blanks_ms, wait_ms=wait_ms, command=command_line("DIR"), jobs=jobs
    )
    look_for_checkpoints(speech.checkpoints, SYSTEMS)
    checked_speech(speech.manifest, limit)
    begun = time.monotonic()
    with shown_progress(lines=True) as progress:
        study = latency_study(inputs, progress)
    with together():
        with spreadsheet_cells(csv_safe), files.new_folder(out, force=force) as folder:
            document = study_document(study)
            write_document(folder, document)
        pictures.write(document.figures)
        cpu = sum(os.times()[:4])  # this process and the workers, which have ended
        if not quiet:
            gains = ", ".join(f"{name} {number(grid.here_pct)} %" for name, grid in study.maps.items())
            gained = f"aat answers sooner than cpu_fallback on {study.preset} as it is: {gains} of engine latency"
            spent = (
                f"{counted(study.utterances, 'utterance')}, {cpu:.0f} s of CPU time in {time.monotonic() - begun:.0f} s"
            )
            say([gained, spent, f"open {out / 'report.html'}"])
