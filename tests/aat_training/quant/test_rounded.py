"""Weights rounded in one compiled pass: each integer of PyTorch's, at ties, at the limits, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from aat_training.quant.compiled import build, call, rounded
from aat_training.quant.rounding import integers

needs_compiler = pytest.mark.skipif(build.load(rounded.SOURCE) is None, reason="no C compiler on this machine")


@needs_compiler
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (5, 37), (64, 100)], ids=str)
def test_integers_are_pytorchs(shape, threads, monkeypatch):
    rng = torch.Generator().manual_seed(0)
    step = np.linspace(0.01, 3.0, shape[0])[:, None]
    value = torch.randint(-300, 300, shape, generator=rng) / 2 * torch.from_numpy(step)  # half of them at a tie
    value = value.float()
    monkeypatch.setattr(call, "WORTH_SHARING", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    found = {}
    for wanted in "01":
        monkeypatch.setenv("NNASIM_COMPILED", wanted)
        found[wanted] = integers(value, step, 127)
    assert torch.equal(found["0"], found["1"])
    assert found["1"].abs().max() <= 127


@needs_compiler
def test_ties_go_up_limits_hold_and_nan_stays(monkeypatch):
    monkeypatch.setenv("NNASIM_COMPILED", "1")
    value = torch.tensor([[0.5, -0.5, 1.5, -1.5, 200.0, -200.0, float("inf"), float("nan")]])
    found = rounded.rounded(value, torch.ones(1, dtype=torch.float64), 127)
    assert found is not None
    assert found[0, :7].tolist() == [1, 0, 2, -1, 127, -127, 127]
    assert found[0, 7].isnan()


@needs_compiler
def test_a_weight_that_lies_otherwise_in_memory_is_the_same_weight(monkeypatch):
    monkeypatch.setenv("NNASIM_COMPILED", "1")
    value, step = torch.arange(12.0).view(3, 4), torch.full((4,), 2.0, dtype=torch.float64)
    assert torch.equal(rounded.rounded(value.T, step, 127), rounded.rounded(value.T.contiguous(), step, 127))


def test_what_is_not_covered_is_left_to_pytorch(monkeypatch):
    step = torch.ones(2, dtype=torch.float64)
    assert rounded.rounded(torch.ones(2, 2).double(), step, 127) is None
    monkeypatch.setenv("NNASIM_COMPILED", "0")
    assert rounded.rounded(torch.ones(2, 2), step, 127) is None
    assert torch.equal(integers(torch.ones(2, 2), step.numpy()[:, None], 127), torch.ones(2, 2))


@needs_compiler
def test_what_it_does_not_cover_is_left_to_pytorch_and_nothing_is_nothing():
    value, step = torch.ones(2, 3), torch.ones(2, dtype=torch.float64)
    assert rounded.rounded(value, step.float(), 127) is None
    assert rounded.rounded(value.double(), step, 127) is None
    assert rounded.rounded(value[:0], step[:0], 127).shape == (0, 3)
