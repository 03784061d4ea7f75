"""`nnasim train`: a recogniser in float, or fine-tuned with the chip's operators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnasim.cli.options import (
    DEFAULT_PRESET,
    LEAST_RATE,
    MOST_DELAY_PENALTY,
    MOST_DISTILLATION,
    MOST_RATE,
    MOST_SEED,
    MOST_STEPS,
    Force,
    Json,
    Overrides,
    Preset,
    Quiet,
    finite,
    out_option,
)
from nnasim.cli.told import list_rows, refuse_json, tell_lines
from nnasim.cli.training_options import (
    Accumulate,
    Average,
    Batch,
    Clip,
    Device,
    ExplainNumerics,
    Patience,
    ShuffleShards,
    Workers,
)

if TYPE_CHECKING:
    from aat_training.data.text import Normalisation
    from aat_training.quant.lstm import Gradient
    from aat_training.run_spec import Arithmetic, RunSpec, ScheduleName
    from nnasim.numerics.histogram import Method


def command(
    recipe: Annotated[str, typer.Option(help="tiny, digits, commands or an4; with -ln behind it: layer-norm LSTMs")],
    train: Annotated[list[Path], typer.Option(help="a manifest, or a folder of shards, to train on; may be repeated")],
    dev: Annotated[Path, typer.Option(help="the manifest (or shards) that chooses the best checkpoint")],
    out: Annotated[Path, out_option("the folder of the checkpoint", "DIR")],
    system: Annotated[
        Literal["float", "aat", "qat"],
        typer.Option(
            help="float; aat: the chip's operators in the forward pass; qat: its weights and activations only"
        ),
    ] = "float",
    init: Annotated[Path | None, typer.Option(help="checkpoint to start from; aat and qat need one")] = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=MOST_STEPS, help="optimiser steps, instead of the recipe's")
    ] = None,
    schedule: Annotated[
        Literal["base", "fine-tuning"] | None,
        typer.Option(help="which of the recipe's two schedules; default: base, with --init fine-tuning"),
    ] = None,
    evaluate_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_STEPS,
            help=(
                "steps between evaluations on dev, instead of the recipe's; if equal to --steps, the last "
                "weights are kept"
            ),
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            min=LEAST_RATE, max=MOST_RATE, callback=finite, help=("peak learning rate, instead of the recipe's")
        ),
    ] = None,
    delay_penalty: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=MOST_DELAY_PENALTY,
            callback=finite,
            help="nats that a symbol loses for each encoder output by which it comes later; default: the recipe's, 0",
        ),
    ] = None,
    distillation: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=MOST_DISTILLATION,
            callback=finite,
            help=(
                "weight of the distance between this encoder and that of the float model --init; default: "
                "the recipe's, 0"
            ),
        ),
    ] = None,
    batch: Batch = None,
    accumulate: Accumulate = None,
    clip: Clip = None,
    average: Average = None,
    patience: Patience = None,
    shuffle_shards: ShuffleShards = None,
    workers: Workers = None,
    device: Device = "cpu",
    text: Annotated[
        Literal["english", "plain", "raw"] | None,
        typer.Option(
            help="english: lower case, no punctuation, 0 to 99 as words; plain: without the numbers; raw: as it is"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="the seed of everything random")] = 0,
    calibration: Annotated[
        Literal["mse", "percentile", "max"] | None,
        typer.Option(help="how the chip's ranges are chosen before aat and qat; default: mse"),
    ] = None,
    gradient: Annotated[
        Literal["output", "segment", "identity"] | None,
        typer.Option(help="derivative of the activation units, for aat; default: output"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="continue the run that was stopped in this folder, with its own settings"),
    ] = False,
    explain_numerics: ExplainNumerics = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Train a recogniser; the checkpoint with the lowest dev WER is kept, the log is OUT/log.csv.

    With torchrun, as `torchrun --nproc-per-node 2 -m nnasim train ...`, several processes share every batch.

    Example: nnasim train --recipe digits --train train.jsonl --dev dev.jsonl --out runs/float
    """
    from nnasim.cli.idle_chip import tell_no_chip
    from nnasim.cli.inputs import look_for_checkpoint, look_for_speech
    from nnasim.cli.notes import tell
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.ranks import end_in_order, one_of_several, speaks
    from nnasim.cli.unused import refuse_explained, refuse_unused

    end_in_order()

    def look() -> None:
        refuse_json("train", json, quiet, force)
        refuse_explained("train", explain_numerics, json)
        refuse_unused(
            "train", f"with --system {system}",
            calibration=calibration if system == "float" else None,
            gradient=gradient if system != "aat" else None,
        )  # fmt: skip
        if resume:
            refuse_unused("train", "with --resume", force=force)
        look_for_speech(*train, dev)
        look_for_checkpoint(init)
        if not any(path.is_dir() or path.name == "index.json" for path in train):
            refuse_unused("train", "without shards", shuffle_shards=shuffle_shards, workers=workers)

    if speaks():
        tell_no_chip(system, preset, overrides)
    if not one_of_several():
        look()  # at files, before torch is loaded
    from aat_training.devices import open_device
    from aat_training.ranks import joined_ranks
    from aat_training.train import run as run_training

    with joined_ranks(device) as ranks, shown_progress(lines=True) as progress:
        ranks.agreed(look)
        ranks.agreed(lambda: open_device(device, ranks.count))
        spec = ranks.agreed(
            lambda: run_spec(
                recipe=recipe,
                train=train,
                dev=dev,
                system=system,
                init=init,
                preset=preset,
                overrides=overrides,
                schedule=schedule,
                text=text,
                calibration=calibration,
                gradient=gradient,
                steps=steps,
                evaluate_every=evaluate_every,
                learning_rate=learning_rate,
                delay_penalty=delay_penalty,
                distillation=distillation,
                batch=batch,
                accumulate=accumulate,
                clip=clip,
                average=average,
                patience=patience,
                shuffle_shards=shuffle_shards,
                seed=seed,
            )
        )
        checkpoint = run_training(
            spec, out, resume=resume, force=force, ranks=ranks, workers=1 if workers is None else workers,
            device=device, progress=progress, tell=tell, explain=list_rows if explain_numerics else None,
        )  # fmt: skip
    if not ranks.first:
        return
    lines, figures = [f"{out}: finished already"], None
    if checkpoint is not None:
        from aat_training.in_short import trained_figures, trained_lines

        lines, figures = list(trained_lines(checkpoint)), trained_figures(checkpoint)
        lines[0] = f"{out}: {lines[0]}"
        evaluated = "float" if checkpoint.quantisation is None else "aat"
        lines.append(f"  next          nnasim evaluate --checkpoint {out} --manifest DEV --system {evaluated}")
    tell_lines(lines, figures, json=json, quiet=quiet, force=force)


def run_spec(
    *, recipe: str, train: list[Path], dev: Path, system: Arithmetic, init: Path | None, preset: str,
    overrides: list[str] | None, schedule: ScheduleName | None, text: Normalisation | None,
    calibration: Method | None, gradient: Gradient | None, **changes: float | None,
) -> RunSpec:  # fmt: skip
    """The training run that the options ask for. ``changes``: the options of its schedule."""
    from aat_training.recipes import load_recipe
    from aat_training.run_spec import RunSpec
    from aat_training.train import schedule as schedule_of
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.invocation import command_line
    from nnasim.studies.provenance import commit

    chosen = load_recipe(recipe)
    if text is not None:
        chosen = chosen.model_copy(update={"text": text})
    return RunSpec(
        recipe=chosen,
        run=schedule_of(chosen, initialised=init is not None, name=schedule, **changes),
        train=tuple(train),
        dev=dev,
        arithmetic=system,
        init=init,
        numerics=None if system == "float" else load_chip(preset, overrides).numerics,
        calibration=calibration or "mse",
        gradient=gradient or "output",
        info={"command": command_line("OUT"), "commit": commit(), "preset": preset},
    )
