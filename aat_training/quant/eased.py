"""A chip's arithmetic with one of its choices relaxed: to a finer format, or all the way to real numbers.

Everything else stays the same, bit for bit, so that changed words are the effect of that choice alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Literal

from torch import Tensor

from aat_training.checkpoint import Checkpoint
from aat_training.model import rows
from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer
from aat_training.quant.calibration import calibrate
from aat_training.quant.lstm import LstmWeights
from aat_training.quant.lstm_kernel import reordered
from aat_training.quant.placed_arithmetic import PlacedArithmetic
from aat_training.quant.placed_cell import GATE_SUM
from aat_training.quant.placed_op import Format, PlacedOp
from aat_training.quant.scheme import QuantScheme
from nnasim.ir.trace import Unit
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges

RealPart = Literal["activation", "cell", "weights"]
"""A part that a decode may compute in real numbers: activation functions, cell state, or products with the weights."""

_OPS: dict[RealPart, tuple[str, ...]] = {
    "activation": ("sigmoid", "tanh", "tanh_c"),
    "cell": ("forget", "input", "cell"),
    "weights": (),
}


def eased_scheme(scheme: QuantScheme, checkpoint: Checkpoint, numerics: NumericsConfig) -> QuantScheme:
    """``scheme`` on other ``numerics``: a range changes only where calibration would choose another one for them.

    So a trained model keeps its trained ranges, but for those of the format that changed; of a model that was
    calibrated this is the calibration for ``numerics``. Raises CheckpointError or NumericsError.
    """
    histograms, source = checkpoint.part("calibration"), checkpoint.path
    before = calibrate(histograms, scheme.numerics, "mse", source)
    after = calibrate(histograms, numerics, "mse", source)

    def chosen(name: str) -> float:
        old, new = getattr(before, name), getattr(after, name)
        return getattr(scheme, name) if old == new else new

    layers = {
        name: _chosen_ranges(ranges, before.layers[name], after.layers[name]) for name, ranges in scheme.layers.items()
    }
    return replace(
        scheme,
        numerics=numerics,
        input_range=chosen("input_range"),
        embedding_range=chosen("embedding_range"),
        layers=layers,
        joint_range=chosen("joint_range"),
        tables={},
    ).with_tables()


def _chosen_ranges(own: Ranges, before: Ranges, after: Ranges) -> Ranges:
    changed = {
        field.name: getattr(after, field.name)
        for field in fields(Ranges)
        if getattr(before, field.name) != getattr(after, field.name)
    }
    return replace(own, **changed)


class EasedArithmetic(PlacedArithmetic):
    """A placed arithmetic of which one part is real; for decoding only.

    ``units``: the unit of each operation if nothing is relaxed. Real activation functions read the chip's values and
    return values rounded to its format; a real cell state is rounded only for the look-up of tanh; products with real
    weights read the chip's integers and end in its gate domain, rounded there once.
    """

    def __init__(self, scheme: QuantScheme, units: Mapping[str, Unit], real: RealPart) -> None:
        super().__init__(scheme, {op: "cpu" if _is_real(op, real) else unit for op, unit in units.items()})
        self._real_weights = real == "weights"
        self._real_layers: dict[str, tuple[Tensor, Tensor, Tensor]] = {}

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H), h and c as real values."""
        if self._real_weights and layer.name not in self._real_layers:
            w_ih, w_hh, bias, *_ = (reordered(parameter.detach()).double() for parameter in layer.parameters)
            self._real_layers[layer.name] = w_ih, w_hh, bias
        return super().recurrent(model, layer, x, state)

    def _project_input(self, name: str, weights: LstmWeights, x: Tensor) -> Tensor:
        if not self._real_weights:
            return super()._project_input(name, weights, x)
        w_ih, _, bias = self._real_layers[name]
        read = self._heard if name == "enc0" else Format(1 / self._kernels[name].in_step, self._passed.bits)
        return _product(f"{name}.x", read, w_ih, bias)(x)

    def _h_product(self, name: str, weights: LstmWeights) -> PlacedOp:
        if not self._real_weights:
            return super()._h_product(name, weights)
        return _product(f"{name}.h_mm", self._passed, self._real_layers[name][1], None)

    def _linear_op(self, layer: LinearLayer) -> PlacedOp:
        if not self._real_weights:
            return super()._linear_op(layer)
        weight, bias = layer.module.weight.detach().double(), layer.module.bias
        return _product(layer.product, self._passed, weight, None if bias is None else bias.detach().double())


def _is_real(op: str, real: RealPart) -> bool:
    return op.rpartition(".")[2] in _OPS[real]


def _product(op: str, read: Format, weight: Tensor, bias: Tensor | None) -> PlacedOp:
    """A product of the chip's integers by real weights, in float64, rounded once to the gate domain."""

    def chip(x: Tensor) -> Tensor:
        return GATE_SUM.integers(rows.linear(read.real(x), weight, bias))

    return PlacedOp(on_chip=True, reads=(read,), writes=GATE_SUM, chip=chip, cpu=chip)
