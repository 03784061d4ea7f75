"""The CPU fall-back: matrix products in the chip's integers, gates, cell and joint in float on the CPU.

h, inputs and the joint's output are handed to the chip as int8; its products come back in the gate domain. Also the
arithmetic of ordinary quantisation-aware training: exact weights and activations, float activation functions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from aat_training.model.rnnt import LayerState, Rnnt
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.lstm import gate_order, quantise_lstm
from aat_training.quant.rounding import Quantise, Requantise, exact_matmul
from aat_training.quant.scheme import QuantScheme
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, WEIGHT_LIMIT, saturate
from nnasim.numerics.rescale import power_of_two
from nnasim.numerics.weights import MatmulScale

GATE_STEP = 2.0**-GATE_FRAC


class FallbackArithmetic(ChipArithmetic):
    """Integers for inputs, embedding, h and every matrix product; float32 for what stands between them."""

    def __init__(self, scheme: QuantScheme) -> None:
        super().__init__(scheme)
        self._to_int = power_of_two(H_FRAC[scheme.numerics.activation_bits])

    def _handed_over(self, x: Tensor) -> Tensor:
        """A real activation in (-1, 1) -> the integers that the chip is given."""
        return Requantise.apply(x, self._to_int, self.numerics.activation_bits)

    def lstm(self, model: Rnnt, name: str, x: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) integers -> (T, B, H) integers; h is carried as integers, c as float."""
        layer, kernel = model.lstm(name), self._kernels[name]
        order = torch.from_numpy(gate_order(layer.hidden_size))
        made = quantise_lstm(kernel, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0)
        w_x = self._straight(layer.weight_ih_l0[order], made.w_x, made.scale_x)
        w_h = self._straight(layer.weight_hh_l0[order], made.w_h, made.scale_h)
        acc_step = torch.from_numpy(made.scale_x.acc_step)
        bias = Quantise.apply(layer.bias_ih_l0[order], made.bias, acc_step, float(2**30))
        bits = self.numerics.activation_bits, self.numerics.weight_bits
        gx_TBG = Requantise.apply(exact_matmul(x, w_x, *bits, name).double() + bias, made.scale_x.requant, 32)
        zeros = torch.zeros(x.shape[1], layer.hidden_size)
        h, c = state or (zeros, zeros)
        outputs = []
        for gx in gx_TBG:
            gh = Requantise.apply(exact_matmul(h, w_h, *bits, name).double(), made.scale_h.requant, 32)
            z = (saturate(gx + gh, 32) * GATE_STEP).float()
            i, f, o, g = z.chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = self._handed_over(o.sigmoid() * c.tanh())
            outputs.append(h)
        return torch.stack(outputs) if outputs else x.new_zeros(0, *zeros.shape), (h, c)

    def _straight(self, weight: Tensor, integers: Tensor, scale: MatmulScale) -> Tensor:
        step = torch.from_numpy(scale.weight_step)[:, None]
        return Quantise.apply(weight, integers, step, float(WEIGHT_LIMIT[self.numerics.weight_bits]))

    def joint_hidden(self, z: Tensor) -> Tensor:
        """tanh in float, handed back as integers."""
        return self._handed_over(torch.tanh(z.float() * GATE_STEP))
