"""Beam search over one utterance, frame by frame, with a record of every call that it took.

Time-synchronous search after Graves, "Sequence Transduction with Recurrent Neural Networks" (2012), with at most
``max_symbols`` symbols a frame. Hypotheses of equal symbols are merged (their probabilities add), whichever way they
came about, and the prediction network's state is cached by symbols, so it runs once per hypothesis ever extended.

A compiled program works on one buffer for the prediction network's h and c and for its projection, so the hypotheses
share it: what a prediction step has made is saved to the hypothesis's own slot (``hypothesis_save``), and what another
hypothesis left in the buffer is replaced before a prediction step (``hypothesis_load``: h and c of the hypothesis that
branches) or a joint step (``projection_load``). Greedy decoding has one hypothesis and copies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p

import torch
from torch import Tensor

from aat_training.decode.greedy import Decoded
from aat_training.devices import on
from aat_training.model.layer import LayerState
from aat_training.model.rnnt import EncoderState, Rnnt
from aat_training.tokens import BLANK
from workloads.rnnt.hypotheses import HYPOTHESIS_LOAD, HYPOTHESIS_SAVE, PROJECTION_LOAD


@dataclass(frozen=True)
class Hypothesis:
    """Symbols, the frame at which each left, and their log probability, summed over alignments."""

    tokens: tuple[int, ...]
    emissions: tuple[int, ...]
    score: float


def log_add(a: float, b: float) -> float:
    """log(e^a + e^b)."""
    return max(a, b) + log1p(exp(-abs(a - b)))


def merged(hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """Equal hypotheses as one, best first; ties by their symbols, so that the order never depends on chance."""
    by_tokens: dict[tuple[int, ...], Hypothesis] = {}
    for hypothesis in sorted(hypotheses, key=lambda h: (-h.score, h.tokens)):
        twin = by_tokens.get(hypothesis.tokens)
        both = (
            Hypothesis(hypothesis.tokens, twin.emissions, log_add(twin.score, hypothesis.score)) if twin else hypothesis
        )
        by_tokens[hypothesis.tokens] = both
    return sorted(by_tokens.values(), key=lambda h: (-h.score, h.tokens))


class BeamDecoder:
    """A decoder that keeps the ``width`` best hypotheses; ``decoded`` holds the best one's tokens and every call."""

    def __init__(self, model: Rnnt, max_symbols: int, width: int) -> None:
        self.model, self.max_symbols, self.width = model, max_symbols, width
        self.decoded = Decoded()
        self.beam = [Hypothesis((), (), 0.0)]
        self._predicted: dict[tuple[int, ...], tuple[Tensor, dict[str, LayerState]]] = {}
        self._scored: dict[tuple[int, ...], list[float]] = {}
        self._encoder: EncoderState | None = None
        self._frames = self._waiting = 0
        self._state_of: tuple[int, ...] | None = None  # whose h and c, and whose projection, the buffer holds
        self._projection_of: tuple[int, ...] | None = None

    @torch.no_grad()
    def feed(self, x_TF: Tensor) -> list[int]:
        """The tokens of the best hypothesis after a chunk of stacked features (T, F)."""
        if not self._predicted:
            self._predict((), 0)
        encoded, self._encoder = self.model.encode(on(x_TF[:, None], self.model.device), self._encoder)
        outputs = iter(self.model.project_encoder(encoded)[:, 0]) if len(encoded) else iter(())
        for _ in range(len(x_TF)):
            frame, self._frames = self._frames, self._frames + 1
            self.decoded.called("encoder", frame)
            self._waiting = (self._waiting + 1) % self.model.shape.reduction
            if self._waiting == 0:
                if self.model.shape.reduction > 1:
                    self.decoded.called("encoder_top", frame)
                self._search(next(outputs), frame)
        best = self.beam[0]
        self.decoded.tokens, self.decoded.emissions = list(best.tokens), list(best.emissions)
        return self.decoded.tokens

    def _search(self, enc_J: Tensor, frame: int) -> None:
        """Search one encoder output: extend by up to ``max_symbols`` symbols, then end the frame with a blank."""
        alive, ended = self.beam, list[Hypothesis]()
        for symbols in range(self.max_symbols + 1):
            extended: list[Hypothesis] = []
            for hypothesis in alive:
                scores = self._scores(enc_J, hypothesis.tokens, frame)
                ended.append(Hypothesis(hypothesis.tokens, hypothesis.emissions, hypothesis.score + scores[BLANK]))
                if symbols < self.max_symbols:
                    extended += self._extensions(hypothesis, scores, frame)
            ended = merged(ended)[: self.width]
            # What is worse than all that have ended can never become better: probabilities only shrink.
            floor = ended[-1].score if len(ended) == self.width else float("-inf")
            alive = [hypothesis for hypothesis in merged(extended)[: self.width] if hypothesis.score > floor]
            if not alive:
                break
        self.beam = ended
        self._forget()

    def _scores(self, enc_J: Tensor, tokens: tuple[int, ...], frame: int) -> list[float]:
        """Log probabilities of all symbols after ``tokens`` at this encoder output, computed once."""
        if tokens not in self._scored:
            if tokens not in self._predicted:
                self._predict(tokens, frame)
            if self._projection_of != tokens:
                self.decoded.called(PROJECTION_LOAD, frame)
                self._projection_of = tokens
            self.decoded.called("joint", frame)
            logits = self.model.logits(enc_J[None], self._predicted[tokens][0])[0]
            self._scored[tokens] = logits.double().log_softmax(-1).tolist()
        return self._scored[tokens]

    def _extensions(self, hypothesis: Hypothesis, scores: list[float], frame: int) -> list[Hypothesis]:
        best = sorted((n for n in range(len(scores)) if n != BLANK), key=lambda n: (-scores[n], n))[: self.width]
        return [
            Hypothesis((*hypothesis.tokens, n), (*hypothesis.emissions, frame), hypothesis.score + scores[n])
            for n in best
        ]

    def _predict(self, tokens: tuple[int, ...], frame: int) -> None:
        if tokens and self._state_of != tokens[:-1]:
            self.decoded.called(HYPOTHESIS_LOAD, frame)
        self.decoded.called("prediction", frame)
        self.decoded.called(HYPOTHESIS_SAVE, frame)
        self._state_of = self._projection_of = tokens
        state = self._predicted[tokens[:-1]][1] if tokens else None
        out, fresh = self.model.predict(on([[tokens[-1] if tokens else BLANK]], self.model.device), state)
        self._predicted[tokens] = self.model.project_prediction(out[0]), fresh

    def _forget(self) -> None:
        """Keep the states of the beam only: what has left it may come back, and is then computed again."""
        self._predicted = {hypothesis.tokens: self._predicted[hypothesis.tokens] for hypothesis in self.beam}
        self._scored.clear()
