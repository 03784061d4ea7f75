"""The chip's arithmetic inside the recogniser: training computes what the chip computes, bit for bit.

Values are integers held in float32. The same class trains, decodes and is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from aat_training.devices import on
from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer
from aat_training.quant.linear import ChipLinear, LinearWeights
from aat_training.quant.lstm import (
    Gradient,
    LookUp,
    LstmKernel,
    LstmSequence,
    LstmWeights,
    input_product,
    quantise_lstm,
    run_forward,
)
from aat_training.quant.rounding import Quantise, Requantise
from aat_training.quant.scheme import QuantScheme
from nnasim.errors import NumericsError
from nnasim.numerics.formats import GATE_FRAC, highest

T = TypeVar("T")
Version = tuple[int, torch.device]
"""The number of times that an optimiser has changed a layer's parameters, and their device."""
GATE_STEP = 2.0**-GATE_FRAC
LOGIT_STEP = GATE_STEP  # logits leave the chip as int32 in the gate domain


class _Activation(torch.autograd.Function):
    """The joint's tanh: integers by one gather, and its derivative by another, or from the integers where they tell."""

    @staticmethod
    def forward(ctx, z, look_up):  # type: ignore[no-untyped-def]
        look_up = look_up.on(z.device)
        index = look_up.index(z)
        values = look_up.pick(look_up.values, index)
        if ctx.needs_input_grad[0]:
            ctx.told = look_up if z.is_cpu and look_up.tells_slopes else None
            picked = (values, look_up.inside(index)) if ctx.told else (look_up.pick(look_up.slopes, index), None)
            ctx.save_for_backward(*picked)
        ctx.ratio = GATE_STEP / look_up.step
        return values

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        saved, inside = ctx.saved_tensors
        slope = saved if ctx.told is None else ctx.told.slopes_of(saved)
        slope = slope if inside is None else slope.mul_(inside)
        return (grad * slope).mul_(ctx.ratio), None


class ChipArithmetic:
    """An arithmetic in the integers of ``scheme``; weight scales follow the weights while they train."""

    looks_ahead = True

    def __init__(self, scheme: QuantScheme, gradient: Gradient = "output") -> None:
        self.scheme, self.numerics = scheme, scheme.numerics
        self._kernels = {
            name: LstmKernel.of(name, cell, scheme.numerics, scheme.in_step(name), gradient)
            for name, cell in scheme.cells.items()
        }
        self._tanh = LookUp.of(scheme.joint.tanh, 16, 2.0**-GATE_FRAC, gradient)
        self._frozen: dict[str, tuple[Version, LstmWeights]] = {}
        self._linears: dict[str, tuple[Version, LinearWeights]] = {}
        self._embedding: tuple[Version, Tensor] | None = None

    def disturbance(self, device: torch.device) -> float:
        """None: sums of integers are exact."""
        return 0.0

    def quantise_input(self, x: Tensor) -> Tensor:
        """Real features -> int8, half up, by the input's one scale. Raises NumericsError for NaN or infinity."""
        if not bool(torch.isfinite(x).all()):
            raise NumericsError("enc.quantise", "features", "NaN or infinity", "must be finite")
        return Requantise.apply(x.detach(), self.scheme.input_scale, self.numerics.activation_bits)

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Rows of the int8 embedding."""
        rows = self.embedding_rows(model) if torch.is_grad_enabled() else self._frozen_rows(model)
        return nn.functional.embedding(tokens, rows)

    def _frozen_rows(self, model: Model) -> Tensor:
        """The whole embedding, made again only when an optimiser has changed it."""
        version = model.embedding.weight._version, model.embedding.weight.device
        if self._embedding is None or self._embedding[0] != version:
            self._embedding = version, self.embedding_rows(model)
        return self._embedding[1]

    def embedding_rows(self, model: Model) -> Tensor:
        """The whole embedding as integers (V, E)."""
        weight, step = model.embedding.weight, self.scheme.embedding_step
        bits = self.numerics.activation_bits
        limit = highest(bits)
        # A tensor: a GPU divides by a Python number as a product with its inverse.
        divisor = on(np.float64(step), weight.device)
        integers = torch.floor(weight.detach().double() / divisor + 0.5).clamp(-limit, limit).float()
        return Quantise.apply(weight, integers, divisor, float(limit))

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """(T, B, I) integers -> (T, B, H) integers; h stays an integer between chunks."""
        state = state or layer.start(x)
        run = self._trained if torch.is_grad_enabled() else self._decoded
        h_TBH, c = run(layer, x, *state)
        return h_TBH, (h_TBH[-1] if len(h_TBH) else state[0], c)

    def _trained(self, layer: RecurrentLayer, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Every h and the last c, with what their gradients need."""
        w_ih, w_hh, bias, *gains = layer.parameters
        return LstmSequence.apply(x, w_ih, w_hh, bias, h, c, self.kernel(layer.name), *gains)

    def _decoded(self, layer: RecurrentLayer, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Every h and the last c."""
        kernel, weights = self.kernel(layer.name), self.frozen_weights(layer)
        h_TBH, c, _ = run_forward(kernel, weights, input_product(kernel, weights, x), h, c, keep=False)
        return h_TBH, c

    def kernel(self, name: str) -> LstmKernel:
        """Constants of the LSTM layer ``name``."""
        return self._kernels[name]

    def frozen_weights(self, layer: RecurrentLayer) -> LstmWeights:
        """The layer's integers, made again only when an optimiser has changed its parameters."""
        return self._cached(self._frozen, layer, lambda: quantise_lstm(self.kernel(layer.name), *layer.parameters))

    def linear(self, layer: LinearLayer) -> LinearWeights:
        """The layer's integers, made again only when an optimiser has changed its parameters."""
        step, numerics = self.scheme.act_step, self.numerics
        return self._cached(self._linears, layer, lambda: LinearWeights.of(layer.product, layer.module, step, numerics))

    @staticmethod
    def _cached(cache: dict[str, tuple[Version, T]], layer: LinearLayer | RecurrentLayer, make: Callable[[], T]) -> T:
        version = sum(parameter._version for parameter in layer.parameters), layer.parameters[0].device
        if layer.name not in cache or cache[layer.name][0] != version:
            cache[layer.name] = version, make()
        return cache[layer.name][1]

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A projection into the gate domain, int32 in float32 (float64 where that could not hold it)."""
        return ChipLinear.apply(x, layer.module.weight, layer.module.bias, self.linear(layer))

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """Real-valued logits: the chip's integers times their step, so that argmax and loss use the same numbers."""
        # A float32 sum of two int24 is itself, or so large that it saturates.
        hidden = self.joint_hidden(enc.contiguous() + pred.contiguous())
        return (self.project(model, model.linear("output"), hidden) * LOGIT_STEP).float()

    def joint_hidden(self, z: Tensor) -> Tensor:
        """tanh of the saturated sum, integers of the activation format."""
        return _Activation.apply(z, self._tanh)

    def real_activation(self, x: Tensor) -> Tensor:
        """h as real numbers."""
        return x * self.scheme.act_step
