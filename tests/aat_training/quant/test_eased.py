"""One choice of the arithmetic eased: nothing else moves, and what is eased is what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from aat_training.decode.corpus import decode_corpus
from aat_training.model.build import build_model, load_parameters, model_tensors
from aat_training.quant.calibration import calibrate
from aat_training.quant.eased import EasedArithmetic, eased_scheme
from aat_training.quant.placed_arithmetic import PlacedArithmetic
from nnasim.ir.trace import placement_of
from nnasim.numerics.config import NumericsConfig
from workloads.rnnt.builder import build_graphs

TODAY = NumericsConfig()


@pytest.fixture
def units(on_chip):
    placement = placement_of("aat")
    _, graphs = build_graphs(on_chip(TODAY).shape, TODAY, "aat")
    return {op.name: placement[op.group] for graph in graphs.values() for op in graph.ops}


@pytest.fixture
def model_of(recipe, on_chip):
    """arithmetic -> the same weights in it."""

    def build(arithmetic):
        chip = on_chip(TODAY)
        model = build_model(recipe, chip.shape.outputs, arithmetic)
        load_parameters(model, {name[6:]: value for name, value in model_tensors(chip).items()}, "test")
        return model.eval()

    return build


def logits_of(model, examples, recipe):
    """Logits of the blank's joint over some frames, real numbers."""
    x = torch.cat([example.x_TD for example in examples[:4]])[:96]
    stacked = x[: len(x) // recipe.model.stack * recipe.model.stack].reshape(-1, 1, recipe.model.stack * x.shape[1])
    with torch.no_grad():
        encoded, _ = model.encode(stacked)
        predicted, _ = model.predict(torch.zeros((1, 1), dtype=torch.long))
        enc, pred = model.project_encoder(encoded)[:, 0], model.project_prediction(predicted)[:, 0]
        return model.logits(enc, pred.expand_as(enc))


@pytest.mark.parametrize(
    "changes", [{"cell_bits": 16}, {"activation": "lut16"}, {"activation_bits": 16, "accumulator_bits": 48}]
)
def test_a_calibrated_model_eased_is_that_calibrated_for_the_finer_chip(changes, float_checkpoint, histograms):
    finer = TODAY.with_(changes)
    eased = eased_scheme(calibrate(histograms, TODAY, "mse", "test"), float_checkpoint, finer)
    expected = calibrate(histograms, finer, "mse", "test")
    assert eased.record() == expected.record()
    assert all((eased.tables[name] == table).all() for name, table in expected.tables.items())


def test_a_trained_model_keeps_the_ranges_that_the_field_has_no_say_in(float_checkpoint, histograms):
    calibrated = calibrate(histograms, TODAY, "mse", "test")
    trained_layers = {name: replace(ranges, sigmoid=3.25, cell=5.5) for name, ranges in calibrated.layers.items()}
    trained = replace(calibrated, layers=trained_layers, joint_range=2.75, input_range=7.5, tables={})
    eased = eased_scheme(trained, float_checkpoint, TODAY.with_({"cell_bits": 16}))
    assert (eased.joint_range, eased.input_range) == (2.75, 7.5)
    assert {ranges.sigmoid for ranges in eased.layers.values()} == {3.25}
    moved = {name for name, ranges in calibrated.layers.items() if ranges.cell != 16.0}
    assert moved
    assert {name for name, ranges in eased.layers.items() if ranges.cell == 16.0} == moved


@pytest.mark.parametrize("real", ["activation", "cell", "weights"])
def test_a_real_part_moves_logits_a_little_and_comes_closer_to_float(
    real, on_chip, float_model, model_of, units, examples, recipe
):
    scheme = on_chip(TODAY).arithmetic.scheme
    today, eased = (
        logits_of(model_of(arithmetic), examples, recipe)
        for arithmetic in (PlacedArithmetic(scheme, units), EasedArithmetic(scheme, units, real))
    )
    chip = logits_of(on_chip(TODAY), examples, recipe)
    assert torch.equal(today, chip)
    expected = logits_of(float_model, examples, recipe)
    assert not torch.equal(eased, today)
    assert (eased - today).abs().mean() < (expected - today).abs().mean() * 4


def test_a_product_with_real_weights_reads_integers_and_is_rounded_once(on_chip, float_model, units):
    arithmetic = EasedArithmetic(on_chip(TODAY).arithmetic.scheme, units, "weights")
    layer = float_model.linear("output")
    x = torch.randint(-128, 128, (5, layer.module.in_features)) / 128
    with torch.no_grad():
        exact = x.double() @ layer.module.weight.double().T + layer.module.bias.double()
        found = arithmetic.project(float_model, layer, x + 1e-4)  # rounded to what the chip passes on
    assert torch.equal(found, torch.floor(exact * 2**12 + 0.5) / 2**12)


def test_decoding_side_by_side_and_one_by_one_gives_the_same_words(model_of, on_chip, units, examples, recipe):
    from aat_training.tokens import WordTokens

    model = model_of(EasedArithmetic(on_chip(TODAY).arithmetic.scheme, units, "cell"))
    tokens = WordTokens(["one", "two", "three", "four"])
    together = decode_corpus(model, examples[:6], recipe, tokens)
    assert together == [pair for example in examples[:6] for pair in decode_corpus(model, [example], recipe, tokens)]
