"""Slopes of a unit: from its integers by arithmetic only where that has every bit of the table."""

from __future__ import annotations

import pytest
import torch

from aat_training.quant.chip_arithmetic import _Activation
from aat_training.quant.look_up import LookUp
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import build_joint
from tests.aat_training.quant.chips import CHIPS

GATE = 2.0**-12


def joint_tanh(name: str, gradient: str = "output") -> LookUp:
    return LookUp.of(build_joint(NumericsConfig(**CHIPS[name]), 4.0).tanh, 16, GATE, gradient)


@pytest.mark.parametrize("largest", [20_000, 70_000], ids=["within", "saturating"])
@pytest.mark.parametrize("gradient", ["output", "segment", "identity"])
@pytest.mark.parametrize("name", CHIPS)
def test_the_gradient_is_the_tables_bit_for_bit(name, gradient, largest):
    look_up = joint_tanh(name, gradient)
    z = torch.linspace(-largest, largest, 5001).floor().requires_grad_()
    probe = torch.randn(z.shape, generator=torch.Generator().manual_seed(0))
    out = _Activation.apply(z, look_up)
    (out * probe).sum().backward()
    slopes = look_up.pick(look_up.slopes, look_up.index(z.detach()))
    assert torch.equal(out.detach(), look_up(z.detach()))
    assert torch.equal(z.grad, (probe * slopes) * (GATE / look_up.step))


def test_integers_of_8_bits_tell_the_slopes_and_those_of_15_do_not():
    told = {name: joint_tanh(name).tells_slopes for name in ("lut8, int8 cell", "int16 activations")}
    assert told == {"lut8, int8 cell": True, "int16 activations": False}
    assert not joint_tanh("lut8, int8 cell", "identity").tells_slopes


def test_nothing_at_all_has_a_gradient_too():
    z = torch.zeros(0, 4, requires_grad=True)
    _Activation.apply(z, joint_tanh("lut8, int8 cell")).sum().backward()
    assert z.grad.shape == (0, 4)
