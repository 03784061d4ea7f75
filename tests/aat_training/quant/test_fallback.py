"""The CPU fall-back over whole sequences: the bits of its step-by-step version, and the gradients of it."""

from __future__ import annotations

import pytest
import torch

from aat_training.data.batches import collate
from aat_training.loss import transducer_loss
from aat_training.quant.fallback_lstm import FallbackSequence, run_float_gates
from aat_training.quant.lstm_kernel import LstmKernel, quantise_lstm
from aat_training.quant.rounding import handed_over_, not_saturated
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell
from tests.aat_training.quant.chips import CHIPS
from tests.aat_training.quant.stepwise_fallback import handed_over, stepwise_joint, stepwise_lstm

GAINS = pytest.mark.parametrize("gain", [0.1, 0.5, 4.0], ids=["small", "usual", "saturating"])


def layer(name: str = "lut8, int8 cell", *, gain: float = 0.5, units: int = 24, inputs: int = 9):
    numerics = NumericsConfig(**CHIPS[name])
    kernel = LstmKernel.of("layer", build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0)), numerics, 2.0**-7)
    rng, top = torch.Generator().manual_seed(2), 1 << (numerics.activation_bits - 1)
    shapes = (4 * units, inputs), (4 * units, units), (4 * units,)
    parameters = [gain * torch.randn(shape, generator=rng) for shape in shapes]
    x = torch.randint(-top, top, (9, 3, inputs), generator=rng).float()
    h = torch.randint(-top, top, (3, units), generator=rng).float()
    return kernel, [x, *parameters, h, torch.randn(3, units, generator=rng)]


def both(kernel: LstmKernel, values: list[torch.Tensor]):
    """h, the last c, and the gradient of each of the six inputs: the sequence's and the loop's."""
    for function in (FallbackSequence.apply, lambda *args: stepwise_lstm(args[-1], *args[:-1])):
        leaves = [value.clone().requires_grad_() for value in values]
        h, c = function(*leaves, kernel)
        probe = torch.randn(h.shape, generator=torch.Generator().manual_seed(1))
        ((h * probe).sum() * kernel.act_step + c.sum()).backward()
        yield h.detach(), c.detach(), [leaf.grad for leaf in leaves]


@GAINS
@pytest.mark.parametrize("name", CHIPS)
def test_bits_and_gradients_are_those_of_the_loop(name, gain):
    (h, c, ours), (other_h, other_c, theirs) = both(*layer(name, gain=gain))
    assert torch.equal(h, other_h)
    assert torch.equal(c, other_c)
    for gradient, expected in zip(ours, theirs, strict=True):
        assert float((gradient - expected).norm()) <= 1e-6 * float(expected.norm())


@pytest.mark.parametrize("units", [5, 16, 17, 33])
def test_rows_of_any_length_hold_the_loops_bits(units):
    (h, c, _), (other_h, other_c, _) = both(*layer(units=units))
    assert torch.equal(h, other_h)
    assert torch.equal(c, other_c)


@GAINS
def test_decoding_computes_what_training_computes(gain):
    kernel, (x, *parameters, h, c) = layer(gain=gain)
    trained, last = FallbackSequence.apply(x, *parameters, h, c, kernel)
    weights, outputs = quantise_lstm(kernel, *parameters), []
    for frame in x:
        c, trail = run_float_gates(kernel, weights, frame[None], h, c, keep=False)
        h = trail.h[-1]
        outputs.append(h)
    assert torch.equal(torch.stack(outputs), trained)
    assert torch.equal(c, last)


def test_a_h_that_saturates_passes_no_gradient_on():
    kernel, (x, *parameters, h, c) = layer()
    parameters[2] = torch.full_like(parameters[2], 100.0)  # gates at 1: c grows by one a step, h reaches 1
    trained = [p.clone().requires_grad_() for p in parameters]
    out, _ = FallbackSequence.apply(x, *trained, h, 8 + c.abs(), kernel)
    assert out.min() == 127
    out.sum().backward()
    assert all(not p.grad.any() for p in trained)


@pytest.mark.parametrize("bits", [8, 16])
def test_handing_over_rounds_half_up_at_every_tie_and_beside_it(bits):
    steps = 1 << (bits - 1)
    ties = (torch.arange(-steps, steps + 1).double() + 0.5).float() / steps
    beside = [ties.nextafter(torch.tensor(way)) for way in (-2.0, 2.0)]
    real = torch.cat([ties, *beside, torch.linspace(-1, 1, 1001), torch.tensor([0.0, 1e-30, -1e-30])]).clamp(-1, 1)
    expected = (real.double() * steps + 0.5).floor()
    assert torch.equal(handed_over_(real.clone(), bits).double(), expected.clamp(-steps, steps - 1))
    assert torch.equal(not_saturated(real, bits), expected <= steps - 1)
    assert torch.equal(handed_over_(real.clone(), bits), handed_over(real, bits))


@pytest.mark.parametrize("bits", [8, 16])
def test_the_joints_tanh_is_its_step_by_step_version(bits, on_chip):
    name = "lut8, int8 cell" if bits == 8 else "int16 activations"
    arithmetic = on_chip(NumericsConfig(**CHIPS[name]), fallback=True).arithmetic
    z = torch.randint(-30_000, 30_000, (3, 4, 5, 7), generator=torch.Generator().manual_seed(3)).float()
    ours, other = z.clone().requires_grad_(), z.clone().requires_grad_()
    hidden, expected = arithmetic.joint_hidden(ours), stepwise_joint(other, bits)
    assert torch.equal(hidden, expected)
    for out in (hidden, expected):
        (out * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    assert float((ours.grad - other.grad).norm()) <= 1e-6 * float(other.grad.norm())
    with torch.no_grad():
        assert torch.equal(arithmetic.joint_hidden(z), hidden)


def test_the_whole_recogniser_has_the_loops_loss_and_gradients(on_chip, examples, recipe, monkeypatch):
    from aat_training.quant import fallback_arithmetic

    model = on_chip(NumericsConfig(), fallback=True).train()
    batch = collate([e.x_TD for e in examples[:4]], [e.tokens for e in examples[:4]], recipe.model.stack, 2)
    trainings = []
    for loop in (False, True):
        if loop:
            by_steps = type("Loop", (), {"apply": staticmethod(lambda *args: stepwise_lstm(args[-1], *args[:-1]))})
            monkeypatch.setattr(fallback_arithmetic, "FallbackSequence", by_steps)
        model.zero_grad()
        loss = transducer_loss(model, batch, ctc_weight=0.5, dropout=0.0, token_dropout=0.0)
        loss.backward()
        trainings.append((loss.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])))
    assert torch.equal(trainings[0][0], trainings[1][0])
    assert float((trainings[0][1] - trainings[1][1]).norm()) <= 1e-6 * float(trainings[1][1].norm())
