"""RNN-T loss with an auxiliary CTC loss on the encoder; it may favour symbols that leave early."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.data.batches import Batch
from aat_training.devices import CPU
from aat_training.draws import Draws, WholeBatch
from aat_training.flat_start import flat_start_loss
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import BLANK


def transducer_loss(
    model: Rnnt,
    batch: Batch,
    *,
    ctc_weight: float,
    dropout: float,
    token_dropout: float,
    delay_penalty: float = 0.0,
    distillation: float = 0.0,
    teacher_SBH: Tensor | None = None,
    level_SB: Tensor | None = None,
    draws: Draws | None = None,
) -> Tensor:
    """Mean loss per utterance of one batch (a scalar); ``level_SB``: loudness, while the flat start lasts.

    ``teacher_SBH``: a float model's outputs, which the encoder is kept near with weight ``distillation``.
    ``draws`` decides what dropout leaves out; None: drawn for this batch alone, by torch's global generator.
    """
    drawn = draws or WholeBatch()

    def between(x: Tensor) -> Tensor:
        return drawn.dropped(x, dropout)

    encoded_SBH, _ = model.encode(batch.x_TBF, between=between if dropout else None)
    distance = 0.0 if teacher_SBH is None else distillation * distance_from(model, encoded_SBH, teacher_SBH, batch)
    if dropout:
        encoded_SBH = between(encoded_SBH)
    inputs_UB = F.pad(batch.tokens_BU, (1, 0), value=BLANK).T
    keep_UB = drawn.kept(inputs_UB, token_dropout) if token_dropout else None
    predicted_UBH, _ = model.predict(inputs_UB, keep_UB=keep_UB)
    # A part of a batch is as long as the longest utterance of all of it, and the RNN-T loss wants its own longest.
    outputs, symbols = int(batch.lengths.max()), int(batch.token_lengths.max())
    enc_BSJ = model.project_encoder(encoded_SBH[:outputs]).transpose(0, 1)
    pred_BUJ = model.project_prediction(predicted_UBH[: symbols + 1]).transpose(0, 1)
    logits_BSUV = model.logits(enc_BSJ[:, :, None], pred_BUJ[:, None])
    loss = rnnt(logits_BSUV, batch, delay_penalty) + distance
    if ctc_weight or level_SB is not None:
        logits_SBV = model.ctc_logits(encoded_SBH)
        loss = loss + ctc_weight * _ctc(logits_SBV, batch)
        if level_SB is not None:
            loss = loss + flat_start_loss(logits_SBV, level_SB, batch.lengths, batch.tokens_BU, batch.token_lengths)
    return loss


def distance_from(model: Rnnt, encoded_SBH: Tensor, teacher_SBH: Tensor, batch: Batch) -> Tensor:
    """Squared difference of the encoder's outputs: mean over units, summed over an utterance, mean of those (a scalar).

    Hinton et al., "Distilling the knowledge in a neural network", 2015, on hidden outputs as Romero et al., "FitNets",
    2015: the encoder learns to correct its rounding where it arises, not only where a word is wrong.
    """
    inside_SB = torch.arange(len(encoded_SBH), device=encoded_SBH.device)[:, None] < batch.lengths
    apart_SB = ((model.arithmetic.real_activation(encoded_SBH) - teacher_SBH) ** 2).mean(-1)
    return (apart_SB * inside_SB).sum() / len(batch.lengths)


def rnnt(logits_BSUV: Tensor, batch: Batch, delay_penalty: float = 0.0) -> Tensor:
    """Mean RNN-T loss (a scalar) of ``logits_BSUV``, float32; ``delay_penalty`` [nats per encoder output]."""
    from torchaudio.functional import rnnt_loss

    scores_BSUV = sooner(logits_BSUV, batch.lengths, delay_penalty) if delay_penalty else logits_BSUV
    tokens_BU = batch.tokens_BU[:, : scores_BSUV.shape[2] - 1].int().contiguous()
    loss: Tensor = rnnt_loss(
        scores_BSUV.contiguous(), tokens_BU, batch.lengths.int(), batch.token_lengths.int(),
        blank=BLANK, reduction="mean", fused_log_softmax=not delay_penalty,
    )  # fmt: skip
    return loss


def sooner(logits_BSUV: Tensor, lengths_B: Tensor, delay_penalty: float) -> Tensor:
    """Log-probabilities (B, S, U, V) in which a symbol at output s has gained penalty * ((S - 1) / 2 - s).

    Blanks gain nothing, so of two alignments the one whose symbols leave earlier weighs more. ``lengths_B``: encoder
    outputs of each utterance, the S of the sum. Kang et al., "Delay-penalized transducer for low-latency streaming
    ASR", 2022.
    """
    outputs_S = torch.arange(logits_BSUV.shape[1], device=logits_BSUV.device)
    gain_BS = delay_penalty * ((lengths_B[:, None] - 1) / 2 - outputs_S)
    symbols_V = logits_BSUV.new_ones(logits_BSUV.shape[-1])
    symbols_V[BLANK] = 0.0
    return logits_BSUV.log_softmax(-1) + gain_BS[:, :, None, None] * symbols_V


def _ctc(logits_SBV: Tensor, batch: Batch) -> Tensor:
    # On the CPU, wherever the model is: the gradient of torch's CUDA kernel adds in an order that is never the same.
    here = batch.to(CPU)
    total = F.ctc_loss(
        logits_SBV.log_softmax(-1).to(CPU), here.tokens_BU, here.lengths, here.token_lengths,
        blank=BLANK, reduction="sum", zero_infinity=True,
    )  # fmt: skip
    return (total / len(batch.lengths)).to(logits_SBV.device)
