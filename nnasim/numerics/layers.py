"""The LSTM cell and the joint network on integers: how the operators are put together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnasim.numerics.activation import ActivationUnit, build_unit, unit_output_bits
from nnasim.numerics.backend import Array, as_type_of
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, saturate
from nnasim.numerics.ops import add, mul
from nnasim.numerics.rescale import Rescale, requantise


@dataclass(frozen=True)
class Ranges:
    """What calibration decides for one LSTM layer: input ranges of its three functions, and of its cell state."""

    sigmoid: float
    tanh: float
    tanh_c: float
    cell: float


@dataclass(frozen=True)
class LstmCell:
    """The point-wise half of an LSTM layer: everything after the two matrix products.

    Gates come in the order input, forget, output, cell. c is worth ``cell_scale`` a step; f c and i g meet in an int32
    domain at 2^-``cell_domain``.
    """

    sigmoid: ActivationUnit
    tanh: ActivationUnit
    tanh_c: ActivationUnit
    keep: Rescale
    update: Rescale
    cell: Rescale
    output: Rescale
    cell_scale: float
    cell_bits: int
    act_bits: int

    def gates(self, gx: Array, gh: Array) -> Array:
        """The two projections in the gate domain (..., 4H) int32 at 2^-12 -> their sum, saturated once to int16."""
        return saturate(gx + gh, 16)

    def next_cell(self, i: Array, f: Array, g: Array, c: Array) -> Array:
        """c' = f c + i g, both products (..., H) in the common domain, requantised once to the cell's bits."""
        kept, new = mul(f, c, self.keep, 32), mul(i, g, self.update, 32)
        # int32 sums may pass float32's mantissa: rescale widens before it adds nothing more than two such values.
        return _add_products(kept, new, self.cell, self.cell_bits)

    def step(self, gx: Array, gh: Array, c: Array) -> tuple[Array, Array]:
        """One time step: (gx, gh) (..., 4H) and c (..., H) -> (h, c), integers."""
        z, units = self.gates(gx, gh), c.shape[-1]
        ifo, g = self.sigmoid(z[..., : 3 * units]), self.tanh(z[..., 3 * units :])
        i, f, o = ifo[..., :units], ifo[..., units : 2 * units], ifo[..., 2 * units :]
        c = self.next_cell(i, f, g, c)
        return mul(o, self.tanh_c(c), self.output, self.act_bits), c


def _add_products(kept: Array, new: Array, scale: Rescale, bits: int) -> Array:
    return as_type_of(requantise(kept + new, scale, bits), kept)


def cell_domain(config: NumericsConfig, cell_range: float) -> int:
    """Fractional bits of the int32 domain in which f c and i g are added: as fine as the sum's range allows."""
    finest = 26 if unit_output_bits(config) == 16 else 18
    return min(finest, 30 - max(0, math.ceil(math.log2(cell_range))))


def cell_scale(config: NumericsConfig, cell_range: float) -> float:
    """Worth of one step of c: range / 128 for int8, 2^-11 for int16."""
    return cell_range / 128 if config.cell_bits == 8 else 2.0**-11


def build_cell(
    config: NumericsConfig, ranges: Ranges, tables: dict[str, dict] | None = None, name: str = ""
) -> LstmCell:
    """The cell of one layer. ``tables``: stored constants of ``sigmoid``, ``tanh`` and ``tanh_c``."""
    gate, stored = 2.0**-GATE_FRAC, tables or {}
    unit = unit_output_bits(config) - 1
    scale = cell_scale(config, ranges.cell)
    domain = cell_domain(config, ranges.cell if config.cell_bits == 8 else 16.0)
    bits, double = config.multiplier_bits, config.rounding == "double"

    def of(real: float, what: str) -> Rescale:
        return Rescale.of(real, bits, double_round=double, name=f"{name}.{what}")

    return LstmCell(
        build_unit("sigmoid", config, in_scale=gate, table_range=ranges.sigmoid, data=stored.get("sigmoid")),
        build_unit("tanh", config, in_scale=gate, table_range=ranges.tanh, data=stored.get("tanh")),
        build_unit("tanh", config, in_scale=scale, table_range=ranges.tanh_c, data=stored.get("tanh_c")),
        of(scale * 2.0 ** (domain - unit), "forget"),
        of(2.0 ** (domain - 2 * unit), "input"),
        of(2.0**-domain / scale, "cell"),
        of(2.0 ** (H_FRAC[config.activation_bits] - 2 * unit), "output"),
        scale,
        config.cell_bits,
        config.activation_bits,
    )


@dataclass(frozen=True)
class Joint:
    """Encoder and prediction projections (int32 at 2^-12) -> add, saturate to int16, tanh -> int8 or int16."""

    tanh: ActivationUnit

    def hidden(self, enc: Array, pred: Array) -> Array:
        """tanh(enc + pred), broadcast as given; integers of the layer's activation bits."""
        return self.tanh(saturate(enc + pred, 16))


def build_joint(config: NumericsConfig, tanh_range: float, table: dict | None = None) -> Joint:
    """The joint's tanh, put out in the activation format of the output layer."""
    return Joint(
        build_unit(
            "tanh", config, in_scale=2.0**-GATE_FRAC, table_range=tanh_range, out_bits=config.activation_bits,
            data=table, name="joint.tanh",
        )
    )  # fmt: skip


__all__ = ["Joint", "LstmCell", "Ranges", "add", "build_cell", "build_joint", "cell_domain", "cell_scale"]
