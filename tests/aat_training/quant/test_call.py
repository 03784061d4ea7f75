"""The threads that share compiled work: torch's own, each with rows of its own, and the same bits for any number."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from aat_training.quant import int8_product
from aat_training.quant.compiled import build, call, lstm_back
from aat_training.quant.int8_product import Verdict
from tests.aat_training.quant.test_compiled import inputs, kernel_of, run

needs_compiler = pytest.mark.skipif(build.load(lstm_back.SOURCE) is None, reason="no C compiler on this machine")


@needs_compiler
@pytest.mark.parametrize("team", ["torch's", "none"])
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_any_number_of_threads_has_the_same_bits(threads, team, monkeypatch):
    kernel = kernel_of("lut8, int8 cell")
    values, before = inputs(kernel, 0.5, batch=13), torch.get_num_threads()
    monkeypatch.setattr(int8_product, "_probed", lambda *shape: Verdict("rows", "is exact, as test_int8_product shows"))
    monkeypatch.setattr(call, "WORTH_SHARING", 1)
    if team == "none":
        monkeypatch.setattr(call, "_team", lambda: None)
    try:
        torch.set_num_threads(1)
        alone = run(kernel, values)
        torch.set_num_threads(threads)
        assert all(torch.equal(a, b) for a, b in zip(alone, run(kernel, values), strict=True))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("batch", "threads", "rows"), [(16, 1, 16), (16, 2, 8), (10, 2, 8), (3, 2, 4), (33, 4, 12), (1, 8, 4)]
)
def test_every_thread_has_rows_and_takes_whole_tiles(batch, threads, rows, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert call.rows_of_a_thread(batch, 4, products=call.WORTH_SHARING) == rows


def test_little_work_is_not_shared(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert call.rows_of_a_thread(32, 4, products=call.WORTH_SHARING // 32 - 1) == 32
