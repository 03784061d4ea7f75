"""The chip's arithmetic inside the recogniser: what is trained is what the chip computes, bit for bit.

Values travel as integers held in float32. The same class trains, decodes, and is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from aat_training.model.norm_lstm import gains
from aat_training.model.rnnt import LayerState, Rnnt
from aat_training.quant.linear import ChipLinear, LinearWeights
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
from aat_training.quant.rounding import Quantise, Requantise
from aat_training.quant.scheme import QuantScheme
from nnasim.errors import NumericsError
from nnasim.numerics.formats import GATE_FRAC, highest
from nnasim.numerics.weights import MatmulScale

T = TypeVar("T")
GATE_STEP = 2.0**-GATE_FRAC
LOGIT_STEP = GATE_STEP  # logits leave the chip as int32 in the gate domain


def lstm_parameters(layer: nn.LSTM) -> list[nn.Parameter]:
    """w_ih, w_hh, bias, and both gains of a layer-norm LSTM."""
    named = (layer.get_parameter(name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"))
    return [*named, *gains(layer)]


class _Activation(torch.autograd.Function):
    """The joint's tanh: integers by one gather, and its derivative by another."""

    @staticmethod
    def forward(ctx, z, look_up):  # type: ignore[no-untyped-def]
        index = look_up.index(z)
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(look_up.pick(look_up.slopes, index))
        ctx.ratio = GATE_STEP / look_up.step
        return look_up.pick(look_up.values, index)

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (slope,) = ctx.saved_tensors
        return (grad * slope).mul_(ctx.ratio), None


class ChipArithmetic:
    """Integers by ``scheme``; weight scales follow the weights while they train."""

    def __init__(self, scheme: QuantScheme, gradient: Gradient = "output") -> None:
        self.scheme, self.numerics = scheme, scheme.numerics
        self._kernels = {
            name: LstmKernel.of(name, cell, scheme.numerics, scheme.in_step(name), gradient)
            for name, cell in scheme.cells.items()
        }
        self._tanh = LookUp.of(scheme.joint.tanh, 16, 2.0**-GATE_FRAC, gradient)
        self._frozen: dict[str, tuple[int, LstmWeights]] = {}
        self._linears: dict[str, tuple[int, LinearWeights]] = {}
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
            w_ih, w_hh, bias, *gain = lstm_parameters(layer)
            out, c = LstmSequence.apply(x, w_ih, w_hh, bias, h, c, kernel, *gain)
        else:
            weights = self.frozen_weights(name, layer)
            out, c, _ = run_forward(kernel, weights, project_input(kernel, weights, x), h, c, keep=False)
        return out, (out[-1] if len(out) else h, c)

    def kernel(self, name: str) -> LstmKernel:
        """Constants of the LSTM layer ``name``."""
        return self._kernels[name]

    def frozen_weights(self, name: str, layer: nn.LSTM) -> LstmWeights:
        """The layer's integers, made again only when an optimiser has changed its parameters."""
        parameters = lstm_parameters(layer)
        return self._made(self._frozen, name, parameters, lambda: quantise_lstm(self._kernels[name], *parameters))

    @staticmethod
    def _made(kept: dict[str, tuple[int, T]], name: str, parameters: list[nn.Parameter], make: Callable[[], T]) -> T:
        version = sum(p._version for p in parameters)
        if name not in kept or kept[name][0] != version:
            kept[name] = version, make()
        return kept[name][1]

    def linear(self, name: str, layer: nn.Linear) -> LinearWeights:
        """The layer's integers, made again only when an optimiser has changed its parameters."""
        parameters = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        return self._made(
            self._linears, name, parameters, lambda: LinearWeights.of(name, layer, self.scheme.act_step, self.numerics)
        )

    def linear_integers(self, name: str, layer: nn.Linear) -> tuple[Tensor, Tensor | None, MatmulScale]:
        """Weight (N, K) and bias (N,) as integers in float32, and their scales."""
        made = self.linear(name, layer)
        return made.weight, made.bias, made.scale

    def _linear(self, name: str, layer: nn.Linear, x: Tensor) -> Tensor:
        return ChipLinear.apply(x, layer.weight, layer.bias, self.linear(name, layer))

    def project(self, model: Rnnt, name: str, x: Tensor) -> Tensor:
        """A projection into the gate domain, int32 in float32 (float64 where that could not hold it)."""
        return self._linear(f"{name}.mm", getattr(model, name), x)

    def joint(self, model: Rnnt, enc: Tensor, pred: Tensor) -> Tensor:
        """Real-valued logits: the integers of the chip times their step, so that argmax and loss see one number."""
        # A float32 sum of two int24 is itself, or so large that it saturates.
        hidden = self.joint_hidden(enc.contiguous() + pred.contiguous())
        return (self._linear("output.mm", model.output, hidden) * LOGIT_STEP).float()

    def joint_hidden(self, z: Tensor) -> Tensor:
        """tanh of the saturated sum, integers of the activation format."""
        return _Activation.apply(z, self._tanh)

    def real_activation(self, x: Tensor) -> Tensor:
        """h as real numbers."""
        return x * self.scheme.act_step
