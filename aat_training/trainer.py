"""One training run: reproducible for its seed, resumable after a kill at any point, best checkpoint by dev WER."""

from __future__ import annotations

import csv
import io
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.average import WeightAverage
from aat_training.checkpoint import read_state, write_state
from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Batch, Example, batch_indices, training_batch
from aat_training.decode.corpus import decode_corpus
from aat_training.flat_start import loudness
from aat_training.loss import transducer_loss
from aat_training.model.build import load_parameters, model_tensors
from aat_training.model.rnnt import Rnnt
from aat_training.resume import Settings, flat, refuse_other_settings
from aat_training.score import score
from aat_training.tokens import Tokens
from nnasim import files
from nnasim.errors import SimulationError
from nnasim.progress import Progress, silent

COLUMNS = ("step", "loss", "learning_rate", "gradient_norm", "dev_wer", "best_dev_wer", "cpu_seconds")


def be_reproducible() -> None:
    """One thread and deterministic kernels: sums then have one order, whatever the machine."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Filling fresh memory with NaN, which that mode does too, costs a fifth of the time and finds only reads of the
    # uninitialised.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def one_cycle(step: int, run: TrainConfig) -> float:
    """Learning rate of ``step``: up along a half cosine during ``warmup``, then down to a thousandth of the peak."""
    rise = max(1, round(run.warmup * run.steps))
    if step < rise:
        share = 0.5 - 0.5 * math.cos(math.pi * (step + 1) / rise)
        return run.learning_rate * (0.04 + 0.96 * share)
    share = 0.5 + 0.5 * math.cos(math.pi * (step - rise + 1) / max(1, run.steps - rise))
    return run.learning_rate * (0.001 + 0.999 * share)


def normalisation(examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Mean and 1 / standard deviation (D,) of the training features."""
    rows = torch.cat([example.x_TD for example in examples]).double()
    return rows.mean(0).float(), (1.0 / rows.std(0).clamp_min(1e-3)).float()


def dev_wer(model: Rnnt, examples: list[Example], recipe: Recipe, tokens: Tokens) -> float:
    """Word error rate of batched greedy decoding."""
    wer = score(decode_corpus(model, examples, recipe, tokens)).wer
    return math.inf if wer is None else wer


@dataclass
class Trainer:
    """A run in a folder. ``fit`` trains to the end, from the last saved state where there is one.

    ``settings``: what the run depends on beside ``run``; a state that was saved under others is refused.
    """

    model: Rnnt
    recipe: Recipe
    run: TrainConfig
    tokens: Tokens
    train: list[Example]
    dev: list[Example]
    folder: Path
    progress: Progress = silent
    settings: Settings = field(default_factory=dict)

    def __post_init__(self) -> None:
        decayed = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(decayed, lr=self.run.learning_rate, weight_decay=self.run.weight_decay)
        stack = self.recipe.model.stack
        self._mean = self.model.feature_mean[: self.model.shape.input_features // stack]
        self._scale = self.model.feature_scale[: self.model.shape.input_features // stack]
        self.average = WeightAverage(self.model, self.run.average) if self.run.average else None
        self.settings = {**flat(self.run.model_dump(mode="json")), **self.settings}
        self.best_wer, self.best = math.inf, model_tensors(self.model)
        self.rows: list[dict[str, Any]] = []
        self.step = 0
        self._cpu_before, self._started = 0.0, time.process_time()

    def fit(self, *, resume: bool) -> dict[str, np.ndarray]:
        """Train; returns the tensors with the lowest dev WER (the latest of equals)."""
        be_reproducible()
        if resume and (self.folder / "resume.safetensors").exists():
            self._restore()
        losses: list[float] = []
        for indices in batch_indices(self.train, self.run.batch, self.run.seed, self.step, self.run.curriculum):
            if self.step >= self.run.steps:
                break
            losses.append(self._update(indices))
            self.step += 1
            if self.step % self.run.evaluate_every == 0 or self.step == self.run.steps:
                self._evaluate(losses)
                losses = []
            wer = "" if math.isinf(self.best_wer) else f", best dev WER {100 * self.best_wer:.2f} %"
            loss = losses[-1] if losses else self.rows[-1]["loss"]
            self.progress("training", self.step, self.run.steps, f"loss {loss:.3f}{wer}")
        return self.best

    def _update(self, indices: list[int]) -> float:
        seed = self.run.seed * 1_000_003 + self.step
        torch.manual_seed(seed)
        self.model.train()
        shape, model = self.model.shape, self.recipe.model
        batch = training_batch(
            self.train, indices, self._mean, self._scale, self.run.augment, self.recipe.features,
            model.stack, shape.reduction, seed,
        )  # fmt: skip
        for group in self.optimizer.param_groups:
            group["lr"] = one_cycle(self.step, self.run)
        self.optimizer.zero_grad()
        loss = transducer_loss(
            self.model, batch, ctc_weight=self.run.ctc_weight, dropout=self.dropout(self.step),
            token_dropout=self.run.token_dropout, delay_penalty=self.run.delay_penalty, level_SB=self._level(batch),
        )  # fmt: skip
        loss.backward()  # type: ignore[no-untyped-call]
        self._norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.run.clip))
        if not math.isfinite(self._norm):
            raise SimulationError(f"training diverged at step {self.step}: the gradient is not finite")
        self.optimizer.step()
        if self.average:
            self.average.update(self.step)
        return float(loss.detach())

    def dropout(self, step: int) -> float:
        """Share that ``step`` drops. It keeps a long run from learning its speakers by heart, and blurs what it learns:
        the last steps go without.
        """
        return self.run.dropout if step < self.run.dropout_until * self.run.steps else 0.0

    def _level(self, batch: Batch) -> Tensor | None:
        """Loudness, while the flat start lasts."""
        if self.step >= self.run.flat_start:
            return None
        return loudness(batch.x_TBF, self.recipe.features.kind, self.recipe.model.stack, self.recipe.model.reduction)

    def _evaluate(self, losses: list[float]) -> None:
        with self.average.in_place() if self.average else nullcontext():
            wer = dev_wer(self.model, self.dev, self.recipe, self.tokens)
            if wer <= self.best_wer:
                self.best_wer, self.best = wer, model_tensors(self.model)
        cpu = self._cpu_before + time.process_time() - self._started
        numbers = (
            self.step, sum(losses) / len(losses), one_cycle(self.step - 1, self.run), self._norm, wer, self.best_wer,
            cpu,
        )  # fmt: skip
        self.rows.append(dict(zip(COLUMNS, (numbers[0], *(round(n, 6) for n in numbers[1:])), strict=True)))
        self._save()

    def _save(self) -> None:
        tensors = {**model_tensors(self.model), **{f"best.{name}": value for name, value in self.best.items()}}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{key}": value.numpy() for key, value in state.items()}
        if self.average:
            tensors |= {f"average.{name}": value for name, value in self.average.tensors().items()}
        record = {
            "step": self.step,
            "best_wer": self.best_wer,
            "rows": self.rows,
            "settings": self.settings,
        }
        write_state(self.folder, tensors, record)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        files.write_bytes(self.folder / "log.csv", text.getvalue().encode(), force=True)

    def _restore(self) -> None:
        tensors, record = read_state(self.folder)
        source = self.folder / "resume.safetensors"
        refuse_other_settings(source, record.get("settings"), record.get("run"), self.settings)
        prefix = "best.model."
        self.best = {name[5:]: value for name, value in tensors.items() if name.startswith(prefix)}
        own = {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
        load_parameters(self.model, own, source)
        if self.average:
            self.average.restore({name[8:]: value for name, value in tensors.items() if name.startswith("average.")})
        state = self.optimizer.state_dict()
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, number, key = name.split(".")
                state["state"].setdefault(int(number), {})[key] = torch.from_numpy(np.array(value))
        self.optimizer.load_state_dict(state)
        self.step, self.best_wer, self.rows = record["step"], record["best_wer"], record["rows"]
        self._cpu_before = self.rows[-1]["cpu_seconds"] if self.rows else 0.0
