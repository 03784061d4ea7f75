"""Products in integers: the sums of the float road, from a kernel that is asked before it is trusted."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
import torch

from aat_training.quant import int8_product
from aat_training.quant.int8_product import Factor, Verdict, as_int8, verdict

SHAPES = [(1, 1, 1), (1, 3, 7), (5, 3, 7), (17, 36, 96), (33, 144, 576), (3, 2053, 11)]

# Prints a digest of integers that a layer with the worst operands computes, and who computed them.
PROGRAM = """
import hashlib, torch
from aat_training.quant.int8_product import Factor
digest, kernels = hashlib.sha256(), set()
for rows, k, n in [(1, 3, 7), (16, 256, 64), (33, 144, 96), (5, 1024, 32)]:
    for low, high in [(-128, -127), (127, 127), (-128, 127)]:
        chance = torch.Generator().manual_seed(k)
        x = torch.full((rows, k), float(low))
        x[rows // 2 :] = torch.where(torch.rand(k, generator=chance) < 0.5, low, 127)
        factor = Factor(torch.full((n, k), float(high)), 8, 8, "layer")
        digest.update(factor.product(x).double().numpy().tobytes())
        kernels.add(factor.verdict(rows).why)
print(digest.hexdigest(), sorted(kernels))
"""


def answer(**environment: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    digest, kernels = done.stdout.strip().split(" ", 1)
    return digest, kernels


def worst(rows: int, k: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    x = torch.randint(2, (rows, k), generator=chance) * 255 - 128
    w = torch.randint(2, (n, k), generator=chance) * 254 - 127
    x[0], w[0] = -128, -127
    return x, w


@pytest.fixture
def asked():
    """Nothing has been probed yet, and what is probed here is forgotten."""
    int8_product._probed.cache_clear()
    yield
    int8_product._probed.cache_clear()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layout", [None, "rows", "columns"])
def test_every_kernel_and_layout_gives_the_integers(shape, layout, monkeypatch):
    x, w = worst(*shape)
    factor = Factor(w.float(), 8, 8, "layer")
    if layout is not None and int8_product._probed(*shape).why not in (
        "exact by its probe, and sooner than float",
        "int8 is exact by its probe, but float is sooner",
    ):
        pytest.skip("this machine's int8 kernel saturates")
    monkeypatch.setattr(int8_product, "verdict", lambda *shape: Verdict(layout, ""))
    assert torch.equal(factor.product(x.float()[None]).long(), (x @ w.T)[None])


def test_a_machine_whose_kernel_saturates_computes_the_same_integers_in_float():
    # Without the VNNI instructions, bytes are multiplied by ones that add two products in 16 bits and saturate.
    own, bad, off = answer(), answer(ONEDNN_MAX_CPU_ISA="AVX2"), answer(NNASIM_INT8="0")
    assert own[0] == bad[0] == off[0]
    assert off[1] == "['NNASIM_INT8=0']"
    saturates = "['the int8 kernel saturates here']"
    if own[1] == saturates:
        pytest.skip("this machine's int8 kernel saturates without being told to")
    if bad[1] == own[1]:
        pytest.skip("on this machine the variable changes nothing")
    assert saturates[1:-1] in bad[1]


def test_a_kernel_with_one_wrong_sum_is_not_used(asked, monkeypatch):
    real = torch._int_mm

    def one_wrong(a, b):
        product = real(a, b)
        product[-1, -1] += 1
        return product

    monkeypatch.setattr(torch, "_int_mm", one_wrong)
    assert verdict(4, 8, 8, 8, 8) == Verdict(None, "the int8 kernel saturates here")


def test_a_shape_that_the_kernel_refuses_is_multiplied_in_float(asked, monkeypatch):
    def refuses(a, b):
        raise RuntimeError("self.size(0) needs to be greater than 16")

    monkeypatch.setattr(torch, "_int_mm", refuses)
    x, w = worst(5, 3, 7)
    factor = Factor(w.float(), 8, 8, "layer")
    assert factor.verdict(5) == Verdict(None, "refused by the int8 kernel")
    assert torch.equal(factor.product(x.float()).long(), x @ w.T)


@pytest.mark.parametrize(("seconds", "layout"), [(1.0, None), (3.0, "rows")])
def test_the_sooner_of_two_is_used(seconds, layout, asked, monkeypatch):
    times = {"float": seconds, "rows": 2.0, "columns": 4.0}
    monkeypatch.setattr(int8_product, "_is_exact", lambda *operands: True)
    monkeypatch.setattr(int8_product, "_seconds", lambda *operands: times)
    assert verdict(4, 8, 8, 8, 8).layout == layout


@pytest.mark.parametrize(
    ("asking", "why"),
    [
        ((4, 8, 8, 16, 8), "16-bit operands"),
        ((4, 140_000, 8, 8, 8), "may leave int32"),
        ((0, 8, 8, 8, 8), "nothing to multiply"),
        ((4, 8, 8, 8, 8, torch.device("lazy")), "not probed on lazy"),
    ],
)
def test_what_int8_cannot_be_is_never_asked(asking, why, monkeypatch):
    monkeypatch.setattr(int8_product, "_probed", lambda *shape: pytest.fail("was probed"))
    assert verdict(*asking) == Verdict(None, why)


def test_a_shape_is_probed_once(asked, monkeypatch):
    counts = []
    real = int8_product._is_exact
    monkeypatch.setattr(int8_product, "_is_exact", lambda *operands: counts.append(operands) or real(*operands))
    factor = Factor(worst(1, 8, 8)[1].float(), 8, 8, "layer")
    for rows in (4, 5, 6, 7, 4):
        factor.product(torch.ones(rows, 8))
    assert len(counts) in (2, 4)  # both ends of 4 to 7 rows, in each layout; a wrong first end asks no more


def test_what_is_no_int8_is_told_apart():
    assert as_int8(torch.tensor([-128.0, 127.0, -0.0])).tolist() == [-128, 127, 0]
    whole = torch.tensor([-128, 127, 5], dtype=torch.int8)
    assert as_int8(whole).tolist() == whole.tolist() == [-128, 127, 5]  # and is not written to
    for value in (128.0, -129.0, 0.5, float("nan"), float("inf"), 1e30):
        assert as_int8(torch.tensor([1.0, value])) is None


def test_inputs_that_dropout_scaled_up_are_multiplied_in_float():
    x, w = worst(6, 8, 8)
    scaled = x.float() / 0.75
    factor = Factor(w.float(), 8, 8, "layer")
    assert torch.equal(factor.product(scaled), scaled @ w.float().T)


def test_trained_weights_are_the_same_bits_with_and_without_it(on_chip, examples, recipe, monkeypatch):
    from aat_training.data.batches import collate
    from aat_training.loss import transducer_loss
    from nnasim.numerics.config import NumericsConfig

    def trained(int8: str, compiled: str, dropout: float) -> str:
        monkeypatch.setenv("NNASIM_INT8", int8)
        monkeypatch.setenv("NNASIM_COMPILED", compiled)
        model = on_chip(NumericsConfig()).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for step in range(3):
            part = examples[4 * step : 4 * step + 4]
            batch = collate(
                [e.x_TD for e in part], [e.tokens for e in part], recipe.model.stack, recipe.model.reduction
            )
            torch.manual_seed(step)
            optimizer.zero_grad()
            transducer_loss(model, batch, ctc_weight=0.5, dropout=dropout, token_dropout=0.1).backward()
            optimizer.step()
        digest = hashlib.sha256()
        for parameter in model.parameters():
            digest.update(parameter.detach().numpy().tobytes())
        return digest.hexdigest()

    for dropout in (0.0, 0.2):
        assert len({trained(int8, compiled, dropout) for int8 in "01" for compiled in "01"}) == 1
