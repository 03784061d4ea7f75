"""Library switches that round float products behind the caller's back: training with exact integers refuses them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import torch

from aat_training.data.batches import collate
from aat_training.loss import transducer_loss
from nnasim.errors import NumericsError
from nnasim.numerics.config import NumericsConfig


@contextlib.contextmanager
def products_in(mode: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(mode)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def tf32() -> Iterator[None]:
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


SWITCHES = {
    "autocast": (lambda: torch.autocast("cpu", dtype=torch.bfloat16), "autocast = 'torch.bfloat16'"),
    "medium": (lambda: products_in("medium"), "float32 matmul precision = 'medium'"),
    "high": (lambda: products_in("high"), "float32 matmul precision = 'high'"),
    "TF32": (tf32, "float32 matmul precision = 'high'"),
}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("fallback", [False, True], ids=["chip", "fallback"])
@pytest.mark.parametrize("layer", ["enc0", "joint_enc"])
def test_exact_operators_refuse_it_and_name_themselves(switch, fallback, layer, on_chip):
    model, (turned_on, message) = on_chip(NumericsConfig(), fallback=fallback), SWITCHES[switch]
    run = {
        "enc0": lambda: model.arithmetic.recurrent(model, model.recurrent("enc0"), torch.zeros(2, 1, 60), None),
        "joint_enc": lambda: model.project_encoder(torch.zeros(1, 24)),
    }[layer]
    with turned_on(), pytest.raises(NumericsError, match=rf"{layer}\..*{message}"):
        run()


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_training_step_under_it_is_refused(switch, on_chip, examples, recipe):
    model, (turned_on, message) = on_chip(NumericsConfig()).train(), SWITCHES[switch]
    batch = collate([examples[0].x_TD], [examples[0].tokens], recipe.model.stack, recipe.model.reduction)
    with turned_on(), pytest.raises(NumericsError, match=message):
        transducer_loss(model, batch, ctc_weight=0.5, dropout=0.0, token_dropout=0.0)
