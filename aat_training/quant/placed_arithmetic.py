"""Any placement: each operation in the chip's integers or in float on the CPU, as a lowered trace places it.

Every value travels as a real number. An operation on the chip rounds its inputs to the format which that tensor has
there (without effect if the chip made it), and returns integers times their step; one on the CPU computes in float32 on
the values that it gets. Both use the trace's constants: weights of 8 bits have 8 bits wherever they are multiplied. The
extremes are the other arithmetics: bit for bit ``ChipArithmetic`` with all on the chip, ``FallbackArithmetic`` with
only the products there, and ``FloatArithmetic`` of the stored weights with all on the CPU.

For decoding only: there are no gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.model import rows
from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer, over_time
from aat_training.model.norm_lstm import normalised
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.h_product import accumulate_h
from aat_training.quant.lstm import LstmWeights, project_input
from aat_training.quant.lstm_norm import Gain
from aat_training.quant.placed_cell import GATE, GATE_SUM, PlacedCell, activation_format, saturating_sum
from aat_training.quant.placed_op import Format, PlacedOp, float_sum, float_tanh
from aat_training.quant.rounding import rescaler
from aat_training.quant.scheme import QuantScheme
from nnasim.ir.trace import Unit
from nnasim.numerics.formats import saturate


class PlacedArithmetic(ChipArithmetic):
    """An arithmetic by ``units``: the unit of each operation, by the name that ``workloads.rnnt.builder`` gives it."""

    looks_ahead = False  # a product in float on the CPU costs as many products as it has rows

    def __init__(self, scheme: QuantScheme, units: Mapping[str, Unit]) -> None:
        super().__init__(scheme)
        self.units = units
        self._heard = Format(float(scheme.input_scale.real), self.numerics.activation_bits)
        self._passed = activation_format(self.numerics.activation_bits)

    def disturbance(self, device: torch.device) -> float:
        """None on a CPU, where float products are made row by row; elsewhere a last bit may become another integer."""
        return 0.0 if device.type == "cpu" else float("inf")

    def on_chip(self, op: str) -> bool:
        """Whether the operation ``op`` runs on the chip."""
        return self.units[op] == "nna"

    def _read(self, op: str, x: Tensor, form: Format) -> Tensor:
        """``x`` as an operation finds it that changes nothing else."""
        return form.real(form.integers(x)) if self.on_chip(op) else x

    def quantise_input(self, x: Tensor) -> Tensor:
        """Real features; rounded here if the chip does it, else by the product that reads them."""
        rounded = super().quantise_input(x)  # refuses NaN and infinity, whichever unit rounds
        return self._heard.real(rounded) if self.on_chip("enc.quantise") else x

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Rows of the stored embedding, the same for both units."""
        return super().embed(model, tokens) * self.scheme.embedding_step

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H), h and c as real values."""
        name, weights, cell = layer.name, self.frozen_weights(layer), PlacedCell(self.kernel(layer.name), self.on_chip)
        if model.after and name == model.after[0]:
            x = self._read("enc.stack", x, self._passed)
        project_h = self._h_product(name, weights)
        norm_x, norm_h = self._norm(f"{name}.norm_x", weights.gain_x), self._norm(f"{name}.norm_h", weights.gain_h)

        def step(gx: Tensor, state: LayerState) -> LayerState:
            h, c = state
            return cell(gx, norm_h(project_h(h)), c)

        return over_time(norm_x(self._project_input(name, weights, x)), state or layer.start(x), step)

    def _project_input(self, name: str, weights: LstmWeights, x: Tensor) -> Tensor:
        """x (T, B, I) through w_x and bias, (T, B, 4H); on the CPU frame by frame, as ``FloatArithmetic`` does."""
        kernel = self._kernels[name]
        if self.on_chip(f"{name}.x"):
            read = self._heard if name == "enc0" else Format(1 / kernel.in_step, self.numerics.activation_bits)
            return GATE_SUM.real(project_input(kernel, weights, read.integers(x).float()))
        bias = _real_bias(weights.bias, weights.scale_x.acc_step)
        frames = [rows.linear(frame.float(), weights.real_x, bias) for frame in x]
        return torch.stack(frames) if frames else x.new_zeros(0, x.shape[1], len(bias))

    def _h_product(self, name: str, weights: LstmWeights) -> PlacedOp:
        rounded = rescaler(weights.scale_h.requant)

        def chip(h: Tensor) -> Tensor:
            return saturate(rounded(accumulate_h(weights, h.float()).double()), 32)

        def cpu(h: Tensor) -> Tensor:
            return rows.linear(h.float(), weights.real_h)

        return PlacedOp(
            on_chip=self.on_chip(f"{name}.h_mm"), reads=(self._passed,), writes=GATE_SUM, chip=chip, cpu=cpu
        )

    def _norm(self, op: str, gain: Gain | None) -> Callable[[Tensor], Tensor]:
        """The layer norm of one contribution to the gates; a layer without one leaves it unchanged."""
        if gain is None:
            return lambda share: share
        return PlacedOp(
            on_chip=self.on_chip(op),
            reads=(GATE_SUM,),
            writes=GATE_SUM,
            chip=gain,
            cpu=lambda share: normalised(share.float(), gain.real),
        )

    def _linear_op(self, layer: LinearLayer) -> PlacedOp:
        linear_weights = self.linear(layer)
        weight = linear_weights.real
        bias = None if linear_weights.bias is None else _real_bias(linear_weights.bias, linear_weights.scale.acc_step)

        def chip(x: Tensor) -> Tensor:
            return linear_weights.output(x.float())

        def cpu(x: Tensor) -> Tensor:
            return rows.linear(x.float(), weight, bias)

        return PlacedOp(on_chip=self.on_chip(layer.product), reads=(self._passed,), writes=GATE_SUM, chip=chip, cpu=cpu)

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A projection into the joint; on the CPU row by row when it is a sequence, as ``FloatArithmetic`` does."""
        op = self._linear_op(layer)
        return op(x) if op.on_chip or x.dim() < 3 else torch.stack([op(row) for row in x])

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """Logits, float32."""
        add = PlacedOp(
            on_chip=self.on_chip("joint.add"),
            reads=(GATE_SUM, GATE_SUM),
            writes=GATE,
            chip=saturating_sum,
            cpu=float_sum,
        )
        tanh = PlacedOp(
            on_chip=self.on_chip("joint.tanh"), reads=(GATE,), writes=self._passed, chip=self._tanh, cpu=float_tanh
        )
        output = self._linear_op(model.linear("output"))
        logits = output(tanh(add(enc, pred)))
        return self._read("output.argmax", logits, GATE_SUM).float()

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x.float()


def _real_bias(bias: Tensor, step: object) -> Tensor:
    return (bias.double() * on(step, bias.device)).float()
