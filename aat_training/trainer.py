"""One training run: reproducible for its seed, resumable after a kill at any point, best checkpoint by dev WER."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.average import WeightAverage
from aat_training.checkpoint import read_state, write_state
from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Batch, Example
from aat_training.data.parts import Part, TrainSet
from aat_training.data.speech import Tell
from aat_training.decode.corpus import BATCH, decode_corpus
from aat_training.devices import CPU, numpy_of, on
from aat_training.flat_start import loudness
from aat_training.loss import transducer_loss
from aat_training.model.build import load_parameters, model_tensors
from aat_training.model.rnnt import Rnnt
from aat_training.ranks import Ranks
from aat_training.resume import Settings, flat, refuse_other_settings
from aat_training.saved_state import COLUMNS, looked_at
from aat_training.scalars import scalars
from aat_training.score import score
from aat_training.tokens import Tokens
from aat_training.versions import version_notes, versions
from nnasim import files
from nnasim.errors import NnasimError, SimulationError
from nnasim.limits import JSON_BYTES
from nnasim.progress import Progress, silent


def be_reproducible() -> None:
    """Set one thread and deterministic kernels: sums then have one order, whatever the machine."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Filling fresh memory with NaN, which that mode does too, costs a fifth of the time and finds only reads of the
    # uninitialised.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def one_cycle(step: int, run: TrainConfig) -> float:
    """Learning rate of ``step``: a half cosine from 4 % of the peak up during ``warmup``, then one down to 0.1 %."""
    rise = max(1, round(run.warmup * run.steps))
    if step < rise:
        share = 0.5 - 0.5 * math.cos(math.pi * (step + 1) / rise)
        return run.learning_rate * (0.04 + 0.96 * share)
    share = 0.5 + 0.5 * math.cos(math.pi * (step - rise + 1) / max(1, run.steps - rise))
    return run.learning_rate * (0.001 + 0.999 * share)


def normalisation(examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Mean and 1 / standard deviation of the training features, float32 (D,); a deviation counts as 1e-3 or more."""
    rows = torch.cat([example.x_TD for example in examples]).double()
    return rows.mean(0).float(), (1.0 / rows.std(0).clamp_min(1e-3)).float()


def dev_wer(model: Rnnt, examples: list[Example], recipe: Recipe, tokens: Tokens, ranks: Ranks) -> float:
    """Word error rate of batched greedy decoding, as a fraction; infinity if the references have no words.

    Batches are dealt to ``ranks``, and their errors added.
    """
    own = score(decode_corpus(model, dealt(examples, ranks.rank, ranks.count), recipe, tokens))
    errors, words = ranks.add(own.errors, own.words)
    return errors / words if words else math.inf


def dealt(examples: list[Example], rank: int, ranks: int) -> list[Example]:
    """The examples for ``rank``: every ``ranks``-th of the batches that ``decode_corpus`` makes of ``examples``."""
    by_length = sorted(examples, key=lambda example: len(example.x_TD))
    batches = [by_length[start : start + BATCH] for start in range(0, len(by_length), BATCH)]
    return [example for batch in batches[rank::ranks] for example in batch] if ranks > 1 else examples


def without_gain(rates: list[float]) -> int:
    """The number of the last ``rates`` in a row of which none is lower than all before it."""
    lowest, count = math.inf, 0
    for rate in rates:
        count = 0 if rate < lowest else count + 1
        lowest = min(lowest, rate)
    return count


@dataclass
class Trainer:
    """A run in a folder. ``fit`` trains to the end, from the last saved state if there is one.

    ``teacher``: the float model that the encoder is kept near, if ``run`` asks for it. ``settings``: everything that
    the run depends on beside ``run``; a state that was saved under others is refused. Every one of ``ranks`` holds the
    same model and takes the same steps, each on the gradients of all; the first writes.
    """

    model: Rnnt
    recipe: Recipe
    run: TrainConfig
    tokens: Tokens
    train: TrainSet
    dev: list[Example]
    folder: Path
    progress: Progress = silent
    settings: Settings = field(default_factory=dict)
    teacher: Rnnt | None = None
    ranks: Ranks = field(default_factory=Ranks)
    tell: Tell = lambda notes: None

    def __post_init__(self) -> None:
        decayed = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(decayed, lr=self.run.learning_rate, weight_decay=self.run.weight_decay)
        stack = self.recipe.model.stack
        self._mean = on(self.model.feature_mean[: self.model.shape.input_features // stack], CPU)
        self._scale = on(self.model.feature_scale[: self.model.shape.input_features // stack], CPU)
        self.average = WeightAverage(self.model, self.run.average) if self.run.average else None
        self.settings = {**flat(self.run.model_dump(mode="json")), **self.settings}
        self.best_wer, self.best = math.inf, model_tensors(self.model)
        self.rows: list[dict[str, Any]] = []
        self.step = 0
        self._cpu_before, self._started = 0.0, time.process_time()

    def fit(self, *, resume: bool) -> dict[str, np.ndarray]:
        """Train; returns the tensors with the lowest dev WER (the latest of equals)."""
        be_reproducible()
        if resume:
            self.ranks.agreed(self._restore)
        losses: list[float] = []
        with scalars(self.folder, self.step, wanted=self.ranks.first) as scalar, closing(self.steps()) as steps:
            while self.step < self.run.steps and not self._out_of_patience():
                losses.append(self.update(steps))
                self.step += 1
                scalar(
                    {"train/loss": losses[-1], "train/gradient_norm": self._norm, "train/rate": self._rate}, self.step
                )
                if self.step % self.run.evaluate_every == 0 or self.step == self.run.steps:
                    self._evaluate(losses)
                    losses = []
                    scalar({"dev/wer": self.rows[-1]["dev_wer"], "dev/best_wer": self.best_wer}, self.step)
                wer = "" if math.isinf(self.best_wer) else f", best dev WER {100 * self.best_wer:.2f} %"
                loss = losses[-1] if losses else self.rows[-1]["loss"]
                self.progress("training", self.step, self.run.steps, f"loss {loss:.3f}{wer}")
        return self.best

    def steps(self) -> Generator[list[Part]]:
        """This rank's parts of each batch from the present step on."""
        yield from self.train.steps(self.step, self._mean, self._scale)

    def _out_of_patience(self) -> bool:
        return 0 < self.run.patience <= without_gain([row["dev_wer"] for row in self.rows])

    def update(self, steps: Iterator[list[Part]]) -> float:
        """One optimiser step on the gradients of all parts on all ranks; returns the batch's loss."""
        self.model.train()
        self._rate = one_cycle(self.step, self.run)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate
        self.optimizer.zero_grad()
        loss, complaint = 0.0, None
        try:
            loss = sum(self._backward(part) for part in next(steps))
        except NnasimError as error:
            complaint = error
        loss = self.ranks.add_gradients(self.model.parameters(), loss, complaint)
        self._norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.run.clip))
        if not math.isfinite(self._norm):
            raise SimulationError(f"training diverged at step {self.step}: the gradient is not finite")
        self.optimizer.step()
        if self.average:
            self.average.update(self.step)
        return loss

    def _backward(self, part: Part) -> float:
        """Add the gradient of ``part`` to the parameters', weighed by its share of the batch; returns its loss so."""
        torch.manual_seed(self.run.seed * 1_000_003 + self.step)  # for every part: each draws what the whole draws
        loss = part.share * transducer_loss(
            self.model, part.batch.to(self.model.device), ctc_weight=self.run.ctc_weight,
            dropout=self.dropout(self.step), token_dropout=self.run.token_dropout, delay_penalty=self.run.delay_penalty,
            distillation=self.run.distillation, teacher_SBH=self._taught(part.batch),
            level_SB=self._level(part.batch), draws=part.draws,
        )  # fmt: skip
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def dropout(self, step: int) -> float:
        """The share that ``step`` drops, none in the last steps. Dropout keeps a long run from learning its speakers by
        heart, but blurs what it learns.
        """
        return self.run.dropout if step < self.run.dropout_until * self.run.steps else 0.0

    @torch.no_grad()
    def _taught(self, batch: Batch) -> Tensor | None:
        """The teacher's encoder outputs for ``batch``."""
        return None if self.teacher is None else self.teacher.encode(on(batch.x_TBF, self.teacher.device))[0]

    def _level(self, batch: Batch) -> Tensor | None:
        """Loudness, while the flat start lasts."""
        if self.step >= self.run.flat_start:
            return None
        return loudness(batch.x_TBF, self.recipe.features.kind, self.recipe.model.stack, self.recipe.model.reduction)

    def _evaluate(self, losses: list[float]) -> None:
        with self.average.in_place() if self.average else nullcontext():
            wer = dev_wer(self.model, self.dev, self.recipe, self.tokens, self.ranks)
            if wer <= self.best_wer:
                self.best_wer, self.best = wer, model_tensors(self.model)
        cpu = self._cpu_before + time.process_time() - self._started
        numbers = (
            self.step, sum(losses) / len(losses), one_cycle(self.step - 1, self.run), self._norm, wer, self.best_wer,
            cpu,
        )  # fmt: skip
        self.rows.append(dict(zip(COLUMNS, (numbers[0], *(round(n, 6) for n in numbers[1:])), strict=True)))
        self.ranks.refuse_other_weights(self.model.parameters(), self.step)
        self.ranks.of_first(self._save)

    def _save(self) -> int:
        tensors = {**model_tensors(self.model), **{f"best.{name}": value for name, value in self.best.items()}}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{key}": numpy_of(value) for key, value in state.items()}
        if self.average:
            tensors |= {f"average.{name}": value for name, value in self.average.tensors().items()}
        record = {
            "step": self.step,
            "best_wer": self.best_wer,
            "rows": self.rows,
            "settings": self.settings,
            "versions": versions(),
        }
        write_state(self.folder, tensors, record)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        files.write_bytes(self.folder / "log.csv", text.getvalue().encode(), force=True)
        return self.step

    def _most_of_a_state(self) -> int:
        """Bytes: the weights, the best ones, their average, and Adam's two moments; and what was logged."""
        weights = sum(value.nbytes for value in model_tensors(self.model).values())
        return 6 * weights + JSON_BYTES

    def _restore(self) -> None:
        source = self.folder / "resume.safetensors"
        if not os.path.lexists(source):
            return
        tensors, record = read_state(self.folder, self._most_of_a_state())
        refuse_other_settings(source, record.get("settings"), record.get("run"), self.settings)
        saved = looked_at(
            source, tensors, record,
            steps=self.run.steps,
            model={name[6:]: value.shape for name, value in model_tensors(self.model).items()},
            average={name: value.shape for name, value in self.average.tensors().items()} if self.average else {},
            optimizer=[tuple(value.shape) for value in self.optimizer.param_groups[0]["params"]],
        )  # fmt: skip
        load_parameters(self.model, saved.model, source)
        if self.average:
            self.average.restore(saved.average)
        state = self.optimizer.state_dict()
        for number, moments in saved.optimizer.items():
            state["state"][number] = {key: torch.from_numpy(np.array(value)) for key, value in moments.items()}
        self.optimizer.load_state_dict(state)
        self.step, self.best_wer, self.best, self.rows = saved.step, saved.best_wer, saved.best, saved.rows
        self._cpu_before = self.rows[-1]["cpu_seconds"]
        self.tell(version_notes(record.get("versions"), source))
