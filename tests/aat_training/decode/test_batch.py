"""Utterances decoded at once: of each the symbols, their times, and the calls that it takes alone, in every system."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional as F
from torch.nn.functional import pad

from aat_training.data.batches import stacked
from aat_training.decode import corpus
from aat_training.decode.batch import Symbols, decoded_as, greedy_batch
from aat_training.decode.corpus import decode_together
from aat_training.decode.greedy import GreedyDecoder
from aat_training.devices import CPU
from aat_training.model import rows
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.placement import arithmetic_under
from aat_training.quant.calibration import calibrate
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from nnasim.compiler.policies import POLICIES
from nnasim.hardware import load_preset
from nnasim.numerics.config import NumericsConfig

MAX_SYMBOLS = 3
LENGTHS = (1, 2, 3, 40, 7, 70, 33, 21, 5)  # stacked frames; the first is shorter than a reduction
EXACT = ["cpu_int8", "cpu_fallback", "chip", *POLICIES]  # no bit depends on the neighbours


def arithmetic(name: str, model: Rnnt, histograms):
    if name == "float":
        return FloatArithmetic()
    if name == "cpu_int8":
        return DynamicArithmetic()
    scheme = calibrate(histograms, NumericsConfig(), "mse", "test")
    if name in POLICIES:
        return arithmetic_under(POLICIES[name], model.shape, scheme, "naive", load_preset("edge256"))
    return FallbackArithmetic(scheme) if name == "cpu_fallback" else ChipArithmetic(scheme)


@pytest.fixture
def in_arithmetic(float_model: Rnnt, histograms):
    """(name) -> the model, whose layers of 24 and 16 units do not fill a vector, in that arithmetic."""

    def build(name: str) -> Rnnt:
        model = copy.deepcopy(float_model)
        model.arithmetic = arithmetic(name, model, histograms)
        return model

    return build


@pytest.fixture(scope="module")
def frames(examples, recipe) -> list[torch.Tensor]:
    """Stacked features of uneven lengths, cut out of the speech of all examples."""
    speech = stacked(torch.cat([example.x_TD for example in examples]), recipe.model.stack)
    return [speech[17 * number :][:length] for number, length in enumerate(LENGTHS)]


def alone(model: Rnnt, x_TF: torch.Tensor, cuts: list[int] | None = None):
    decoder = GreedyDecoder(model, MAX_SYMBOLS)
    for chunk in torch.tensor_split(x_TF, cuts or []):
        decoder.feed(chunk)
    return decoder.decoded


@pytest.mark.parametrize("name", ["float", *EXACT])
def test_each_utterance_has_the_words_times_and_calls_that_it_has_alone_and_as_a_stream(in_arithmetic, frames, name):
    model = in_arithmetic(name)
    together = decode_together(model, frames, MAX_SYMBOLS)
    assert together == [alone(model, x_TF) for x_TF in frames]
    assert together == [alone(model, x_TF, cuts=[1, 8, 9]) for x_TF in frames]
    assert sum(len(decoded.tokens) for decoded in together) > len(frames)


@pytest.mark.parametrize("name", EXACT)
@torch.no_grad()
def test_no_bit_of_an_utterance_depends_on_those_beside_it(in_arithmetic, frames, name):
    model = in_arithmetic(name)
    assert model.arithmetic.disturbance(CPU) == 0
    predicted = model.project_prediction(model.predict(torch.zeros(1, 1, dtype=torch.long))[0][0])
    longest = max(LENGTHS)
    together, _ = model.encode(torch.stack([pad(x_TF, (0, 0, 0, longest - len(x_TF))) for x_TF in frames], dim=1))
    projected = model.project_encoder(together)
    logits = model.logits(projected.flatten(0, 1), predicted.expand(projected[..., 0].numel(), -1))
    for number, x_TF in enumerate(frames[1:], start=1):
        own, _ = model.encode(x_TF[:, None])
        assert torch.equal(own[:, 0], together[: len(own), number])
        for output, row in enumerate(model.project_encoder(own)[:, 0]):
            assert torch.equal(
                model.logits(row[None], predicted)[0], logits.view(*projected.shape[:2], -1)[output, number]
            )


@torch.no_grad()
def test_floats_move_by_less_than_a_hundredth_of_what_is_called_near(in_arithmetic, frames):
    model = in_arithmetic("float")
    x_TF = frames[5]
    own, beside = (model.encode(x)[0][:, 0] for x in (x_TF[:, None], x_TF[:, None].expand(-1, 32, -1)))
    predicted = model.project_prediction(model.predict(torch.zeros(1, 1, dtype=torch.long))[0][0])
    ours, theirs = (model.logits(model.project_encoder(x[:, None])[:, 0], predicted) for x in (own, beside))
    moved = (ours - theirs).abs().amax(-1) / ours.abs().amax(-1)
    assert float(moved.max()) < model.arithmetic.disturbance(CPU) / 100


@pytest.fixture
def again(monkeypatch) -> list[int]:
    """The lengths of the utterances that were decoded again, alone."""
    lengths: list[int] = []
    decode_alone = corpus._alone
    monkeypatch.setattr(
        corpus, "_alone", lambda model, x_TF, most: lengths.append(len(x_TF)) or decode_alone(model, x_TF, most)
    )
    return lengths


def test_an_utterance_is_decoded_again_where_two_symbols_are_as_good(in_arithmetic, frames, again):
    model = in_arithmetic("float")
    said = alone(model, frames[5]).tokens
    twin = 1 + said[0] % 4
    with torch.no_grad():
        model.output.weight[twin], model.output.bias[twin] = model.output.weight[said[0]], model.output.bias[said[0]]
    together = decode_together(model, [frames[5], frames[0]], MAX_SYMBOLS)
    assert again == [len(frames[5])]  # and not the one that is too short to have an output
    assert together == [alone(model, frames[5]), alone(model, frames[0])]


def test_what_is_no_number_is_decoded_again(in_arithmetic, frames, again):
    broken = frames[3].clone()
    broken[5] = torch.nan
    decode_together(in_arithmetic("float"), [frames[0], broken, frames[0]], MAX_SYMBOLS)
    assert again == [len(broken)]


@pytest.mark.parametrize("name", EXACT)
def test_where_no_bit_depends_on_others_nothing_is_decoded_again(in_arithmetic, frames, again, name):
    decode_together(in_arithmetic(name), frames, MAX_SYMBOLS)
    assert again == []


def test_where_any_word_may_depend_on_others_each_is_decoded_alone(in_arithmetic, frames, again, monkeypatch):
    model = in_arithmetic("vela")
    monkeypatch.setattr(model.arithmetic, "disturbance", lambda device: float("inf"))
    decode_together(model, frames[:3], MAX_SYMBOLS)
    assert again == list(LENGTHS[:3])


def test_too_short_for_any_output_there_are_no_symbols(in_arithmetic, frames):
    assert greedy_batch(in_arithmetic("chip"), frames[0][:, None], [0], MAX_SYMBOLS) == [Symbols()]


def test_calls_are_those_of_streaming():
    """Two symbols at the first output, which is full; none at the second; the last frame waits for another."""
    decoded = decoded_as(Symbols([4, 2], [0, 0]), frames=5, reduction=2, max_symbols=2)
    first = ["encoder", "encoder", "encoder_top", "joint", "prediction", "joint", "prediction"]
    assert decoded.call_graphs == ["prediction", *first, "encoder", "encoder", "encoder_top", "joint", "encoder"]
    assert decoded.call_frames == [0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4]
    assert (decoded.tokens, decoded.emissions) == ([4, 2], [1, 1])


@pytest.mark.parametrize("width", [1, 7, 16, 20, 37, 64])
@pytest.mark.parametrize("function", [torch.sigmoid, torch.tanh])
@torch.no_grad()
def test_a_function_of_each_row_is_that_of_the_row_alone(function, width):
    x = 4 * torch.randn(5, 3, width, generator=torch.Generator().manual_seed(width))
    expected = torch.stack([function(row.clone()[None])[0] for row in x.view(15, width)]).view(x.shape)
    assert torch.equal(rows.each_row(function, x), expected)


@pytest.mark.parametrize("biased", [True, False])
@torch.no_grad()
def test_a_product_of_each_row_is_that_of_the_row_alone(biased):
    rng = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(*shape, generator=rng) for shape in ((5, 3, 120), (77, 120), (77,)))
    own_bias = bias if biased else None
    expected = torch.cat([F.linear(row[None], weight, own_bias) for row in x.view(15, 120)]).view(5, 3, 77)
    assert torch.equal(rows.linear(x, weight, own_bias), expected)
