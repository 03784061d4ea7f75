"""`--explain-numerics` names the kernel of each product and its reason, on machines of every kind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("torch")

import torch

from aat_training import computing
from aat_training.computing import numerics_lines
from aat_training.quant import float_product, int8_product
from aat_training.quant.compiled import lstm_back, lstm_steps
from aat_training.quant.int8_product import Verdict
from nnasim.numerics.config import NumericsConfig

PRODUCTS = 9  # of the model `on_chip`
PROGRAM = """
import torch
from aat_training.quant.int8_product import verdict
print(verdict(16, 256, 256, 8, 8).why)
"""


def kernels(lines: list[str]) -> dict[str, list[str]]:
    """The kernels of each product, by its name."""
    rows = (re.fullmatch(r"(\S+\.\S+) +(\w+) \(\w\) +(\w+) \(\w\)", line) for line in lines)
    return {row[1]: [row[2], row[3]] for row in rows if row}


def reasons(lines: list[str]) -> list[str]:
    return [line for line in lines if re.match(r"\(\w\) ", line)]


@pytest.fixture
def unprobed() -> Iterator[None]:
    int8_product._probed.cache_clear()
    yield
    int8_product._probed.cache_clear()


def test_products_are_named_with_their_kernel_by_rows_and_the_reason(on_chip, monkeypatch):
    sooner, float_sooner = Verdict("rows", "sooner"), Verdict(None, "float is sooner")
    monkeypatch.setattr(int8_product, "_probed", lambda rows, k, n: sooner if rows > 1 else float_sooner)
    monkeypatch.setattr(lstm_steps, "loops", lambda kernel, weights: False)
    lines = numerics_lines(on_chip(NumericsConfig()), NumericsConfig(), 1)
    assert list(kernels(lines).values()) == [["float", "int8"]] * PRODUCTS
    assert reasons(lines) == ["(a) float, exact in the type above: float is sooner", "(b) torch._int_mm: sooner"]


def test_products_of_the_compiled_loop_are_told_apart(on_chip, monkeypatch):
    monkeypatch.setattr(int8_product, "_probed", lambda rows, k, n: Verdict("rows", "sooner"))
    monkeypatch.setattr(lstm_steps, "loops", lambda kernel, weights: True)
    lines = numerics_lines(on_chip(NumericsConfig()), NumericsConfig(), 8)
    looped = {name for name, row in kernels(lines).items() if row == ["loop", "loop"]}
    assert looped == {"enc0.h_mm", "enc1.h_mm", "pred0.h_mm"}
    assert "(b) int8 in the compiled loop over time: exact by its probe" in lines
    monkeypatch.setenv("NNASIM_INT8", "0")
    assert "loop" not in " ".join(numerics_lines(on_chip(NumericsConfig()), NumericsConfig(), 8)[10:-1])


def test_a_kernel_that_saturates_is_told_and_float_computes_all(on_chip, unprobed, monkeypatch):
    monkeypatch.setattr(int8_product, "_is_exact", lambda *operands: False)
    lines = numerics_lines(on_chip(NumericsConfig()), NumericsConfig(), 8, trained=0.0)
    assert set(map(tuple, kernels(lines).values())) == {("float", "float")}
    assert reasons(lines) == ["(a) float, exact in the type above: the int8 kernel saturates here"]


@pytest.mark.parametrize(
    ("variable", "why"),
    [
        ({"NNASIM_INT8": "0"}, "NNASIM_INT8=0"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, "the int8 kernel saturates here"),
    ],
    ids=str,
)
def test_the_reason_follows_the_environment_of_the_process(variable, why):
    """The second makes a machine without VNNI of one that has it; where it changes nothing, there is nothing to see."""
    found = [
        subprocess.run([sys.executable, "-c", PROGRAM], env={**os.environ, **more}, capture_output=True, text=True)
        for more in ({}, variable)
    ]
    own, told = (each.stdout.strip() for each in found)
    if own == told:
        pytest.skip(f"on this machine the variable changes nothing: {own}")
    assert told == why


def test_an_accumulator_that_may_overflow_is_followed_in_float64(on_chip):
    # Narrower than any preset may be, so unchecked.
    numerics = NumericsConfig.model_construct(**{**dict(NumericsConfig()), "accumulator_bits": 15, "overflow": "wrap"})
    lines = numerics_lines(on_chip(numerics), numerics, 8)
    assert any("its accumulator may overflow" in line for line in reasons(lines))


def test_backward_products_are_told_where_a_model_is_trained(on_chip, monkeypatch):
    model, numerics = on_chip(NumericsConfig()), NumericsConfig()
    assert not [line for line in numerics_lines(model, numerics, 8) if line.startswith("backward")]
    if float_product.obstacle(torch.empty(0)) is None:
        assert numerics_lines(model, numerics, 8, trained=0.0)[-1].startswith("backward products: oneDNN (within 1e-05")
    monkeypatch.setattr(float_product, "obstacle", lambda tensor: "this torch has no oneDNN")
    by = "backward products: torch.mm (this torch has no oneDNN)"
    monkeypatch.setattr(lstm_back, "multiplies", lambda: False)
    assert numerics_lines(model, numerics, 8, trained=0.0)[-1] == by
    monkeypatch.setattr(lstm_back, "multiplies", lambda: True)
    assert numerics_lines(model, numerics, 8, trained=0.0)[-1] == (
        f"{by}; in the loop over time the compiled part, where its sums have the same bits"
    )


def test_what_dropout_scales_up_is_told_to_be_multiplied_in_float(on_chip):
    model, numerics = on_chip(NumericsConfig()), NumericsConfig()
    (line,) = (line for line in numerics_lines(model, numerics, 8, trained=0.1) if "dropout" in line)
    assert line.endswith(": enc1.x, joint_enc.mm")
    assert not [line for line in numerics_lines(model, numerics, 8, trained=0.0) if "dropout" in line]


def test_a_float_model_has_nothing_to_explain(float_model):
    assert numerics_lines(float_model, None, 8, trained=0.1) == [
        "float arithmetic: no integers to bound",
        "LSTM steps: float",
    ]


def test_one_row_and_many_are_named_as_such():
    (head,) = computing.forward_lines([], (1, 256))
    assert head.split("  ")[0] == "computed by"
    assert head.endswith("1 row    256 rows or more")
