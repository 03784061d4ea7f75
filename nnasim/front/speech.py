"""``nnasim.recogniser`` and ``nnasim.train``: trained models that decode speech. Both need the extra ``train``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from nnasim import markup
from nnasim.errors import ConfigError
from nnasim.front.arguments import Beam, ChipLike, FilePath, Utterances, checked
from nnasim.front.chips import chip_of
from nnasim.front.doubts import doubt
from nnasim.front.needs import training_extra
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System
from nnasim.markup import counted
from nnasim.progress import Progress, silent
from nnasim.records import Integer, Number
from nnasim.studies.provenance import commit
from workloads.bundled import checkpoints_folder, speech_manifest

if TYPE_CHECKING:
    import pandas as pd

    from aat_training.score import Score


@dataclass(frozen=True, repr=False)
class Decoding:
    """Speech that one system has decoded. ``trace``: every operation of the decoding, ready to be simulated.

    ``words``: (utterance, reference, hypothesis); ``score``: word errors per utterance.
    """

    system: str
    words: tuple[tuple[str, str, str], ...]
    score: Score
    trace: OpTrace

    @property
    def wer(self) -> float | None:
        """The word error rate as a fraction; None if the references have no words."""
        return self.score.wer

    def frame(self) -> pd.DataFrame:
        """Reference, hypothesis and word errors of each utterance; index utterance."""
        import pandas as pd

        frame = pd.DataFrame(list(self.words), columns=["utterance", "reference", "hypothesis"])
        frame["errors"] = self.score.errors_per_utterance
        frame["words"] = self.score.words_per_utterance
        return frame.set_index("utterance")

    def __repr__(self) -> str:
        wer = "not defined" if self.wer is None else f"{100 * self.wer:.2f} %"
        errors, words, utterances = self.score.errors, self.score.words, len(self.words)
        counts = f"{counted(errors, 'error')}, {counted(words, 'word')}, {counted(utterances, 'utterance')}"
        return f"{self.system}: WER {wer} ({counts})"

    def _repr_html_(self) -> str:
        """The line of ``repr`` and the utterances with wrong words, as offline HTML."""
        errors = self.score.errors_per_utterance
        misheard = [words for words, count in zip(self.words, errors, strict=True) if count]
        header = ["utterance", "said", "heard"]
        return f"<div>{markup.paragraphs([repr(self)])}{markup.table(header, misheard) if misheard else ''}</div>"


@dataclass(frozen=True, repr=False)
class Recogniser:
    """A trained recogniser. ``folder``: one checkpoint, or a folder with ``float/`` and ``aat/``."""

    folder: Path

    @checked
    def checkpoint(self, system: System) -> Path:
        """The checkpoint that ``system`` decodes with."""
        from aat_training.checkpoint_files import WEIGHTS, checkpoint_for

        return self.folder if (self.folder / WEIGHTS).exists() else checkpoint_for(self.folder, system)

    @checked
    def decode(
        self, manifest: FilePath | None = None, *, system: System = "aat", chip: ChipLike = "edge256",
        limit: Utterances | None = None, beam: Beam = 1, device: str = "cpu", progress: Progress = silent,
    ) -> Decoding:  # fmt: skip
        """The words that ``system`` recognises in the speech of ``manifest``, with their errors and a trace.

        ``manifest``: the speech; default: the bundled strings. ``chip``: the chip whose number formats are used.
        ``limit``: use only the first ``limit`` utterances. ``beam``: width of the search; 1 is greedy. ``device``: cpu,
        cuda or cuda:N; the chip's integers are the same on each. Raises ConfigError, FileError, ManifestError,
        CheckpointError or NumericsError.
        """
        with training_extra():
            speech = Path(speech_manifest() if manifest is None else manifest)
            return self._decoded(speech, system, chip_of(chip), limit, beam, device, progress)

    def _decoded(
        self, manifest: Path, system: System, chip: NnaConfig, limit: int | None, beam: int, device: str,
        progress: Progress,
    ) -> Decoding:  # fmt: skip
        from aat_training.checkpoint_files import refuse_no_checkpoint
        from aat_training.data.manifest import read_manifest

        path = self.checkpoint(system)
        refuse_no_checkpoint(path)
        entries = read_manifest(manifest, limit)

        from aat_training.evaluate import run_model
        from aat_training.score import score
        from aat_training.systems import load_system

        checkpoint, model, _ = load_system(path, system, chip.numerics, device=device)
        run = run_model(model, checkpoint, entries, system, chip.numerics, progress, beam)
        return Decoding(system, tuple(run.hypotheses), score(run.pairs), run.trace)

    def __repr__(self) -> str:
        return f"recogniser in {self.folder}"


@checked
def recogniser(folder: FilePath | None = None) -> Recogniser:
    """The recogniser in ``folder``: a checkpoint, or a folder with ``float/`` and ``aat/``; default: the bundled one.

    Raises FileError if there is no checkpoint.
    """
    from aat_training.checkpoint_files import WEIGHTS, refuse_no_checkpoint, refuse_no_checkpoints

    path = Path(folder) if folder is not None else checkpoints_folder()
    if (path / WEIGHTS).exists():
        refuse_no_checkpoint(path)
    else:
        refuse_no_checkpoints(path, ["float"])
    return Recogniser(path)


@checked
def train(
    recipe: str, *, train: FilePath | Annotated[Sequence[FilePath], Field(min_length=1)], dev: FilePath, out: FilePath,
    system: Literal["float", "aat", "qat"] = "float", init: FilePath | Recogniser | None = None,
    chip: ChipLike | None = None, schedule: Literal["base", "fine-tuning"] | None = None, steps: Integer | None = None,
    evaluate_every: Integer | None = None, learning_rate: Number | None = None, delay_penalty: Number | None = None,
    distillation: Number | None = None,
    batch: Integer | None = None, accumulate: Integer | None = None, clip: Number | None = None,
    average: Number | None = None, patience: Integer | None = None, shuffle_shards: Integer | None = None,
    workers: Integer | None = None, seed: Integer = 0,
    calibration: Literal["mse", "percentile", "max"] | None = None,
    gradient: Literal["output", "segment", "identity"] | None = None, resume: bool = False, force: bool = False,
    device: str = "cpu", progress: Progress = silent,
) -> Recogniser:  # fmt: skip
    """A recogniser trained on ``train``. The folder ``out`` holds the checkpoint with the lowest word error rate on
    ``dev``.

    - ``recipe``: sizes of the model and settings of its training, by name.
    - ``train``: a manifest or a folder of shards, or several of them.
    - ``system``: float, aat (the chip's operators in the forward pass) or qat (its weights and activations only); aat
      and qat start from the model ``init``.
    - ``chip``: the chip whose arithmetic aat and qat train with; default: edge256. float has none of it.
    - ``steps``, ``evaluate_every``, ``learning_rate``, ``batch`` (utterances), ``clip`` (largest gradient norm),
      ``average`` (decay of averaged weights): instead of the recipe's.
    - ``delay_penalty``: nats that a symbol loses for each encoder output by which it comes later.
    - ``distillation``: weight of the encoder's distance from the float model ``init``.
    - ``accumulate``: batches in one step.
    - ``patience``: evaluations on ``dev`` without improvement after which training ends.
    - ``shuffle_shards``: read a folder of shards in random order; ``workers``: processes that compute features of
      shards, default 1.
    - ``calibration``: how ranges of aat and qat are found, default mse; ``gradient``: slope of aat's activation units,
      default output.
    - ``resume``: continue the run that was stopped in ``out``; ``force``: start afresh in a folder that exists.
    - ``device``: where it computes: cpu, cuda or cuda:N.

    Raises ConfigError, FileError, ManifestError, CheckpointError, NumericsError, or SimulationError if training
    diverges.
    """
    with training_extra():
        from aat_training.data.shards.layout import are_shards
        from aat_training.ranks import joined_ranks
        from aat_training.recipes import load_recipe
        from aat_training.train import RunSpec, run
        from aat_training.train import schedule as schedule_of

        chosen, folder, hardware = load_recipe(recipe), Path(out), chip_of("edge256" if chip is None else chip)
        start = init.checkpoint("float") if isinstance(init, Recogniser) else None if init is None else Path(init)
        changes = {
            "steps": steps, "evaluate_every": evaluate_every, "learning_rate": learning_rate,
            "delay_penalty": delay_penalty, "distillation": distillation, "batch": batch, "accumulate": accumulate,
            "clip": clip,
            "average": average, "patience": patience, "shuffle_shards": shuffle_shards, "seed": seed,
        }  # fmt: skip
        manifests = tuple(map(Path, [train] if isinstance(train, str | Path) else train))
        _refuse_unused(f"with system {system!r}", calibration=calibration if system == "float" else None,
                       gradient=gradient if system != "aat" else None)  # fmt: skip
        if system == "float" and chip is not None:
            doubt([f"train: chip {hardware.name}: float computes in float32 whatever the chip, so it changes nothing"])
        if not any(map(are_shards, manifests)):
            _refuse_unused("without shards", shuffle_shards=shuffle_shards, workers=workers)
        spec = RunSpec(
            recipe=chosen,
            run=schedule_of(chosen, initialised=start is not None, name=schedule, **changes),
            train=manifests,
            dev=Path(dev),
            arithmetic=system,
            init=start,
            numerics=None if system == "float" else hardware.numerics,
            calibration=calibration or "mse",
            gradient=gradient or "output",
            info={"commit": commit(), "preset": hardware.name},
        )
        with joined_ranks(device) as ranks:
            run(
                spec, folder, resume=resume, force=force, ranks=ranks, workers=1 if workers is None else workers,
                device=device, progress=progress,
            )  # fmt: skip
        return Recogniser(folder)


def _refuse_unused(why: str, **given: object) -> None:
    """Raise ConfigError for the first argument of ``train`` that has a value; ``why``: when it is not used."""
    for name, value in given.items():
        if value is not None:
            raise ConfigError("train", name, value, f"is not used {why}")
