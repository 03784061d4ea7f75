"""`nnasim study numerics`: what training with the chip's operators wins back, against every fair alternative."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.cli.options import MOST_STEPS, MOST_WORKERS

if TYPE_CHECKING:
    from nnasim.studies.training.plan import Model, NumericsStudy
    from nnasim.studies.training.scoring import Scores


def numerics(
    recipe: Annotated[str, typer.Option(help="tiny, digits, commands or an4")],
    train: Annotated[list[Path], typer.Option(help="a manifest to train on; may be repeated")],
    dev: Annotated[Path, typer.Option(help="the speech that every model is judged on; chooses no checkpoint")],
    models: Annotated[Path, typer.Option(metavar="DIR", help="where the models are kept; a stopped study goes on")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="the folder of the report")],
    choose: Annotated[
        Path | None, typer.Option(help="the speech that chooses naive's and qat's calibration; default: dev itself")
    ] = None,
    preset: Annotated[str, typer.Option(help="the chip whose activation unit and cell state are varied")] = "edge256",
    chip: Annotated[
        list[str] | None, typer.Option(help="only this chip of the study; the first is the main one; may be repeated")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="independent repetitions, bases included")] = 3,
    base_steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of a base model, instead of the recipe's")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="steps of every arm, instead of the recipe's")
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="train the other gradient rules too, on the main chip")
    ] = True,
    jobs: Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="training runs at a time, one core each")] = 2,
    train_missing: Annotated[
        bool, typer.Option("--train-missing/--as-it-is", help="train what is missing, or report on what is there")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="replace an existing report")] = False,
) -> None:
    """Train float, ordinary QAT and aat for equally long on several chips and seeds, and compare their word errors.

    Example: nnasim study numerics --recipe tiny --train train.jsonl --dev dev.jsonl --models runs/study --out study
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.inputs import look_for
    from nnasim.cli.train_progress import training_progress
    from nnasim.errors import ConfigError
    from nnasim.studies.training.runs import train_missing as train_the_missing
    from reports.document import write_document
    from reports.numerics_document import numerics_document

    files.refuse_existing(out, force)
    load_chip(preset, None)
    look_for(*train, dev, choose)

    from nnasim.studies.training.findings import judged_trials  # brings torch: after the files have been looked at
    from nnasim.studies.training.plan import CHIPS, NumericsStudy
    from nnasim.studies.training.scoring import score_all

    for name in chip or ():
        if name not in CHIPS:
            raise ConfigError("--chip", "name", name, f"must be one of {', '.join(CHIPS)}")
    study = NumericsStudy(
        recipe=recipe, train=tuple(train), dev=dev, folder=models, preset=preset, seeds=seeds,
        base_steps=base_steps, steps=steps, chips=tuple(dict.fromkeys(chip or CHIPS)), choose=choose, rules=rules,
    )  # fmt: skip
    _check(study)
    with training_progress() as progress:

        def said(what: str, done: int, total: int) -> None:
            progress(what, done, total, "")

        if train_missing:
            train_the_missing(study, jobs, said)
        choosing, trials = {}, list(study.trials())
        if study.choose is not None:
            choosing = score_all(study, study.choosing_trials(), study.choose, jobs, said)
            trials = judged_trials(study, choosing)
        scores = score_all(study, trials, study.dev, jobs, said)
    found = _record(study, scores, choosing)
    with files.new_folder(out, force=force) as folder:
        files.write_json(folder / "study.json", found)
        write_document(folder, numerics_document(found))
    missing = len(found["missing"])
    print(f"{len(found['models'])} models, {len(scores)} scores" + (f", {missing} models missing" if missing else ""))
    print(f"open {out / 'report.html'}")


def _check(study: NumericsStudy) -> None:
    """Refuse in one line, before hours of training, what the first run would refuse."""
    from aat_training.data.check import check_files
    from aat_training.data.manifest import read_manifest
    from aat_training.recipes import load_recipe

    load_recipe(study.recipe)
    for manifest in (*study.train, study.dev, *([study.choose] if study.choose else [])):
        check_files(read_manifest(manifest))


def _record(study: NumericsStudy, scores: Scores, choosing: Scores) -> dict[str, Any]:
    """``study.json``: everything that was found, and what made it; ``choosing``: scores that chose calibrations."""
    from nnasim.cli.invocation import command_line
    from nnasim.errors import ConfigError
    from nnasim.studies.provenance import commit, versions
    from nnasim.studies.training.findings import calibrations, findings, record

    planned = [*study.bases(), *study.arms()]
    models = [model for model in planned if study.finished(model)]
    if not scores:
        raise ConfigError("--models", "folder", study.folder, "holds no model of this study yet")
    one = next(iter(scores.values()))
    return {
        "kind": "nnasim.numerics_study",
        "schema_version": 1,
        "command": command_line("DIR"),
        "commit": commit(),
        "versions": versions(("torch", "torchaudio", "kaldialign")),
        "recipe": study.recipe,
        "preset": study.preset,
        "seeds": study.seeds,
        "dev": str(study.dev),
        "choose": None if study.choose is None else str(study.choose),
        "utterances": one.utterances,
        "words": one.words,
        "base_steps": study.steps_of(study.bases()[0]),
        "steps": study.steps_of(study.arms()[0]),
        "rows": record(findings(study, scores)),
        "calibrations": [list(row) for row in calibrations(study, choosing or scores)],
        "models": [_model(study, model) for model in models],
        "missing": [model.name for model in planned if model not in models and study.failure(model) is None],
        "failed": {model.name: why for model in planned if (why := study.failure(model)) is not None},
    }


def _model(study: NumericsStudy, model: Model) -> dict[str, Any]:
    """One training run: its command, its cost, and the sum by which its numbers are known."""
    folder = study.folder / model.name
    with (folder / "log.csv").open(newline="") as file:
        cpu_seconds = float(list(csv.DictReader(file))[-1]["cpu_seconds"])
    return {
        "name": model.name,
        "steps": study.steps_of(model),
        "cpu_seconds": cpu_seconds,
        "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "command": " ".join(["nnasim", *study.train_command(model)]),
    }
