"""The point-wise half as GPU kernels: PyTorch's bits, and code for GPUs, on a machine that has none."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from aat_training.quant.fused import steps
from aat_training.quant.fused.steps import cell_constants
from tests.aat_training.quant.test_compiled import kernel_of

LONGEST_S = 300
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")


def said(program: str, **variables: str) -> list[str]:
    """The lines of a program of the tests, run under such an environment."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    words = [sys.executable, "-m", f"tests.aat_training.quant.{program}"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_S, env=environment)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


@needs_triton
def test_results_and_gradients_are_pytorchs_bit_for_bit_by_tritons_interpreter() -> None:
    assert said("interpreted", TRITON_INTERPRET="1") == ["30 layers, bit for bit", "24 replays, bit for bit"]


@needs_triton
def test_every_form_of_the_kernels_is_code_for_gpus_without_fused_multiply_adds(tmp_path: Path) -> None:
    lines = said("compiled_for_gpus", TRITON_CACHE_DIR=str(tmp_path))
    assert len(lines) == 8
    assert all(line.endswith(": 0") for line in lines)


def test_without_a_gpu_there_are_no_kernels_and_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert steps.obstacle(torch.device("cpu")) == "no kernels for cpu"
    assert steps.state(torch.device("cpu")) == "plain PyTorch (no kernels for cpu)"
    monkeypatch.setenv("NNASIM_COMPILED", "0")
    assert steps.obstacle(torch.device("cuda")) == "NNASIM_COMPILED=0"


def test_kernels_that_cannot_be_run_are_told_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("Failed to find C compiler.\nPlease specify via CC")

    for name, broken, why in (
        ("find_spec", lambda name: None, "triton is not installed"),
        ("_launch", fail, "triton: RuntimeError: Failed to find C compiler. Please specify via CC"),
        ("_launch", lambda *arguments: None, "triton: ArithmeticError: a step of known numbers comes out wrong"),
    ):
        steps._found_obstacle.cache_clear()
        with monkeypatch.context() as patched:
            patched.setattr(steps, "find_spec", lambda name: True)
            patched.setattr(steps, name, broken)
            assert steps.obstacle(torch.device("cpu")) == why
    steps._found_obstacle.cache_clear()


def test_constants_stand_in_the_order_in_which_the_kernel_reads_them() -> None:
    cell = kernel_of("lut16, int8 cell").cell
    pairs = [(int(s.mult), int(s.shift)) for s in (cell.keep, cell.update, cell.cell, cell.output)]
    assert cell_constants(kernel_of("lut16, int8 cell")).tolist() == [*sum(pairs, ()), -128, 127, -128, 127]
