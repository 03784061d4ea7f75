"""RNN-T loss with an auxiliary CTC loss on the encoder."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.data.batches import Batch
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
    level_SB: Tensor | None = None,
) -> Tensor:
    """Mean loss per utterance of one batch (a scalar); ``level_SB``: loudness, while the flat start lasts."""
    from torchaudio.functional import rnnt_loss

    def between(x: Tensor) -> Tensor:
        return F.dropout(x, dropout, training=dropout > 0)

    encoded_SBH, _ = model.encode(batch.x_TBF, between=between if dropout else None)
    if dropout:
        encoded_SBH = between(encoded_SBH)
    inputs_UB = F.pad(batch.tokens_BU, (1, 0), value=BLANK).T
    keep_UB = (torch.rand(inputs_UB.shape) >= token_dropout).float() if token_dropout else None
    predicted_UBH, _ = model.predict(inputs_UB, keep_UB=keep_UB)
    enc_BSJ = model.project_encoder(encoded_SBH).transpose(0, 1)
    pred_BUJ = model.project_prediction(predicted_UBH).transpose(0, 1)
    logits_BSUV = model.logits(enc_BSJ[:, :, None], pred_BUJ[:, None])
    loss = rnnt_loss(
        logits_BSUV.contiguous(), batch.tokens_BU.int(), batch.lengths.int(), batch.token_lengths.int(),
        blank=BLANK, reduction="mean",
    )  # fmt: skip
    if ctc_weight or level_SB is not None:
        logits_SBV = model.ctc_logits(encoded_SBH)
        loss = loss + ctc_weight * _ctc(logits_SBV, batch)
        if level_SB is not None:
            loss = loss + flat_start_loss(logits_SBV, level_SB, batch.lengths, batch.tokens_BU, batch.token_lengths)
    return loss


def _ctc(logits_SBV: Tensor, batch: Batch) -> Tensor:
    total = F.ctc_loss(
        logits_SBV.log_softmax(-1), batch.tokens_BU, batch.lengths, batch.token_lengths,
        blank=BLANK, reduction="sum", zero_infinity=True,
    )  # fmt: skip
    return total / len(batch.lengths)
