"""`nnasim study delays`: the words that a delay penalty in training costs, and the latency that it saves on a chip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import (
    DEFAULT_PRESET,
    MOST_DELAY_PENALTY,
    MOST_STEPS,
    MOST_WORKERS,
    FigureFormat,
    Figures,
    Force,
    Json,
    OutFolder,
    Overrides,
    Preset,
    Quiet,
    finite,
)
from nnasim.cli.told import refuse_json, tell_rows


def command(
    recipe: Annotated[str, typer.Option(help="tiny, digits, commands or an4")],
    train: Annotated[list[Path], typer.Option(help="a manifest to train on; may be repeated")],
    dev: Annotated[Path, typer.Option(help="the speech on which all models are compared; it chooses no checkpoint")],
    models: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="the folder of the models; a stopped study continues from it, and takes a seed-N/base that lies there",
        ),
    ],
    out: OutFolder,
    penalty: Annotated[
        list[float] | None,
        typer.Option(
            min=0, max=MOST_DELAY_PENALTY, help="nats per encoder output; may be repeated; default: 0.003, 0.01, 0.03"
        ),
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="a float checkpoint that all models start from; default: train one per seed")
    ] = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="independent repetitions, each with its own base model")
    ] = 3,
    base_steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of a base model, instead of the recipe's")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of every other model, instead of the recipe's")
    ] = None,
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
    jobs: Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="training or decoding runs at a time")] = 2,
    train_missing: Annotated[
        bool,
        typer.Option("--train-missing/--as-it-is", help="train missing models, or report only on those that exist"),
    ] = True,
    figures: Figures = None,
    format: FigureFormat = None,
    csv_safe: CsvSafe = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Train float and aat with several delay penalties, and compare words lost with milliseconds saved on a chip.

    Example: nnasim study delays --recipe tiny --train train.jsonl --dev dev.jsonl --models runs/delays --out study
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.figures import figure_files
    from nnasim.cli.inputs import look_for, look_for_checkpoint
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.csvtext import spreadsheet_cells
    from reports.delays_document import answer, delays_document
    from reports.document import write_document

    if base is not None:
        refuse_unused("study delays", "with --base", base_steps=base_steps)
    files.refuse_existing_folder(out, force)
    refuse_json("study delays", json, quiet, force)
    pictures = figure_files("study delays", figures, format, force)
    load_chip(preset, overrides)
    look_for(*train, dev)
    look_for_checkpoint(base)

    from nnasim.studies.delays.plan import PENALTIES, DelayStudy  # brings torch: after the files have been looked at
    from nnasim.studies.delays.study import delay_study
    from nnasim.together import together

    study = DelayStudy(
        recipe=recipe,
        train=tuple(train),
        dev=dev,
        folder=models,
        preset=preset,
        changes=tuple(overrides or ()),
        penalties=tuple(penalty or PENALTIES),
        seeds=seeds,
        base=base,
        base_steps=base_steps,
        steps=steps,
        blanks_ms=blanks_ms,
        wait_ms=wait_ms,
    )
    with shown_progress(lines=True) as progress:
        record = delay_study(study, jobs=jobs, train=train_missing, command=command_line("DIR"), progress=progress)
    with together():
        with spreadsheet_cells(csv_safe), files.new_folder(out, force=force) as folder:
            files.write_json(folder / "study.json", record)
            document = delays_document(record)
            write_document(folder, document)
        pictures.write(document.figures)
        lines = [answer(record), f"open {out / 'report.html'}"]
        tell_rows(lines, record, json=json, quiet=quiet, force=force)
