"""`nnasim study numerics`: the words that training with the chip's operators recovers, against every fair
alternative.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import (
    DEFAULT_PRESET,
    LEAST_RATE,
    MOST_DISTILLATION,
    MOST_RATE,
    MOST_STEPS,
    MOST_WORKERS,
    FigureFormat,
    Figures,
    Force,
    Json,
    Preset,
    Quiet,
    finite,
    out_option,
)
from nnasim.cli.study.answers import answer_lines
from nnasim.cli.told import refuse_json, tell_lines
from nnasim.markup import counted


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
    out: Annotated[Path, out_option("the folder of the report", "DIR")],
    choose: Annotated[
        Path | None,
        typer.Option(help="the speech that chooses the calibration of naive and qat; default: the one of --dev"),
    ] = None,
    preset: Preset = DEFAULT_PRESET,
    chip: Annotated[
        list[str] | None, typer.Option(help="only this chip of the study; the first is the main one; may be repeated")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="independent repetitions, each with its own base model")
    ] = 3,
    base_steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of a base model, instead of the recipe's")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of every arm, instead of the recipe's")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            min=LEAST_RATE, max=MOST_RATE, callback=finite, help="peak rate of every arm, instead of the recipe's"
        ),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="also train with the other gradient rules, on the main chip")
    ] = True,
    distillation: Annotated[
        float,
        typer.Option(
            min=0,
            max=MOST_DISTILLATION,
            callback=finite,
            help="for qat and aat: weight of the encoder's distance from the base model's",
        ),
    ] = 0.0,
    jobs: Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="training runs at a time, one core each")] = 2,
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
    """Train float, ordinary QAT and aat for equally long on several chips and seeds, and compare their word errors.

    Example: nnasim study numerics --recipe tiny --train train.jsonl --dev dev.jsonl --models runs/study --out study
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.figures import figure_files
    from nnasim.cli.inputs import look_for
    from nnasim.cli.invocation import command_line
    from nnasim.cli.progress import shown_progress
    from nnasim.csvtext import spreadsheet_cells
    from reports.document import write_document
    from reports.numerics_document import numerics_document

    files.refuse_existing_folder(out, force)
    refuse_json("study numerics", json, quiet, force)
    pictures = figure_files("study numerics", figures, format, force)
    load_chip(preset, None)
    look_for(*train, dev, choose)

    from nnasim.studies.training.plan import CHIPS, NumericsStudy  # brings torch: after the files have been looked at
    from nnasim.studies.training.study import training_study
    from nnasim.together import together

    study = NumericsStudy(
        recipe=recipe,
        train=tuple(train),
        dev=dev,
        folder=models,
        preset=preset,
        seeds=seeds,
        base_steps=base_steps,
        steps=steps,
        chips=tuple(dict.fromkeys(chip or CHIPS)),
        choose=choose,
        rules=rules,
        learning_rate=learning_rate,
        distillation=distillation,
    )
    with shown_progress(lines=True) as progress:
        outcome = training_study(study, jobs=jobs, train=train_missing, command=command_line("DIR"), progress=progress)
    with together():
        with spreadsheet_cells(csv_safe), files.new_folder(out, force=force) as folder:
            files.write_json(folder / "study.json", outcome.record)
            document = numerics_document(outcome.record)
            write_document(folder, document)
        pictures.write(document.figures)
        missing = len(outcome.record["missing"])
        absent = f", {counted(missing, 'model')} missing" if missing else ""
        told = f"{counted(len(outcome.record['models']), 'model')}, {counted(outcome.scores, 'score')}{absent}"
        lines = [*answer_lines(document), told, f"open {out / 'report.html'}"]
        tell_lines(lines, outcome.record, json=json, quiet=quiet, force=force)
