"""The whole-sequence LSTM: forward equals the cell of nnasim.numerics, backward equals step-by-step autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.quant import float_product
from aat_training.quant.lstm import LstmKernel, LstmSequence, gate_order, project_input, quantise_lstm
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.layers import Ranges, build_cell

GATE = 2.0**-GATE_FRAC


def layer(numerics: NumericsConfig, *, units=12, inputs=9, gain=1.0, seed=0, gradient="output"):
    rng = torch.Generator().manual_seed(seed)
    cell = build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0))
    kernel = LstmKernel.of("layer", cell, numerics, 2.0**-7, gradient)
    parameters = [
        gain * torch.randn(shape, generator=rng) for shape in ((4 * units, inputs), (4 * units, units), (4 * units,))
    ]
    x = torch.randint(-128, 128, (7, 3, inputs), generator=rng).float()
    h = torch.randint(-128, 128, (3, units), generator=rng).float()
    c = torch.randint(-100, 100, (3, units), generator=rng).float()
    return kernel, parameters, x, h, c


@pytest.mark.parametrize(
    "options", [{}, {"cell_bits": 16}, {"activation": "plan"}, {"activation": "lut16", "cell_bits": 16}]
)
@pytest.mark.parametrize("gain", [0.3, 3.0])
def test_every_step_equals_the_integer_cell(options, gain):
    numerics = NumericsConfig(**options)
    kernel, parameters, x, h, c = layer(numerics, gain=gain)
    ours, last_c = LstmSequence.apply(x, *parameters, h, c, kernel)
    weights = quantise_lstm(kernel, *parameters)
    w_h = weights.w_h.numpy().astype(np.int64)
    gx = project_input(kernel, weights, x).double().numpy().astype(np.int64)
    h_int, c_int = h.numpy().astype(np.int64), c.numpy().astype(np.int64)
    from nnasim.numerics.rescale import requantise

    for t in range(len(x)):
        gh = requantise(h_int @ w_h.T, weights.scale_h.requant, 32)
        h_int, c_int = kernel.cell.step(gx[t], gh, c_int)
        np.testing.assert_array_equal(ours[t].numpy(), h_int)
    np.testing.assert_array_equal(last_c.numpy(), c_int)


class Straight(torch.autograd.Function):
    """Any integer operation with a gradient given beside it: what the step-by-step version is made of."""

    @staticmethod
    def forward(ctx, value, result, slope):
        ctx.save_for_backward(slope)
        return result

    @staticmethod
    def backward(ctx, grad):
        (slope,) = ctx.saved_tensors
        return grad * slope, None, None


def straight(value, result, slope=None):
    return Straight.apply(value, result, torch.ones_like(value) if slope is None else slope)


def stepwise(kernel, parameters, x, h, c):
    """The same layer in real units and double precision, one step at a time, differentiated by autograd."""
    weights = quantise_lstm(kernel, *[p.detach().float() for p in parameters])
    order = torch.from_numpy(gate_order(h.shape[1]))
    step_x, step_h = (torch.from_numpy(s.weight_step)[:, None] for s in (weights.scale_x, weights.scale_h))
    w_x = straight(parameters[0][order], weights.w_x.double() * step_x)
    w_h = straight(parameters[1][order], weights.w_h.double() * step_h)
    bias = straight(parameters[2][order], weights.bias.double() * torch.from_numpy(weights.scale_x.acc_step))
    cell, out, last = kernel.cell, 2.0**-kernel.cell.sigmoid.output_frac, []
    gx_int = project_input(kernel, weights, (x.detach() / kernel.in_step).round().float()).double()
    c_int = (c.detach() / cell.cell_scale).round()
    for t in range(len(x)):
        z = x[t] @ w_x.T + bias + h @ w_h.T
        h_int = (h.detach() / kernel.act_step).round()
        gh = torch.from_numpy(requantised(h_int, weights))
        wide = gx_int[t] + gh
        z_int = wide.clamp(-32768, 32767)
        z = straight(z, z_int * GATE, (wide == z_int).double())
        units = h.shape[1]
        s_int, g_int = kernel.sigmoid(z_int[:, : 3 * units]).double(), kernel.tanh(z_int[:, 3 * units :]).double()
        s = straight(z[:, : 3 * units], s_int * out, (s_int * out) * (1 - s_int * out))
        g = straight(z[:, 3 * units :], g_int * out, 1 - (g_int * out) ** 2)
        i, f, o = s.split(units, 1)
        ints = [v.detach() / out for v in (i, f, g)]
        c_new = torch.from_numpy(cell.next_cell(*(v.round().numpy().astype(np.int64) for v in (*ints, c_int)))).double()
        low, high = -(1 << (cell.cell_bits - 1)), (1 << (cell.cell_bits - 1)) - 1
        unclipped = torch.from_numpy(unsaturated(cell, ints, c_int))
        c = straight(f * c + i * g, c_new * cell.cell_scale, ((unclipped >= low) & (unclipped <= high)).double())
        c_int = c_new
        tc_int = kernel.tanh_c(c_int).double()
        tc = straight(c, tc_int * out, 1 - (tc_int * out) ** 2)
        h_int = torch.from_numpy(product(cell, o.detach() / out, tc_int))
        h = straight(o * tc, h_int * kernel.act_step)
        last.append(h)
    return torch.stack(last), c


def requantised(h_int, weights):
    from nnasim.numerics.rescale import requantise

    acc = h_int.numpy().astype(np.int64) @ weights.w_h.numpy().astype(np.int64).T
    return requantise(acc, weights.scale_h.requant, 32).astype(np.float64)


def unsaturated(cell, ints, c_int):
    from nnasim.numerics.ops import mul
    from nnasim.numerics.rescale import rescale

    i, f, g, c = (v.round().numpy().astype(np.int64) for v in (*ints, c_int))
    return rescale(mul(f, c, cell.keep, 32) + mul(i, g, cell.update, 32), cell.cell).astype(np.float64)


def product(cell, o, tc):
    from nnasim.numerics.ops import mul

    return mul(o.round().numpy().astype(np.int64), tc.numpy().astype(np.int64), cell.output, cell.act_bits).astype(
        float
    )


@pytest.mark.parametrize("products", ["as here", "torch.mm"])
@pytest.mark.parametrize("gain", [0.3, 1.0, 6.0], ids=["small", "usual", "saturating"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("shape", [(5, 4), (12, 9), (17, 33)])
def test_gradients_equal_step_by_step_autograd(gain, bits, shape, products, monkeypatch):
    if products == "torch.mm":
        monkeypatch.setattr(float_product, "found_obstacle", lambda: "this torch has no oneDNN")
    kernel, parameters, x, h, c = layer(NumericsConfig(cell_bits=bits), units=shape[0], inputs=shape[1], gain=gain)
    probe = torch.randn(7, 3, shape[0], generator=torch.Generator().manual_seed(5))
    ours = [p.clone().requires_grad_() for p in (x, *parameters, h, c)]
    out, last_c = LstmSequence.apply(*ours, kernel)
    ((out * kernel.act_step * probe).sum() + (last_c * kernel.cell.cell_scale).sum()).backward()
    theirs = [p.double().requires_grad_() for p in (x * kernel.in_step, *parameters, h * kernel.act_step)]
    real_c = (c.double() * kernel.cell.cell_scale).requires_grad_()
    other, other_c = stepwise(kernel, theirs[1:4], theirs[0], theirs[4], real_c)
    ((other * probe.double()).sum() + other_c.sum()).backward()
    np.testing.assert_array_equal(out.detach().numpy(), (other.detach() / kernel.act_step).round().numpy())
    scales = (kernel.in_step, 1, 1, 1, kernel.act_step, kernel.cell.cell_scale)
    for leaf, real, scale in zip(ours, (*theirs, real_c), scales, strict=True):
        expected = real.grad * scale
        # float32 sums of a few hundred terms against float64 ones
        assert float((leaf.grad - expected).norm()) <= 1e-6 * float(expected.norm()) + 1e-12


@pytest.mark.parametrize("gradient", ["segment", "identity"])
def test_named_alternatives_change_the_gradient_and_not_the_result(gradient):
    kernel, parameters, x, h, c = layer(NumericsConfig())
    other, *_ = layer(NumericsConfig(), gradient=gradient)
    results = []
    for variant in (kernel, other):
        trained = [p.clone().requires_grad_() for p in parameters]
        out, _ = LstmSequence.apply(x, *trained, h, c, variant)
        out.sum().backward()
        results.append((out.detach(), trained[0].grad))
    assert torch.equal(results[0][0], results[1][0])
    assert not torch.allclose(results[0][1], results[1][1])


def test_a_saturated_gate_has_no_gradient():
    kernel, parameters, x, h, c = layer(NumericsConfig())
    parameters[2] = torch.full_like(parameters[2], 100.0)  # every gate beyond int16
    trained = [p.clone().requires_grad_() for p in parameters]
    out, _ = LstmSequence.apply(x, *trained, h, c, kernel)
    out.sum().backward()
    assert all(not p.grad.any() for p in trained)
