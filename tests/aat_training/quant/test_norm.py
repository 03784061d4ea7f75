"""The layer-norm LSTM: the reference's integers over whole utterances, and the gradient of the real function."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from aat_training.checkpoint import Checkpoint
from aat_training.data.batches import collate, stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.export import constants_of
from aat_training.model.build import build_model, load_parameters, model_tensors
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.norm_lstm import EPSILON, NormLstm
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate, record
from aat_training.quant.chip_arithmetic import LOGIT_STEP, ChipArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.fallback_lstm import FallbackSequence
from aat_training.quant.lstm import LstmKernel, LstmSequence
from aat_training.quant.lstm_norm import Gain, NormSlopes
from aat_training.quant.placed_arithmetic import PlacedArithmetic
from aat_training.recipes import tiny, with_layer_norm
from aat_training.trainer import Trainer
from nnasim.compiler import CompiledTrace
from nnasim.errors import NumericsError
from nnasim.functional.cosimulate import run_on_chip
from nnasim.functional.datapath import SramDatapath
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.layer_norm import layer_norm, quantise_gain
from nnasim.numerics.layers import Ranges, build_cell
from nnasim.reference import Reference, decode
from tests.aat_training.conftest import WORDS
from tests.aat_training.quant.chips import CHIPS
from workloads.rnnt.builder import build_graphs, symbolic_utterance

RECIPE, OUTPUTS = with_layer_norm(tiny()), len(WORDS) + 1


@pytest.fixture(scope="module")
def float_norm_model() -> Rnnt:
    torch.manual_seed(5)
    model = build_model(RECIPE, OUTPUTS, FloatArithmetic())
    with torch.no_grad():  # gains that differ, some beyond the chip's int16
        for name in model.layers:
            for gain in (model.recurrent(name).module.gain_x, model.recurrent(name).module.gain_h):
                gain.copy_(1.5 * torch.randn_like(gain))
        model.recurrent("enc0").module.gain_x[3] = 9.0
        model.output.weight.mul_(6.0)  # so that symbols are emitted
    return model.eval()


@pytest.fixture(scope="module")
def norm_histograms(float_norm_model, examples):
    batches = [collate([e.x_TD], [e.tokens], RECIPE.model.stack, RECIPE.model.reduction) for e in examples[:6]]
    return {name.removeprefix("calibration."): h for name, h in record(float_norm_model, batches).items()}


@pytest.fixture(scope="module")
def norm_on_chip(float_norm_model, norm_histograms):
    def build(numerics: NumericsConfig, *, fallback: bool = False) -> Rnnt:
        scheme = calibrate(norm_histograms, numerics, "mse", "test")
        model = build_model(RECIPE, OUTPUTS, (FallbackArithmetic if fallback else ChipArithmetic)(scheme))
        load_parameters(model, {n[6:]: v for n, v in model_tensors(float_norm_model).items()}, "test")
        return model.eval()

    return build


def decoded(model: Rnnt, frames: torch.Tensor) -> GreedyDecoder:
    decoder = GreedyDecoder(model, RECIPE.model.max_symbols, keep_logits=True)
    decoder.feed(frames)
    return decoder


def trace_of(model: Rnnt, numerics: NumericsConfig, utterance: Utterance) -> OpTrace:
    tensors, graphs = build_graphs(model.shape, numerics, "aat")
    return OpTrace(
        system="aat", placement=placement_of("aat"), numerics=numerics, tensors=tensors, graphs=graphs,
        utterances=(utterance,),
    )  # fmt: skip


def features(model: Rnnt, frames: torch.Tensor) -> np.ndarray:
    return ((frames - model.feature_mean) * model.feature_scale).numpy().astype(np.float64)


@pytest.mark.parametrize("name", CHIPS)
def test_tokens_and_logits_of_whole_utterances_are_the_references(name, norm_on_chip, examples):
    numerics = NumericsConfig(**CHIPS[name])
    model = norm_on_chip(numerics)
    trace = trace_of(model, numerics, symbolic_utterance(model.shape, 2, 0))
    reference, compared = Reference(trace, constants_of(model)), 0
    for example in examples[:2]:
        frames = stacked(example.x_TD, RECIPE.model.stack)
        done = decoded(model, frames).decoded
        tokens, logits = decode(reference, features(model, frames), RECIPE.model.max_symbols)
        ours = torch.stack(done.logits).double().numpy() / LOGIT_STEP
        assert tokens == done.tokens
        np.testing.assert_array_equal(ours, np.stack(logits))
        compared += ours.size
    assert compared > 200
    assert tokens
    assert len(np.unique(ours)) > 20


def test_the_functional_chip_computes_the_decoders_logits(norm_on_chip, examples):
    numerics = NumericsConfig()
    model, frames = norm_on_chip(numerics), stacked(examples[0].x_TD, RECIPE.model.stack)
    done = decoded(model, frames).decoded
    utterance = Utterance(
        id="u", audio_seconds=len(frames) * 0.03, arrivals=tuple((t + 1) * 0.03 for t in range(len(frames))),
        call_graphs=tuple(done.call_graphs), call_frames=tuple(done.call_frames),
    )  # fmt: skip
    compiled = CompiledTrace(trace_of(model, numerics, utterance), load_preset("edge256", []))
    chip = SramDatapath(compiled, constants_of(model))
    run_on_chip(compiled, chip, utterance, features(model, frames))
    np.testing.assert_array_equal(np.stack(chip.logits), torch.stack(done.logits).double().numpy() / LOGIT_STEP)
    assert done.tokens


@pytest.mark.parametrize("fallback", [False, True], ids=["chip", "fallback"])
def test_training_and_decoding_compute_the_same(fallback, norm_on_chip, examples):
    model = norm_on_chip(NumericsConfig(), fallback=fallback)
    x = stacked(examples[0].x_TD, RECIPE.model.stack)[:, None]
    with torch.no_grad():
        whole, _ = model.encode(x)
    trained, _ = model.encode(x)
    assert trained.requires_grad
    assert torch.equal(whole, trained)


@pytest.mark.parametrize("system", ["aat", "cpu_fallback"])
def test_a_placed_layer_is_the_chips_and_the_fallbacks_at_its_ends(system, norm_on_chip, examples):
    expected = norm_on_chip(NumericsConfig(), fallback=system == "cpu_fallback")
    trace = trace_of(expected, NumericsConfig(), symbolic_utterance(expected.shape, 2, 0))
    ops = [op for graph in trace.graphs.values() for op in graph.ops]
    model, frames = norm_on_chip(NumericsConfig()), stacked(examples[0].x_TD, RECIPE.model.stack)
    model.arithmetic = PlacedArithmetic(
        model.arithmetic.scheme, {op.name: placement_of(system)[op.group] for op in ops}
    )
    placed, whole = (decoded(each, frames).decoded for each in (model, expected))
    assert whole.tokens
    assert placed.tokens == whole.tokens
    assert torch.equal(torch.stack(placed.logits), torch.stack(whole.logits))


class TestTheFloatLayer:
    def test_a_step_is_the_published_formula(self):
        torch.manual_seed(0)
        layer, x, h, c = NormLstm(5, 4), torch.randn(3, 5), torch.randn(3, 4), torch.randn(3, 4)
        layer.gain_x.data, layer.gain_h.data = torch.randn(16), torch.randn(16)

        def norm(v: torch.Tensor) -> torch.Tensor:
            return (v - v.mean(-1, keepdim=True)) / v.std(-1, correction=0, keepdim=True)

        z = norm(x @ layer.weight_ih_l0.T + layer.bias_ih_l0) * layer.gain_x
        z = z + norm(h @ layer.weight_hh_l0.T) * layer.gain_h
        i, f, g, o = z.chunk(4, -1)
        expected = f.sigmoid() * c + i.sigmoid() * g.tanh()
        out, cell = layer.step(x, h, c)
        torch.testing.assert_close(cell, expected)
        torch.testing.assert_close(out, o.sigmoid() * expected.tanh())

    def test_a_sequence_is_its_steps(self):
        torch.manual_seed(0)
        layer, x = NormLstm(5, 4), torch.randn(6, 3, 5)
        whole, (last_h, last_c) = layer(x)
        h = c = torch.zeros(3, 4)
        for t, frame in enumerate(x):
            h, c = layer.step(frame, h, c)
            torch.testing.assert_close(whole[t], h)
        torch.testing.assert_close((last_h[0], last_c[0]), (h, c))


def test_a_gain_is_quantised_as_the_reference_has_it_and_has_no_gradient_where_it_saturates():
    real = torch.tensor([0.0, 1.0, -8.5, 7.99999, 9.0, 0.5 / 4096, -0.5 / 4096])
    gain = Gain.of(real, "enc0.norm_x")
    np.testing.assert_array_equal(gain.integers.numpy(), quantise_gain(real.double().numpy()))
    assert gain.inside.tolist() == [True, True, False, False, False, True, True]
    share = torch.randint(-9000, 9000, (3, 2, 7), generator=torch.Generator().manual_seed(0)).double()
    np.testing.assert_array_equal(
        gain(share).numpy(), layer_norm(share.numpy().astype(np.int64), quantise_gain(real.double().numpy()))
    )


def test_the_gradient_of_a_norm_is_that_of_the_real_function():
    rng = torch.Generator().manual_seed(3)
    integers = torch.randint(-20_000, 20_000, (5, 2, 12), generator=rng).double()
    integers[1, 0] = 77.0  # a constant vector: no deviation to divide by
    gain, dy = Gain.of(torch.randn(12, generator=rng), "norm"), torch.randn(5, 2, 12, generator=rng)
    real = (integers * 2.0**-GATE_FRAC).requires_grad_()
    weight = gain.real.double().requires_grad_()
    (nn.functional.layer_norm(real, (12,), weight, None, EPSILON) * dy).sum().backward()
    slopes = NormSlopes.of(integers, gain)
    for slope, expected in ((slopes.back(dy), real.grad), (slopes.into_gain(dy), weight.grad)):
        assert float((slope - expected).norm()) <= 1e-6 * float(expected.norm())
    torch.testing.assert_close(slopes.back(dy[2], 2), slopes.back(dy)[2], rtol=0, atol=0)


def case(gain: float, units: int = 12, inputs: int = 9):
    numerics, rng = NumericsConfig(), torch.Generator().manual_seed(2)
    kernel = LstmKernel.of("layer", build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0)), numerics, 2.0**-7)
    shapes = (4 * units, inputs), (4 * units, units), (4 * units,), (4 * units,), (4 * units,)
    parameters = [gain * torch.randn(shape, generator=rng) for shape in shapes]
    x = torch.randint(-128, 128, (7, 3, inputs), generator=rng).float()
    h = torch.randint(-128, 128, (3, units), generator=rng).float()
    return kernel, x, parameters, h, torch.randint(-100, 100, (3, units), generator=rng).float()


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0], ids=["small", "usual", "saturating"])
def test_gradients_of_the_chips_layer_equal_step_by_step_autograd(gain):
    from tests.aat_training.quant.stepwise_norm import stepwise_norm

    kernel, x, parameters, h, c = case(gain)
    probe = torch.randn(7, 3, 12, generator=torch.Generator().manual_seed(5))
    ours = [p.clone().requires_grad_() for p in (x, *parameters, h, c)]
    out, last_c = LstmSequence.apply(ours[0], *ours[1:4], *ours[6:], kernel, *ours[4:6])
    ((out * kernel.act_step * probe).sum() + (last_c * kernel.cell.cell_scale).sum()).backward()
    theirs = [p.double().requires_grad_() for p in (x, *parameters, h, c)]
    other, other_c = stepwise_norm(kernel, *theirs)
    np.testing.assert_array_equal(out.detach().numpy(), (other.detach() / kernel.act_step).round().numpy())
    ((other * probe.double()).sum() + other_c.sum()).backward()
    for leaf, expected in zip(ours, theirs, strict=True):
        assert float((leaf.grad - expected.grad).norm()) <= 1e-6 * float(expected.grad.norm()) + 1e-12


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0], ids=["small", "usual", "saturating"])
def test_gradients_of_the_fallbacks_layer_equal_step_by_step_autograd(gain):
    from tests.aat_training.quant.stepwise_fallback import stepwise_lstm

    kernel, x, parameters, h, c = case(gain)
    results = []
    for function in (
        lambda *values: FallbackSequence.apply(*values[:6], kernel, *values[6:]),
        lambda *values: stepwise_lstm(kernel, *values),
    ):
        leaves = [p.clone().requires_grad_() for p in (x, *parameters[:3], h, c * 0.03, *parameters[3:])]
        out, last_c = function(*leaves)
        ((out * torch.linspace(-1, 1, 12)).sum() * kernel.act_step + last_c.sum()).backward()
        results.append((out.detach(), last_c.detach(), [leaf.grad for leaf in leaves]))
    (out, last_c, ours), (other, other_c, theirs) = results
    assert torch.equal(out, other)
    assert torch.equal(last_c, other_c)
    for gradient, expected in zip(ours, theirs, strict=True):
        assert float((gradient - expected).norm()) <= 2e-6 * float(expected.norm())


@pytest.mark.parametrize("which", [4, 5])
def test_a_gain_that_is_no_number_is_named(which):
    kernel, x, parameters, h, c = case(1.0)
    parameters[which - 1][5] = float("nan")
    with pytest.raises(NumericsError, match=rf"layer\.norm_{'xh'[which - 4]}: gain = .*must be finite"):
        LstmSequence.apply(x, *parameters[:3], h, c, kernel, *parameters[3:])


@pytest.mark.parametrize("arithmetic", ["float", "aat", "qat"])
def test_it_learns(arithmetic, norm_on_chip, float_norm_model, examples, tmp_path):
    from aat_training.data.parts import ExamplesInMemory
    from aat_training.tokens import WordTokens

    if arithmetic == "float":
        torch.manual_seed(0)
        model = build_model(RECIPE, OUTPUTS, FloatArithmetic())
    else:
        model = norm_on_chip(NumericsConfig(), fallback=arithmetic == "qat")
    run = RECIPE.aat_run.model_copy(update={"learning_rate": 3e-3})
    train_set = ExamplesInMemory(examples[:4], RECIPE, run)
    trainer = Trainer(model, RECIPE, run, WordTokens(WORDS), train_set, examples[:2], tmp_path)
    before = model.recurrent("enc0").module.gain_h.detach().clone()
    batch = next(trainer.steps())
    losses = [trainer.update(repeat(batch)) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]
    assert not torch.equal(before, model.recurrent("enc0").module.gain_h)


def test_it_travels_in_a_checkpoint(norm_histograms, float_norm_model, examples, tmp_path):
    from aat_training.checkpoint import write_checkpoint
    from aat_training.systems import load_system
    from aat_training.tokens import WordTokens

    tensors = model_tensors(float_norm_model) | {f"calibration.{n}": h for n, h in norm_histograms.items()}
    folder = tmp_path / "float"
    folder.mkdir()
    write_checkpoint(folder, Checkpoint(folder / "model.safetensors", RECIPE, WordTokens(WORDS), "float", tensors))
    _, model, _ = load_system(folder, "naive", NumericsConfig())
    assert model.shape.layer_norm
    assert torch.equal(model.recurrent("enc1").module.gain_h, float_norm_model.recurrent("enc1").module.gain_h)
    assert decoded(model, stacked(examples[0].x_TD, RECIPE.model.stack)).decoded.logits
