"""The chip's arithmetic inside the recogniser: what is trained is what the chip computes, bit for bit.

Values travel as integers held in float32. The same class trains, decodes, and is exported.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aat_training.model.rnnt import LayerState, Rnnt
from aat_training.quant.lstm import (
    Gradient,
    LookUp,
    LstmKernel,
    LstmSequence,
    LstmWeights,
    project_input,
    quantise_lstm,
    run_forward,
)
from aat_training.quant.rounding import Quantise, Requantise, exact_matmul
from aat_training.quant.scheme import QuantScheme
from nnasim.errors import NumericsError
from nnasim.numerics.formats import GATE_FRAC, WEIGHT_LIMIT, highest
from nnasim.numerics.weights import MatmulScale, matmul_scale, quantise_bias, quantise_weight

LOGIT_STEP = 2.0**-GATE_FRAC  # logits leave the chip as int32 in the gate domain


class _Activation(torch.autograd.Function):
    """The joint's tanh: integers by look-up, derivative 1 - t^2 of its own output (or the named alternative)."""

    @staticmethod
    def forward(ctx, z, look_up, in_step, out_step, gradient):  # type: ignore[no-untyped-def]
        index = look_up.index(z)
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(look_up.pick(look_up.slopes, index))
        return look_up.pick(look_up.values, index)

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (slope,) = ctx.saved_tensors
        return grad * slope, None, None, None, None


class ChipArithmetic:
    """Integers by ``scheme``; weight scales follow the weights while they train."""

    def __init__(self, scheme: QuantScheme, gradient: Gradient = "output") -> None:
        self.scheme, self.numerics = scheme, scheme.numerics
        self._kernels = {
            name: LstmKernel.of(name, cell, scheme.numerics, scheme.in_step(name), gradient)
            for name, cell in scheme.cells.items()
        }
        self._gradient: Gradient = gradient
        self._tanh = LookUp.of(scheme.joint.tanh, 16, 2.0**-GATE_FRAC, gradient)
        self._frozen: dict[str, tuple[int, LstmWeights]] = {}
        self._frozen_linear: dict[str, tuple[int, tuple[Tensor, Tensor | None, MatmulScale]]] = {}

    def quantise_input(self, x: Tensor) -> Tensor:
        """Real features -> int8, half up, by the input's one scale. Raises NumericsError for NaN or infinity."""
        if not bool(torch.isfinite(x).all()):
            raise NumericsError("enc.quantise", "features", "NaN or infinity", "must be finite")
        return Requantise.apply(x.detach(), self.scheme.input_scale, self.numerics.activation_bits)

    def embed(self, model: Rnnt, tokens: Tensor) -> Tensor:
        """Rows of the int8 embedding."""
        return nn.functional.embedding(tokens, self.embedding_rows(model))

    def embedding_rows(self, model: Rnnt) -> Tensor:
        """The whole embedding as integers (V, E)."""
        weight, step = model.embedding.weight, self.scheme.embedding_step
        bits = self.numerics.activation_bits
        limit = highest(bits)
        integers = torch.floor(weight.detach().double() / step + 0.5).clamp(-limit, limit).float()
        return Quantise.apply(weight, integers, torch.tensor(step, dtype=torch.float64), float(limit))

    def lstm(self, model: Rnnt, name: str, x: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) integers -> (T, B, H) integers; h and c stay integers between chunks."""
        layer, kernel = model.lstm(name), self._kernels[name]
        zeros = torch.zeros(x.shape[1], layer.hidden_size)
        h, c = state or (zeros, zeros)
        if torch.is_grad_enabled():
            out, c = LstmSequence.apply(x, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, h, c, kernel)
        else:
            weights = self.frozen_weights(name, layer)
            out, c, _ = run_forward(kernel, weights, project_input(kernel, weights, x), h, c, keep=False)
        return out, (out[-1] if len(out) else h, c)

    def frozen_weights(self, name: str, layer: nn.LSTM) -> LstmWeights:
        """The layer's integers, made again only when an optimiser has changed its parameters."""
        version = sum(p._version for p in (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0))
        if self._frozen.get(name, (-1, None))[0] != version:
            made = quantise_lstm(self._kernels[name], layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0)
            self._frozen[name] = version, made
        return self._frozen[name][1]

    def linear_scale(self, name: str, layer: nn.Linear) -> MatmulScale:
        """Scales of a linear layer whose output lies in the gate domain."""
        largest = layer.weight.detach().double().abs().amax(1).numpy()
        return matmul_scale(largest, self.scheme.act_step, 2.0**-GATE_FRAC, self.numerics, name)

    def linear_integers(self, name: str, layer: nn.Linear) -> tuple[Tensor, Tensor | None, MatmulScale]:
        """Weight (N, K) and bias (N,) as integers in float32, and their scales."""
        scale = self.linear_scale(name, layer)
        weight = quantise_weight(layer.weight.detach(), scale.weight_step, self.numerics.weight_bits).float()
        bias = None if layer.bias is None else quantise_bias(layer.bias.detach(), scale.acc_step)
        return weight, bias, scale

    def _linear(self, name: str, layer: nn.Linear, x: Tensor) -> Tensor:
        weight, bias, scale = self._parameters(name, layer)
        acc = exact_matmul(x, weight, self.numerics.activation_bits, self.numerics.weight_bits, name).double()
        return Requantise.apply(acc if bias is None else acc + bias, scale.requant, 32)

    def _parameters(self, name: str, layer: nn.Linear) -> tuple[Tensor, Tensor | None, MatmulScale]:
        """``linear_integers`` with gradients while training; else made again only when an optimiser changed them."""
        if torch.is_grad_enabled():
            weight, bias, scale = self.linear_integers(name, layer)
            step, limit = torch.from_numpy(scale.weight_step)[:, None], float(WEIGHT_LIMIT[self.numerics.weight_bits])
            weight = Quantise.apply(layer.weight, weight, step, limit)
            if bias is not None:
                bias = Quantise.apply(layer.bias, bias, torch.from_numpy(scale.acc_step), float(2**30))
            return weight, bias, scale
        version = sum(p._version for p in layer.parameters())
        if self._frozen_linear.get(name, (-1, None))[0] != version:
            self._frozen_linear[name] = version, self.linear_integers(name, layer)
        return self._frozen_linear[name][1]

    def project(self, model: Rnnt, name: str, x: Tensor) -> Tensor:
        """A projection into the gate domain, int32 in float64."""
        return self._linear(f"{name}.mm", getattr(model, name), x)

    def joint(self, model: Rnnt, enc: Tensor, pred: Tensor) -> Tensor:
        """Real-valued logits: the integers of the chip times their step, so that argmax and loss see one number."""
        hidden = self.joint_hidden((enc + pred).float())
        return (self._linear("output.mm", model.output, hidden) * LOGIT_STEP).float()

    def joint_hidden(self, z: Tensor) -> Tensor:
        """tanh of the saturated sum, integers of the activation format."""
        out_step = 2.0**-self.scheme.joint.tanh.output_frac
        return _Activation.apply(z, self._tanh, 2.0**-GATE_FRAC, out_step, self._gradient)

    def real_activation(self, x: Tensor) -> Tensor:
        """h as real numbers."""
        return x * self.scheme.act_step
