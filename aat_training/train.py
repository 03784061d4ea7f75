"""A training run from manifests to a checkpoint: the float model, or its fine-tuning with the chip's operators."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from aat_training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from aat_training.computing import numerics_lines
from aat_training.config import MOST_WORKERS, Recipe, TrainConfig
from aat_training.data.batches import Example, collate
from aat_training.data.notes import can_say, words_note
from aat_training.data.parts import TrainSet
from aat_training.data.shards.stream import worker_deaths
from aat_training.data.speech import Speech, Tell, open_speech
from aat_training.devices import CPU, label, open_device
from aat_training.model.build import build_model, load_parameters
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate, record
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.scheme import QuantScheme, refuse_other_layers
from aat_training.ranks import Ranks
from aat_training.resume import flat, refuse_other_finished, refuse_other_rank, settings_of
from aat_training.run_folder import STATE, lost_state_note, run_folder
from aat_training.run_spec import RunSpec, ScheduleName
from aat_training.tokens import Tokens
from aat_training.trainer import Trainer, be_reproducible, normalisation
from aat_training.versions import versions
from nnasim.errors import CheckpointError, ConfigError, writing
from nnasim.progress import Progress, silent
from nnasim.records import validated

CALIBRATION_UTTERANCES = 256
LISTENING = {"features", "text", "tokens", "subwords", "model"}
"""The parts of a recipe that decide what weights mean: a model is trained on with the same ones, or not at all."""
_DECODING = {"model.max_symbols"}  # of these, what only decoding reads: the new recipe decides it
NEEDS_A_TEACHER = "keeps a model near the float model that it starts from: give one's checkpoint as `init`"


def schedule(
    recipe: Recipe, *, initialised: bool, name: ScheduleName | None = None, **changes: float | None
) -> TrainConfig:
    """The recipe's schedule ``name`` with ``changes`` to its fields; a change that is None leaves the recipe's value.

    None: fine-tuning for a model that is ``initialised`` from another one, whatever its arithmetic, so that no arm of a
    comparison is trained for longer; else base. Raises ConfigError for a value out of range.
    """
    fine_tuning = name == "fine-tuning" or (name is None and initialised)
    base = recipe.aat_run if fine_tuning else recipe.float_run
    given = {field: value for field, value in changes.items() if value is not None}
    if initialised:  # a model that has found its alignments needs no help to find them
        given |= {"curriculum": 0, "flat_start": 0}
    return validated(TrainConfig, {**base.model_dump(), **given}, "schedule")


def run(
    spec: RunSpec, folder: Path, *, resume: bool, force: bool, ranks: Ranks | None = None, workers: int = 1,
    device: str = "cpu", progress: Progress = silent, tell: Tell = lambda notes: None, explain: Tell | None = None,
) -> Checkpoint | None:  # fmt: skip
    """The checkpoint of ``spec``, trained in ``folder``, made here; None where the same run has finished already.

    Raises NnasimError for every wrong input, with several ``ranks`` on each of them.
    """
    together = ranks or Ranks()
    together.agreed(lambda: _refuse_unusable(spec, resume=resume, force=force, workers=workers))
    settings = {**together.agreed(lambda: settings_of(spec)), "device": device}
    named = {
        **dict.fromkeys(("train", "train_audio"), spec.train),
        **dict.fromkeys(("dev", "dev_audio"), (spec.dev,)),
        "init": () if spec.init is None else (spec.init,),
    }
    together.refuse_others(json.dumps(settings), lambda first: refuse_other_rank(first, settings, named))
    together.agreed(lambda: _refuse_uneven(spec, together.count))
    with ExitStack() as taken:
        if together.of_first(lambda: taken.enter_context(run_folder(folder, resume=resume, force=force))):
            together.agreed(lambda: refuse_other_finished(spec, folder))
            return None
        if resume and together.first:
            tell(lost_state_note(folder))
        return train(
            spec, folder, resume=resume, ranks=together, workers=workers, device=device, progress=progress, tell=tell,
            explain=explain,
        )  # fmt: skip


def train(
    spec: RunSpec, folder: Path, *, resume: bool, ranks: Ranks | None = None, workers: int = 1, device: str = "cpu",
    progress: Progress = silent, tell: Tell = lambda notes: None, explain: Tell | None = None,
) -> Checkpoint:  # fmt: skip
    """The checkpoint of ``spec``, trained and written in the prepared ``folder``. ``tell`` gets notes that qualify it,
    ``explain`` lines on what computes each product.

    ``ranks``: this process's place among those that train together; only the first writes and prints notes.
    ``workers``: processes of each rank that compute the features of shards. ``device``: cpu, cuda or cuda:N; a run that
    was begun on one can continue on another. Raises NnasimError for every wrong input.
    """
    together = ranks or Ranks()
    place = together.agreed(lambda: open_device(device, together.count))
    be_reproducible()
    if not together.first:
        progress, tell = silent, lambda notes: None
    together.agreed(lambda: _refuse_uneven(spec, together.count))
    initial, tokens, train_set, dev_set = together.agreed(lambda: _speech(spec, together, workers, progress, tell))
    torch.manual_seed(spec.run.seed)
    model, scheme = together.agreed(lambda: _model(spec, tokens, train_set if together.first else None, initial))
    teacher = together.agreed(lambda: _teacher(spec, tokens, initial))
    together.copy_from_first(model)
    model.to(place)
    if explain is not None and together.first:
        explain(numerics_lines(model, spec.numerics, spec.run.batch // together.count, trained=spec.run.dropout))
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
        teacher=None if teacher is None else teacher.to(place),
        ranks=together,
        tell=tell,
    )
    with worker_deaths():
        best = trainer.fit(resume=resume)
    model.to(CPU)
    load_parameters(model, {name[6:]: value for name, value in best.items()}, folder)
    checkpoint = _checkpoint(
        spec, folder, model, scheme, tokens, train_set, initial, best, trainer.best_wer, together, label(place)
    )
    together.of_first(lambda: _finish(folder, checkpoint))
    return checkpoint


def _refuse_unusable(spec: RunSpec, *, resume: bool, force: bool, workers: int) -> None:
    """Raise ConfigError for settings that contradict each other, before any file is read."""
    if resume and force:
        raise ConfigError("force", "", force, "is not used with `resume`")
    if not 0 <= workers <= MOST_WORKERS:
        raise ConfigError("workers", "", workers, f"must be a whole number from 0 to {MOST_WORKERS}")
    if spec.init is None and spec.arithmetic != "float":
        why = "training with the chip's operators starts from a checkpoint: give `init`"
        raise ConfigError("system", "", spec.arithmetic, why)
    if spec.init is None and spec.run.distillation:
        raise ConfigError("distillation", "", spec.run.distillation, NEEDS_A_TEACHER)


def _finish(folder: Path, checkpoint: Checkpoint) -> int:
    write_checkpoint(folder, checkpoint)
    with writing(folder / STATE):
        (folder / STATE).unlink(missing_ok=True)
    return 0


def _refuse_uneven(spec: RunSpec, ranks: int) -> None:
    if spec.run.batch % ranks:
        why = f"must divide the {spec.run.batch} utterances of a batch (`batch`)"
        raise ConfigError("ranks", "WORLD_SIZE", ranks, why)


def _speech(
    spec: RunSpec, ranks: Ranks, workers: int, progress: Progress, tell: Tell
) -> tuple[Checkpoint | None, Tokens, TrainSet, list[Example]]:
    speech, dev = open_speech(spec.train, spec.recipe), open_speech([spec.dev], spec.recipe)
    initial = None if spec.init is None else _initial(spec)
    tokens = initial.tokens if initial else speech.tokens()
    tell(_notes(spec, tokens, speech, dev))
    if initial and initial.binding_note:
        tell([initial.binding_note])
    train_set = speech.train_set(spec.run, tokens, ranks, workers, progress, tell)
    return initial, tokens, train_set, dev.examples(tokens, "dev features", progress)


def _initial(spec: RunSpec) -> Checkpoint:
    assert spec.init is not None
    checkpoint = read_checkpoint(spec.init)
    if checkpoint.recipe.name != spec.recipe.name:
        raise CheckpointError(checkpoint.path, "recipe", checkpoint.recipe.name, f"must be {spec.recipe.name}")
    theirs, ours = (
        flat(recipe.model_dump(mode="json", include=LISTENING)) for recipe in (checkpoint.recipe, spec.recipe)
    )
    for name, value in ours.items():
        if name not in _DECODING and theirs.get(name) != value:
            raise CheckpointError(checkpoint.path, f"recipe.{name}", theirs.get(name), f"must be {value}")
    return checkpoint


def _notes(spec: RunSpec, tokens: Tokens, speech: Speech, dev: Speech) -> list[str]:
    """The notes that qualify the run. Raises ConfigError for a dev set of which no word can ever be right."""
    words, dev_words = speech.words(), dev.words()
    if not any(can_say(tokens, word) for word in dev_words):
        named = ", ".join(dev_words)
        raise ConfigError(spec.dev, "text", named, "no dev word is in the model's vocabulary: none can ever be right")
    vocabulary = (words_note("train", words, tokens), words_note("dev", dev_words, tokens))
    return [*speech.notes, *dev.notes, *(note for note in vocabulary if note)]


def _model(
    spec: RunSpec, tokens: Tokens, normalised_by: TrainSet | None, initial: Checkpoint | None
) -> tuple[Rnnt, QuantScheme | None]:
    """The model to begin with; a fresh one looks at features, unless another rank does so for all."""
    scheme = None
    if spec.arithmetic != "float":
        scheme = _scheme(spec, initial)
    model = build_model(spec.recipe, tokens.size, _arithmetic(spec, scheme))
    if initial is not None:
        load_parameters(model, initial.part("model"), initial.path)
    elif normalised_by is not None:
        mean, scale = normalisation(normalised_by.sample())
        model.feature_mean.copy_(mean.repeat(spec.recipe.model.stack))
        model.feature_scale.copy_(scale.repeat(spec.recipe.model.stack))
    return model, scheme


def _teacher(spec: RunSpec, tokens: Tokens, initial: Checkpoint | None) -> Rnnt | None:
    """The float model that training starts from, where its encoder is to be kept near. Raises ConfigError."""
    if not spec.run.distillation:
        return None
    if initial is None or initial.system != "float":
        raise ConfigError("distillation", "", spec.run.distillation, NEEDS_A_TEACHER)
    teacher = build_model(spec.recipe, tokens.size, FloatArithmetic())
    load_parameters(teacher, initial.part("model"), initial.path)
    return teacher.eval()


def _arithmetic(spec: RunSpec, scheme: QuantScheme | None) -> FloatArithmetic | ChipArithmetic:
    if scheme is None:
        return FloatArithmetic()
    return FallbackArithmetic(scheme) if spec.arithmetic == "qat" else ChipArithmetic(scheme, spec.gradient)


def _scheme(spec: RunSpec, initial: Checkpoint | None) -> QuantScheme:
    assert initial is not None
    assert spec.numerics is not None
    if not spec.numerics.has_unit:
        raise ConfigError("train", "numerics.activation", "none", "this chip has no operators to train with")
    scheme = calibrate(initial.part("calibration"), spec.numerics, spec.calibration, initial.path)
    refuse_other_layers(scheme, initial.shape.lstm_layers, initial.path)
    return scheme


def calibration_histograms(model: Rnnt, recipe: Recipe, examples: list[Example]) -> dict[str, np.ndarray]:
    """Histograms of what each layer reads, over an even sample of the training utterances, un-augmented."""
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
    train_set: TrainSet,
    initial: Checkpoint | None,
    best: dict[str, np.ndarray],
    wer: float,
    ranks: Ranks,
    device: str,
) -> Checkpoint:
    tensors = dict(best)
    tensors |= calibration_histograms(model, spec.recipe, train_set.sample())
    if scheme is not None:
        tensors |= {f"tables.{name}": table.astype(np.int32) for name, table in scheme.tables.items()}
    info = {
        "run": spec.run.model_dump(mode="json"),
        "settings": settings_of(spec),
        "arithmetic": spec.arithmetic,
        "gradient": spec.gradient,
        "dev_wer": wer,
        "train_utterances": train_set.utterances,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "versions": versions(),
        "device": device,
        "initial": None if initial is None else initial.info.get("dev_wer"),
        **({} if ranks.alone else {"ranks": ranks.count}),
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
