"""Flat start: words share the loud time evenly, each due in the second half of its share; silence is blank."""

from __future__ import annotations

import torch

from aat_training.flat_start import IGNORED, flat_start_loss, loudness


def level(quiet: int, loud: int, after: int) -> torch.Tensor:
    return torch.cat([torch.zeros(quiet), torch.ones(loud) * 5, torch.zeros(after)])


def best_logits(labels: list[int], outputs: int) -> torch.Tensor:
    logits = torch.zeros(len(labels), 1, outputs)
    for t, label in enumerate(labels):
        if label != IGNORED:
            logits[t, 0, label] = 50.0
    return logits


def loss(labels: list[int]) -> float:
    return float(
        flat_start_loss(
            best_logits(labels, 4),
            level(4, 8, 4)[:, None],
            torch.tensor([16]),
            torch.tensor([[1, 2]]),
            torch.tensor([2]),
        )
    )


def test_the_alignment_is_the_one_described():
    aligned = [0] * 4 + [IGNORED] * 2 + [1] * 2 + [IGNORED] * 2 + [2] * 2 + [IGNORED] + [0] * 3
    assert loss(aligned) < 1e-6
    assert loss([0] * 16) > 10
    swapped = [{1: 2, 2: 1}.get(label, label) for label in aligned]
    assert loss(swapped) > 10


def test_loudness_averages_stacked_and_reduced_frames():
    x = torch.arange(4.0).view(4, 1, 1).expand(4, 1, 6)
    assert loudness(x, "logmel", 3, 2).tolist() == [[0.5], [2.5]]
    cepstra = torch.zeros(2, 1, 26)
    cepstra[..., 0], cepstra[..., 13] = 1.0, 3.0
    assert loudness(cepstra, "cepstra", 2, 2).tolist() == [[2.0]]
