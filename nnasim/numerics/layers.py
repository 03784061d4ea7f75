"""The LSTM cell and the joint network on integers: how the operators are put together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnasim.numerics.activation import ActivationUnit, Function, build_unit, unit_kind
from nnasim.numerics.backend import Array, Constants, as_type_of, widen
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, saturate
from nnasim.numerics.ops import add, mul, saturating_sum
from nnasim.numerics.rescale import Rescale, requantise


@dataclass(frozen=True)
class Ranges:
    """The ranges that calibration chooses for one LSTM layer: inputs of its three functions, and its cell state."""

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
        return saturating_sum(gx, gh, 16)

    def next_cell(self, i: Array, f: Array, g: Array, c: Array) -> Array:
        """c' = f c + i g, both products (..., H) in the common int32 domain, requantised once to the cell's bits."""
        # Widened before and not only inside mul: the common domain has up to 2^30, which float32 would round.
        fc, ig = mul(widen(f), c, self.keep, 32), mul(widen(i), g, self.update, 32)
        return as_type_of(requantise(saturate(fc + ig, 32), self.cell, self.cell_bits), c)

    def step(self, gx: Array, gh: Array, c: Array) -> tuple[Array, Array]:
        """One time step: (gx, gh) (..., 4H) and c (..., H) -> (h, c), integers."""
        z, units = self.gates(gx, gh), c.shape[-1]
        ifo, g = self.sigmoid(z[..., : 3 * units]), self.tanh(z[..., 3 * units :])
        i, f, o = ifo[..., :units], ifo[..., units : 2 * units], ifo[..., 2 * units :]
        c = self.next_cell(i, f, g, c)
        return mul(o, self.tanh_c(c), self.output, self.act_bits), c


def cell_domain(config: NumericsConfig, cell_range: float) -> int:
    """Fractional bits of the int32 domain in which f c and i g are added: as fine as the sum's range allows.

    f c stays below 2^29, since TOSA's RESCALE defines a 31-bit multiplier only for values below 2^(shift - 1).
    """
    finest = 26 if unit_kind(config.activation).output_bits == 16 else 18
    return min(finest, 29 - max(0, math.ceil(math.log2(cell_range))))


def cell_scale(config: NumericsConfig, cell_range: float) -> float:
    """Worth of one step of c: range / 128 for int8, 2^-11 for int16."""
    return cell_range / 128 if config.cell_bits == 8 else 2.0**-11


def build_cell(
    config: NumericsConfig, ranges: Ranges, tables: dict[str, dict[str, Constants]] | None = None, name: str = ""
) -> LstmCell:
    """The cell of one layer. ``tables``: stored constants of ``sigmoid``, ``tanh`` and ``tanh_c``; else they are built.

    Raises NumericsError as ``build_unit`` does, naming ``name``.
    """
    gate, stored = 2.0**-GATE_FRAC, tables or {}
    unit = unit_kind(config.activation).output_bits - 1
    scale = cell_scale(config, ranges.cell)
    domain = cell_domain(config, ranges.cell if config.cell_bits == 8 else 16.0)

    def of(real: float, what: str) -> Rescale:
        return Rescale.of(real, config.multiplier_bits, rounding=config.rounding, name=f"{name}.{what}")

    def unit_of(function: Function, what: str, in_scale: float, table_range: float) -> ActivationUnit:
        return build_unit(
            function, config, in_scale=in_scale, table_range=table_range, data=stored.get(what), name=f"{name}.{what}"
        )

    return LstmCell(
        sigmoid=unit_of("sigmoid", "sigmoid", gate, ranges.sigmoid),
        tanh=unit_of("tanh", "tanh", gate, ranges.tanh),
        tanh_c=unit_of("tanh", "tanh_c", scale, ranges.tanh_c),
        keep=of(scale * 2.0 ** (domain - unit), "forget"),
        update=of(2.0 ** (domain - 2 * unit), "input"),
        cell=of(2.0**-domain / scale, "cell"),
        output=of(2.0 ** (H_FRAC[config.activation_bits] - 2 * unit), "output"),
        cell_scale=scale,
        cell_bits=config.cell_bits,
        act_bits=config.activation_bits,
    )


@dataclass(frozen=True)
class Joint:
    """Encoder and prediction projections (int32 at 2^-12) -> add, saturate to int16, tanh -> int8 or int16."""

    tanh: ActivationUnit

    def hidden(self, enc: Array, pred: Array) -> Array:
        """tanh(enc + pred), broadcast as given; integers of the layer's activation bits."""
        return self.tanh(saturating_sum(enc, pred, 16))


def build_joint(config: NumericsConfig, tanh_range: float, table: dict[str, Constants] | None = None) -> Joint:
    """The joint network, whose tanh gives integers in the activation format of the output layer."""
    return Joint(
        build_unit(
            "tanh",
            config,
            in_scale=2.0**-GATE_FRAC,
            table_range=tanh_range,
            out_bits=config.activation_bits,
            data=table,
            name="joint.tanh",
        )
    )


__all__ = ["Joint", "LstmCell", "Ranges", "add", "build_cell", "build_joint", "cell_domain", "cell_scale"]
