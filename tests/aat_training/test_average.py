"""Averaged weights: what is averaged, and that the model gets its own back."""

from __future__ import annotations

from contextlib import suppress

import pytest
import torch

from aat_training.average import WeightAverage


def layer(value):
    linear = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        linear.weight.fill_(value)
    return linear


def averaged(model, average):
    with average.in_place():
        return float(model.weight.detach())


def test_an_average_moves_by_the_share_that_the_decay_leaves():
    model = layer(0.0)
    average = WeightAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average.update(1000)
    assert averaged(model, average) == pytest.approx(0.1)
    average.update(1001)
    assert averaged(model, average) == pytest.approx(0.19)


def test_a_young_average_forgets_its_random_start():
    model = layer(0.0)
    average = WeightAverage(model, 0.999)
    with torch.no_grad():
        model.weight.fill_(1.0)
    for step in range(30):
        average.update(step)
    assert averaged(model, average) > 0.99


def test_the_model_gets_its_own_weights_back_even_after_an_error():
    model = layer(0.3)
    average = WeightAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(0.7)
    with suppress(KeyError), average.in_place():
        assert float(model.weight.detach()) == pytest.approx(0.3)
        raise KeyError
    assert float(model.weight.detach()) == pytest.approx(0.7)


def test_an_average_goes_on_from_what_it_stored():
    model, other = layer(0.1), layer(0.9)
    first, second = WeightAverage(model, 0.9), WeightAverage(other, 0.9)
    second.restore(first.tensors())
    assert averaged(other, second) == pytest.approx(0.1)


def test_what_is_not_trained_is_left_alone():
    model = layer(0.1)
    model.weight.requires_grad_(False)
    assert WeightAverage(model, 0.9).tensors() == {}
