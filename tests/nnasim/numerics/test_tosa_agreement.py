"""Agrees with Arm's reference model of TOSA: the quick core. Ten million values: tests/proof/run_tosa_agreement.py."""

from __future__ import annotations

import importlib.util

import pytest

from tests.nnasim.numerics import checks
from tests.proof import cases
from tests.proof.freeze_vectors import VECTORS, load

CORE = 100_000


def test_every_operator_whole_cells_and_the_joint_agree_on_every_value() -> None:
    if importlib.util.find_spec("tosa_reference_model") is None:
        pytest.skip("tosa-tools is not installed (dev extra); the frozen vectors stand in")
    from tests.proof.run_tosa_agreement import count

    compared, different = count(cases.small())
    assert different.total() == 0
    assert compared.total() > CORE
    assert set(compared) == {
        "requantise", "table", "unit", "matmul", "mul", "add", "conv", "bmm", "mean", "argmax", "embedding", "lstm",
        "joint",
    }  # fmt: skip


def test_the_frozen_answers_agree_without_the_reference_model() -> None:
    checks.frozen_vectors()


def test_the_frozen_answers_cover_every_operator_and_50_steps() -> None:
    stored = load()
    assert {case.operator for case, _ in stored} == {
        "requantise", "table", "unit", "matmul", "mul", "add", "conv", "bmm", "mean", "argmax", "embedding", "lstm",
        "joint",
    }  # fmt: skip
    assert all(len(case.arrays["x"]) == cases.STEPS for case, _ in stored if case.operator == "lstm")
    assert VECTORS.stat().st_size < 250_000
