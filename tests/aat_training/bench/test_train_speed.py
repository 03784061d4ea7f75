"""The benchmark measures what it says: equal work for all, ratios within a round, nothing that was not run."""

from __future__ import annotations

import os

import pytest
import torch

from aat_training.bench import interleaved, train_speed
from aat_training.bench.layers import ChipStack, Size, compiled_part
from aat_training.recipes import tiny

SMALL = Size(layers=2, units=8, batch=2, frames=3)


@pytest.fixture
def clock(monkeypatch):
    """CPU time that the contenders themselves move on."""
    now = [0.0]
    monkeypatch.setattr(interleaved.time, "process_time", lambda: now[0])
    return now


def test_cost_is_the_median_of_ratios_within_rounds(clock):
    # The machine is ten times slower in the second round, for both: the ratio does not see it.
    speed = iter([1, 1, 1, 3, 10, 30, 2, 6])

    def work():
        clock[0] += next(speed)

    (timing,) = interleaved.interleave({"theirs": work, "ours": work}, rounds=3)
    assert timing.cost == 3
    assert timing.figure() == {"value": 6, "unit": "s", "compared_with": "theirs: 2 s", "ratio": 0.333}


def test_contenders_take_turns_and_the_first_round_is_not_counted(clock):
    order = []
    timings = interleaved.interleave({name: lambda name=name: order.append(name) or tick(clock) for name in "abc"}, 2)
    assert order == list("abc" * 3)
    assert [timing.name for timing in timings] == ["b", "c"]


def test_several_threads_have_a_clock_of_their_own(clock):
    wall = iter(range(100))
    (timing,) = interleaved.interleave({"theirs": lambda: None, "ours": lambda: None}, 1, lambda: next(wall))
    assert (timing.seconds, timing.yardstick_seconds) == (1, 1)


def tick(clock):
    clock[0] += 1


def test_every_figure_is_there_and_is_positive():
    timings = train_speed.lstm_timings(SMALL, 1) + train_speed.step_timings(tiny(), 1)
    figures = train_speed.figures(timings)
    assert {"train_lstm_plain", "train_aat_step_plain"} <= set(figures)
    assert all(figure["value"] > 0 and figure["ratio"] > 0 for figure in figures.values())


def test_our_layer_does_all_of_the_work():
    stack, x = ChipStack(SMALL), SMALL.noise()
    out = stack(x)[0]
    out.sum().backward()
    assert torch.equal(out, out.round())
    assert all(p.grad.any() for name, p in stack.named_parameters() if "bias_hh" not in name)
    assert x.grad is not None  # d loss / d input is computed, as torch.nn.LSTM computes it


@pytest.mark.parametrize("before", [None, "0", "1"])
def test_the_switch_is_put_back(before, monkeypatch):
    monkeypatch.delenv("NNASIM_COMPILED", raising=False)
    if before is not None:
        monkeypatch.setenv("NNASIM_COMPILED", before)
    with compiled_part(True):
        assert os.environ["NNASIM_COMPILED"] == "1"
    assert os.environ.get("NNASIM_COMPILED") == before
