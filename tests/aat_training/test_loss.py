"""The RNN-T loss: without a delay penalty torchaudio's own, bit for bit; with one, a sum over alignments."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
import torch
from torch import Tensor
from torchaudio.functional import rnnt_loss

from aat_training.data.batches import Batch
from aat_training.loss import distance_from, rnnt
from aat_training.tokens import BLANK

LENGTHS, TOKENS, TOKEN_LENGTHS = [5, 3], [[1, 2, 3], [2, 1, 0]], [3, 2]


@pytest.fixture
def batch() -> Batch:
    features = torch.zeros(5, 2, 1)
    return Batch(features, torch.tensor(TOKENS), torch.tensor(LENGTHS), torch.tensor(TOKEN_LENGTHS))


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()


def over_alignments(logits_BSUV: Tensor, penalty: float) -> Tensor:
    """Mean loss in float64: the probabilities of all alignments, one by one."""
    log_probs = logits_BSUV.double().log_softmax(-1)
    return torch.stack([utterance_loss(log_probs[n], n, penalty) for n in range(2)]).mean()


def utterance_loss(log_probs_SUV: Tensor, number: int, penalty: float) -> Tensor:
    length, tokens = LENGTHS[number], TOKENS[number][: TOKEN_LENGTHS[number]]
    alignments = []
    for leaves_at in combinations_with_replacement(range(length), len(tokens)):
        symbols = sum(
            log_probs_SUV[output, place, token] + penalty * ((length - 1) / 2 - output)
            for place, (output, token) in enumerate(zip(leaves_at, tokens, strict=True))
        )
        blanks = sum(log_probs_SUV[s, sum(at <= s for at in leaves_at), BLANK] for s in range(length))
        alignments.append(symbols + blanks)
    return -torch.stack(alignments).logsumexp(0)


@pytest.mark.parametrize("penalty", [0.0, 0.01, 0.3])
def test_loss_and_gradients_are_those_of_the_sum_over_all_alignments(batch, logits, penalty):
    loss, expected = rnnt(logits, batch, penalty), over_alignments(logits, penalty)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    (gradient,), (by_hand,) = (torch.autograd.grad(of, logits) for of in (loss, expected))
    torch.testing.assert_close(gradient, by_hand, rtol=1e-5, atol=1e-6)


def test_without_a_penalty_the_bits_are_torchaudios(batch, logits):
    loss = rnnt(logits, batch)
    plain = rnnt_loss(
        logits, batch.tokens_BU.int(), batch.lengths.int(), batch.token_lengths.int(), blank=BLANK,
        reduction="mean",
    )  # fmt: skip
    assert torch.equal(loss, plain)
    assert torch.equal(*(torch.autograd.grad(of, logits)[0] for of in (loss, plain)))


def test_a_penalty_moves_weight_to_alignments_whose_symbols_leave_early(batch):
    """From logits without a preference, descent raises the first symbol at the first output and lowers it late."""
    logits = torch.zeros(2, 5, 4, 4, requires_grad=True)
    plain, penalised = (torch.autograd.grad(rnnt(logits, batch, penalty), logits)[0] for penalty in (0.0, 0.3))
    assert penalised[0, 0, 0, 1] < plain[0, 0, 0, 1]
    assert penalised[0, 4, 0, 1] > plain[0, 4, 0, 1]


class Identity:
    """A model whose arithmetic is real already."""

    arithmetic = property(lambda self: self)

    @staticmethod
    def real_activation(x: Tensor) -> Tensor:
        return x


def test_the_distance_from_a_teacher_counts_outputs_of_the_utterance_only(batch) -> None:
    encoded, teacher = torch.zeros(5, 2, 4), torch.ones(5, 2, 4)
    teacher[3:, 1] = 100.0  # behind the second utterance's end
    assert float(distance_from(Identity(), encoded, teacher, batch)) == (5 + 3) / 2
    teacher[0, 0] = 3.0
    assert float(distance_from(Identity(), encoded, teacher, batch)) == (9 + 4 + 3) / 2
