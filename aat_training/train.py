"""A training run from manifests to a checkpoint: the float model, or its fine-tuning with the chip's operators."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from aat_training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Example, collate
from aat_training.data.check import check_files
from aat_training.data.examples import load_examples, make_tokens
from aat_training.data.manifest import Entry, read_manifest
from aat_training.data.notes import can_say, manifest_notes, vocabulary_note
from aat_training.data.text import normalised
from aat_training.model.build import build_model, load_parameters
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate, record
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.scheme import QuantScheme
from aat_training.resume import settings_of
from aat_training.run_spec import RunSpec, ScheduleName
from aat_training.tokens import Tokens
from aat_training.trainer import Trainer, be_reproducible, normalisation
from nnasim.errors import CheckpointError, ConfigError, FileError
from nnasim.progress import Progress, silent
from nnasim.records import validated

CALIBRATION_UTTERANCES = 256
Tell = Callable[[list[str]], None]


def schedule(
    recipe: Recipe, *, initialised: bool, name: ScheduleName | None = None, **changes: float | None
) -> TrainConfig:
    """The recipe's schedule ``name`` with ``changes`` to its fields; one that is None stays the recipe's.

    None: fine-tuning for a model that is ``initialised`` from another one, whatever its arithmetic, so that no arm of
    a comparison trains on for longer; else base. Raises ConfigError for a value out of range.
    """
    fine_tuning = name == "fine-tuning" or (name is None and initialised)
    base = recipe.aat_run if fine_tuning else recipe.float_run
    given = {field: value for field, value in changes.items() if value is not None}
    if initialised:  # a model that has found its alignments needs no help to find them
        given |= {"curriculum": 0, "flat_start": 0}
    return validated(TrainConfig, {**base.model_dump(), **given}, "schedule")


def prepare_folder(folder: Path, *, resume: bool, force: bool) -> bool:
    """Make ``folder``; True where a finished model stands there already. FileError for one that exists unasked."""
    finished = (folder / "model.json").exists()
    if folder.exists() and not folder.is_dir():
        raise FileError(folder, "is not a folder")
    if folder.exists() and any(folder.iterdir()) and not (resume or force):
        raise FileError(folder, "exists already; use `resume` to go on with it or `force` to start afresh")
    if force and not resume:
        for name in ("resume.safetensors", "model.json", "model.safetensors", "log.csv"):
            (folder / name).unlink(missing_ok=True)
        finished = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"cannot be made ({error.strerror})") from None
    return finished


def train(
    spec: RunSpec, folder: Path, *, resume: bool, progress: Progress = silent, tell: Tell = lambda notes: None
) -> Checkpoint:
    """Run ``spec`` in ``folder`` (prepared) and write its checkpoint; ``tell`` is given what qualifies it.

    Raises NnasimError for every wrong input.
    """
    be_reproducible()
    entries = [entry for path in spec.train for entry in read_manifest(path)]
    dev_entries = read_manifest(spec.dev)
    check_files([*entries, *dev_entries])
    initial = None if spec.init is None else _initial(spec)
    tokens = initial.tokens if initial else make_tokens(spec.recipe, entries)
    tell(_notes(spec, tokens, entries, dev_entries))
    examples = load_examples(entries, spec.recipe, tokens, "train features", progress)
    train_set = _usable(examples, spec)
    if len(train_set) < len(examples):
        left_out = f"{len(examples) - len(train_set)} of {len(examples)} train utterances"
        tell([f"{left_out} are left out: without a word that the model can say, or shorter than one encoder output"])
    dev_set = load_examples(dev_entries, spec.recipe, tokens, "dev features", progress)
    torch.manual_seed(spec.run.seed)
    model, scheme = _model(spec, tokens, train_set, initial)
    trainer = Trainer(
        model=model,
        recipe=spec.recipe,
        run=spec.run,
        tokens=tokens,
        train=train_set,
        dev=dev_set,
        folder=folder,
        progress=progress,
        settings=settings_of(spec),
    )
    best = trainer.fit(resume=resume)
    load_parameters(model, {name[6:]: value for name, value in best.items()}, folder)
    checkpoint = _checkpoint(spec, folder, model, scheme, tokens, train_set, initial, best, trainer.best_wer)
    write_checkpoint(folder, checkpoint)
    (folder / "resume.safetensors").unlink(missing_ok=True)
    return checkpoint


def _initial(spec: RunSpec) -> Checkpoint:
    assert spec.init is not None
    checkpoint = read_checkpoint(spec.init)
    if checkpoint.recipe.name != spec.recipe.name:
        raise CheckpointError(checkpoint.path, "recipe", checkpoint.recipe.name, f"must be {spec.recipe.name}")
    if checkpoint.recipe.text != spec.recipe.text:
        raise CheckpointError(checkpoint.path, "recipe.text", checkpoint.recipe.text, f"must be {spec.recipe.text}")
    return checkpoint


def _notes(spec: RunSpec, tokens: Tokens, entries: list[Entry], dev_entries: list[Entry]) -> list[str]:
    """What qualifies the run. Raises ConfigError for a dev set of which no word can ever be right."""
    texts = [normalised(entry.text, spec.recipe.text) for entry in entries]
    dev_texts = [normalised(entry.text, spec.recipe.text) for entry in dev_entries]
    words = [word for text in dev_texts for word in text.split()]
    if not any(can_say(tokens, word) for word in words):
        named = ", ".join(dict.fromkeys(words))
        raise ConfigError(spec.dev, "text", named, "no dev word is in the model's vocabulary: none can ever be right")
    vocabulary = (vocabulary_note("train", texts, tokens), vocabulary_note("dev", dev_texts, tokens))
    return [*manifest_notes(entries), *manifest_notes(dev_entries), *(note for note in vocabulary if note)]


def _usable(examples: list[Example], spec: RunSpec) -> list[Example]:
    """Utterances long enough for their tokens; a corpus in which none is, is refused."""
    frames = spec.recipe.model.stack * spec.recipe.model.reduction
    usable = [e for e in examples if e.tokens and len(e.x_TD) // frames >= 1]
    if not usable:
        raise ConfigError(
            spec.train[0],
            "utterances",
            len(examples),
            "none has a word that the model can say and is longer than one encoder output",
        )
    return usable


def _model(
    spec: RunSpec, tokens: Tokens, examples: list[Example], initial: Checkpoint | None
) -> tuple[Rnnt, QuantScheme | None]:
    scheme = None
    if spec.arithmetic != "float":
        scheme = _scheme(spec, initial)
    model = build_model(spec.recipe, tokens.size, _arithmetic(spec, scheme))
    if initial is None:
        mean, scale = normalisation(examples)
        model.feature_mean.copy_(mean.repeat(spec.recipe.model.stack))
        model.feature_scale.copy_(scale.repeat(spec.recipe.model.stack))
    else:
        load_parameters(model, initial.part("model"), initial.path)
    return model, scheme


def _arithmetic(spec: RunSpec, scheme: QuantScheme | None) -> FloatArithmetic | ChipArithmetic:
    if scheme is None:
        return FloatArithmetic()
    return FallbackArithmetic(scheme) if spec.arithmetic == "qat" else ChipArithmetic(scheme, spec.gradient)


def _scheme(spec: RunSpec, initial: Checkpoint | None) -> QuantScheme:
    if initial is None or spec.numerics is None:
        why = "training with the chip's operators starts from a checkpoint: give `init`"
        raise ConfigError("train", "init", None, why)
    if not spec.numerics.has_unit:
        raise ConfigError("train", "numerics.activation", "none", "this chip has no operators to train with")
    return calibrate(initial.part("calibration"), spec.numerics, spec.calibration, initial.path)


def calibration_histograms(model: Rnnt, recipe: Recipe, examples: list[Example]) -> dict[str, np.ndarray]:
    """Histograms over an even sample of the training utterances, un-augmented."""
    stride = max(1, len(examples) // CALIBRATION_UTTERANCES)
    sample = examples[::stride][:CALIBRATION_UTTERANCES]
    shape = recipe.model
    return record(model, (collate([e.x_TD], [e.tokens], shape.stack, shape.reduction) for e in sample))


def _checkpoint(
    spec: RunSpec,
    folder: Path,
    model: Rnnt,
    scheme: QuantScheme | None,
    tokens: Tokens,
    examples: list[Example],
    initial: Checkpoint | None,
    best: dict[str, np.ndarray],
    wer: float,
) -> Checkpoint:
    tensors = dict(best)
    tensors |= calibration_histograms(model, spec.recipe, examples)
    if scheme is not None:
        tensors |= {f"tables.{name}": table.astype(np.int32) for name, table in scheme.tables.items()}
    info = {
        "run": spec.run.model_dump(mode="json"),
        "settings": settings_of(spec),
        "arithmetic": spec.arithmetic,
        "gradient": spec.gradient,
        "dev_wer": wer,
        "train_utterances": len(examples),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "versions": {name: importlib.metadata.version(name) for name in ("nnasim", "numpy", "torch", "torchaudio")},
        "initial": None if initial is None else initial.info.get("dev_wer"),
        **(spec.info or {}),
    }
    system = "float" if scheme is None else "aat"
    quantisation = None if scheme is None else scheme.record()
    return Checkpoint(
        path=folder / "model.safetensors",
        recipe=spec.recipe,
        tokens=tokens,
        system=system,
        tensors=tensors,
        quantisation=quantisation,
        info=info,
    )
