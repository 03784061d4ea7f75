"""`cpu_int8`: both products of every step in int8, gates in float, whoever else is decoded beside it."""

import numpy as np
import pytest
import torch

from aat_training.data.batches import stacked
from nnasim.numerics.dynamic import channel_quantise, dynamic_product


@pytest.fixture
def model(dynamic_model):
    return dynamic_model


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def test_a_layer_is_its_products_in_int8_and_its_gates_in_float(model):
    layer = model.recurrent("enc0").module
    w_ih, w_hh, bias = (p.detach().numpy() for p in (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0))
    x = np.random.default_rng(0).normal(size=(5, 1, layer.input_size)).astype(np.float32)
    with torch.no_grad():
        out, _ = model.arithmetic.recurrent(model, model.recurrent("enc0"), torch.from_numpy(x), None)
    h = c = np.zeros((1, layer.hidden_size), np.float32)
    for step, output in zip(x, out.numpy(), strict=True):
        gates = dynamic_product(step, channel_quantise(w_ih), bias) + dynamic_product(h, channel_quantise(w_hh))
        i, f, g, o = np.split(gates, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        assert np.abs(sigmoid(o) * np.tanh(c) - output).max() < 1e-6
        h, c = output, c.astype(np.float32)


def test_an_utterance_does_not_hear_its_neighbours(model, examples, recipe):
    frames = [stacked(example.x_TD, recipe.model.stack)[:6] for example in examples[:3]]
    with torch.no_grad():
        together, _ = model.encode(torch.cat([part.reshape(6, 1, -1) for part in frames], dim=1))
        for index, part in enumerate(frames):
            alone, _ = model.encode(part.reshape(6, 1, -1))
            assert torch.equal(alone[:, 0], together[:, index])


def test_it_is_near_float_and_not_float(model, float_model, examples, recipe):
    from aat_training.model.float_arithmetic import FloatArithmetic

    frames = stacked(examples[0].x_TD, recipe.model.stack)
    with torch.no_grad():
        int8, _ = model.encode(frames.reshape(len(frames), 1, -1))
        model.arithmetic = FloatArithmetic()
        real, _ = model.encode(frames.reshape(len(frames), 1, -1))
    assert 0 < float((int8 - real).abs().max()) < 0.05
