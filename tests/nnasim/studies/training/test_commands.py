"""The commands that the report shows do what the study did."""

from __future__ import annotations

import functools
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

pytest.importorskip("torch")

from aat_training.recipes import load_recipe
from aat_training.run_spec import RunSpec
from aat_training.train import schedule
from nnasim.cli import train as train_cli
from nnasim.studies.training.commands import line, train_command
from nnasim.studies.training.models import documented_spec
from nnasim.studies.training.plan import Model, NumericsStudy, changes_of

STUDY = NumericsStudy(
    "digits-ln", (Path("a b.jsonl"), Path("c.jsonl")), Path("dev.jsonl"), Path("models"), preset="mcu128", seeds=2,
    base_steps=7, steps=5,
)  # fmt: skip
MODELS = [*STUDY.bases(), *STUDY.arms()]


def parsed(text: str) -> RunSpec:
    """The training run that a line of a shell asks `nnasim train` for."""
    options: dict[str, Any] = {}
    app = typer.Typer()
    app.command()(functools.wraps(train_cli.command)(lambda **given: options.update(given)))
    program, command, *words = shlex.split(text)
    assert (program, command) == ("nnasim", "train")
    typer.main.get_command(app).main(words, standalone_mode=False)
    for where_and_how in ("out", "resume", "force", "workers", "device", "json", "quiet", "explain_numerics"):
        del options[where_and_how]
    return train_cli.run_spec(**options)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_command_that_is_shown_asks_for_the_very_run_that_was_done(model: Model) -> None:
    spec = STUDY.run_spec(model)
    command = line(train_command(spec, STUDY.preset, changes_of(model.chip), "models/here"))
    assert replace(parsed(command), info=None) == spec


def test_what_a_run_has_of_its_own_is_in_its_command() -> None:
    run = schedule(
        load_recipe("digits"), initialised=False, steps=5, evaluate_every=2, seed=1, batch=8, accumulate=4, clip=0.5,
        average=0.99, patience=3, shuffle_shards=2, learning_rate=1e-3,
    )  # fmt: skip
    spec = RunSpec(recipe=load_recipe("digits"), run=run, train=(Path("shards"),), dev=Path("dev.jsonl"))
    command = line(train_command(spec, "edge256", (), "here"))
    assert "--accumulate 4 --clip 0.5 --average 0.99 --patience 3 --shuffle-shards 2" in command
    assert replace(parsed(command), info=None) == spec


def test_a_checkpoint_names_its_command_commit_and_preset() -> None:
    (aat,) = (model for model in MODELS if model.name == "seed-1/aat-hard")
    info = documented_spec(STUDY, aat).info
    assert info is not None
    assert info["command"] == (
        "nnasim train --recipe digits-ln --seed 1 --train 'a b.jsonl' --train c.jsonl --dev dev.jsonl --out OUT "
        "--steps 5 --evaluate-every 5 --init models/seed-1/base --system aat --preset mcu128 "
        "--set numerics.activation=hard --set numerics.cell_bits=8 --gradient output --resume"
    )
    assert info["preset"] == "mcu128"
