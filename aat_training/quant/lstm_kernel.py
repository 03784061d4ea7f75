"""Constants of one LSTM layer, and its weights as the chip's integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.devices import numpy_of, on
from aat_training.quant.accumulator import Accumulator
from aat_training.quant.compiled.packed import Packed, pack
from aat_training.quant.int8_product import Factor
from aat_training.quant.look_up import Gradient, LookUp
from aat_training.quant.lstm_norm import Gain
from aat_training.quant.rounding import BIAS_LIMIT, BLOCK, integers, largest_rows
from nnasim.errors import NumericsError
from nnasim.numerics.bounds import exact_type
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.layers import LstmCell
from nnasim.numerics.weights import MatmulScale, matmul_scale

NORMS = "norm_x", "norm_h"
TABLES = 1 << 18  # more than the entries of a gate's two tables: what an index adds to a sum


def gate_order(units: int) -> np.ndarray:
    """Rows of torch's input, forget, cell, output gates in the chip's order: input, forget, output, cell.

    It is its own inverse: two of the four change places.
    """
    rows = np.arange(4 * units).reshape(4, units)
    return rows[[0, 1, 3, 2]].reshape(-1)


def reordered(rows: Tensor) -> Tensor:
    """Parameters (4H, ...) from torch's gate order to the chip's, or back."""
    i, f, third, fourth = rows.chunk(4)
    return torch.cat([i, f, fourth, third])


def reordered_(rows: Tensor) -> Tensor:
    """The same in place."""
    third, fourth = rows.chunk(4)[2:]
    kept = third.clone()
    third.copy_(fourth)
    fourth.copy_(kept)
    return rows


@dataclass(frozen=True)
class LstmKernel:
    """Constants of one layer that no training step changes."""

    name: str
    cell: LstmCell
    numerics: NumericsConfig
    in_step: float
    gradient: Gradient
    sigmoid: LookUp
    tanh: LookUp
    tanh_c: LookUp

    @classmethod
    def of(
        cls, name: str, cell: LstmCell, numerics: NumericsConfig, in_step: float, gradient: Gradient = "output"
    ) -> LstmKernel:
        """Expand the cell's three units over all their inputs."""
        gate = 2.0**-GATE_FRAC
        return cls(
            name=name,
            cell=cell,
            numerics=numerics,
            in_step=in_step,
            gradient=gradient,
            sigmoid=LookUp.of(cell.sigmoid, 16, gate, gradient),
            tanh=LookUp.of(cell.tanh, 16, gate, gradient),
            tanh_c=LookUp.of(cell.tanh_c, cell.cell_bits, cell.cell_scale, gradient),
        )

    def on(self, device: torch.device) -> LstmKernel:
        """The same constants on ``device``, brought there once."""
        if self.sigmoid.values.device == device:
            return self
        if device not in self._elsewhere:
            tables = {name: getattr(self, name).on(device) for name in ("sigmoid", "tanh", "tanh_c")}
            self._elsewhere[device] = replace(self, **tables)
        return self._elsewhere[device]

    @cached_property
    def stretches(self) -> dict[tuple[object, ...], Any]:
        """Captured steps of this layer, by what they were captured for: see ``fused.graph``."""
        return {}

    @cached_property
    def _elsewhere(self) -> dict[torch.device, LstmKernel]:
        return {}

    @property
    def act_step(self) -> float:
        """Worth of one integer of h."""
        return 2.0 ** -H_FRAC[self.numerics.activation_bits]

    @cached_property
    def gate_values(self) -> Tensor:
        """sigmoid's table, then tanh's, real-valued: all four gates in one gather."""
        return torch.cat([self.sigmoid.values, self.tanh.values]) * self.sigmoid.step

    @cached_property
    def gate_slopes(self) -> Tensor:
        """Slopes in the order of ``gate_values``."""
        return torch.cat([self.sigmoid.slopes, self.tanh.slopes])

    @cached_property
    def gate_entries(self) -> Tensor:
        """Value and slope beside each other (N, 2)."""
        return torch.stack([self.gate_values, self.gate_slopes], 1)

    @cached_property
    def cell_values(self) -> Tensor:
        """tanh of the cell state, real-valued."""
        return self.tanh_c.values * self.tanh_c.step

    @cached_property
    def cell_states(self) -> Tensor:
        """The cell state by its own index, real-valued, saturated."""
        return (self.cell_integers * self.cell.cell_scale).float()

    @cached_property
    def cell_integers(self) -> Tensor:
        """The cell state by its own index, integers in float64, saturated."""
        bits = self.cell.cell_bits
        states = torch.arange(lowest(bits) - 1, highest(bits) + 2).clamp(lowest(bits), highest(bits))
        return states.double().to(self.tanh_c.values.device)

    @cached_property
    def cell_inside(self) -> Tensor:
        """1 where the cell state did not saturate."""
        return torch.nn.functional.pad(torch.ones_like(self.tanh_c.values[2:]), (1, 1))


@dataclass(frozen=True)
class LstmWeights:
    """Integers of one layer in the chip's gate order, float32 (4H, I), (4H, H), (4H,), with scales and accumulators.

    ``factor_x``, ``factor_h``: both weights as exact products read them; ``gain_x``, ``gain_h``: those of a layer-norm
    LSTM.
    """

    w_x: Tensor
    w_h: Tensor
    bias: Tensor
    scale_x: MatmulScale
    scale_h: MatmulScale
    acc_x: Accumulator
    acc_h: Accumulator
    factor_x: Factor
    factor_h: Factor
    gain_x: Gain | None = None
    gain_h: Gain | None = None

    @cached_property
    def reach_x(self) -> float:
        """Largest magnitude that the input's product and bias can have in the gate domain, before saturation."""
        return _reach(self.w_x, self.bias, self.scale_x, self.factor_x.bits[0])

    @cached_property
    def reach_h(self) -> float:
        """The same of h's product."""
        return _reach(self.w_h, None, self.scale_h, self.factor_h.bits[0])

    @cached_property
    def packed_h(self) -> Packed | None:
        """w_h as the compiled loop over time multiplies by it; None where it does not."""
        return pack(self.w_h)

    @cached_property
    def real_x(self) -> Tensor:
        """The chip's w_x as real numbers, float32."""
        return self.w_x * on(self.scale_x.weight_step, self.w_x.device).float()[:, None]

    @cached_property
    def real_h(self) -> Tensor:
        """The chip's w_h as real numbers, float32."""
        return self.w_h * on(self.scale_h.weight_step, self.w_h.device).float()[:, None]


def quantise_lstm(kernel: LstmKernel, w_ih: Tensor, w_hh: Tensor, bias: Tensor, *gains: Tensor) -> LstmWeights:
    """Real parameters in torch's gate order -> the chip's integers; ``gains``: gain_x and gain_h, or none.

    Raises NumericsError for NaN or infinity, and where an accumulator could overflow that must not.
    """
    numerics, gate = kernel.numerics, 2.0**-GATE_FRAC
    w_ih, w_hh, bias, order = w_ih.detach(), w_hh.detach(), reordered(bias.detach()), gate_order(w_hh.shape[1])
    scale_x = matmul_scale(largest_rows(w_ih)[order], kernel.in_step, gate, numerics, f"{kernel.name}.x")
    scale_h = matmul_scale(largest_rows(w_hh)[order], kernel.act_step, gate, numerics, f"{kernel.name}.h_mm")
    _require_finite(bias, f"{kernel.name}.x", "bias")
    limit, bits = WEIGHT_LIMIT[numerics.weight_bits], (numerics.activation_bits, numerics.weight_bits)
    w_x, w_h = (
        reordered_(integers(weight, scale.weight_step[order][:, None], limit))
        for weight, scale in ((w_ih, scale_x), (w_hh, scale_h))
    )
    whole_bias = integers(bias, scale_x.acc_step, BIAS_LIMIT)
    gain_x, gain_h = (
        (_gain(gain.detach(), f"{kernel.name}.{norm}") for gain, norm in zip(gains, NORMS, strict=True))
        if gains
        else (None, None)
    )
    return LstmWeights(
        w_x=w_x,
        w_h=w_h,
        bias=whole_bias,
        scale_x=scale_x,
        scale_h=scale_h,
        acc_x=Accumulator.of(f"{kernel.name}.x", w_x, whole_bias, numerics),
        acc_h=Accumulator.of(f"{kernel.name}.h_mm", w_h, None, numerics),
        factor_x=Factor(w_x, *bits, f"{kernel.name}.x"),
        factor_h=Factor(w_h, *bits, f"{kernel.name}.h_mm"),
        gain_x=gain_x,
        gain_h=gain_h,
    )


def _gain(gain: Tensor, name: str) -> Gain:
    _require_finite(gain, name, "gain")
    return Gain.of(reordered(gain), name)


def _require_finite(values: Tensor, name: str, what: str) -> None:
    if not bool(torch.isfinite(values).all()):
        raise NumericsError(name, what, "NaN or infinity", "must be finite")


def holds_h_product(kernel: LstmKernel, weights: LstmWeights) -> bool:
    """Whether a plain float32 product is w_h's: exact by K and the bit widths, and no accumulator in its way."""
    numerics, units = kernel.numerics, weights.w_h.shape[1]
    if weights.acc_h.reachable:
        return False
    reach = units * WEIGHT_LIMIT[numerics.weight_bits] << (numerics.activation_bits - 1)
    return exact_type(reach, kernel.name) == "float32"


def may_saturate_gate(weights: LstmWeights) -> bool:
    """Whether h's product, with these weights, could leave the int32 gate domain."""
    return weights.reach_h > highest(32)


def may_saturate_input(weights: LstmWeights) -> bool:
    """The same for the input's product and bias."""
    return weights.reach_x > highest(32)


def sums_exactly(weights: LstmWeights) -> bool:
    """Whether float64 holds gx + gh + 1/2 as an index before gh is rounded: an integer's bits and gh's fraction's."""
    fraction = 2.0 ** float(np.max(weights.scale_h.requant.shift))
    return weights.scale_h.requant.exact_in_float and (weights.reach_x + weights.reach_h + TABLES) * fraction < 2.0**53


def _reach(weight: Tensor, bias: Tensor | None, scale: MatmulScale, activation_bits: int) -> float:
    """Largest magnitude, rounded up; the margin covers the float32 sum over a row."""
    sums = [rows.abs().sum(1) for rows in weight.split(max(1, BLOCK // max(1, weight.shape[1])))]
    rows = numpy_of(torch.cat(sums).double()) * (-lowest(activation_bits) * (1 + 2.0**-10))
    offset = 0.0 if bias is None else numpy_of(bias.abs().double())
    return float(((rows + offset) * scale.requant.real).max()) + 1
