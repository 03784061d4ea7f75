"""The point-wise half of an LSTM layer under any placement: eight operations, each on the chip or on the CPU."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from aat_training.quant.lstm_kernel import LstmKernel
from aat_training.quant.placed_op import Format, PlacedOp, float_product, float_sigmoid, float_sum, float_tanh
from aat_training.quant.rounding import rescaler
from nnasim.numerics.activation import unit_kind
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, saturate
from nnasim.numerics.rescale import Rescale

GATE_SUM = Format(2.0**GATE_FRAC, 32)  # what products come out in
GATE = Format(2.0**GATE_FRAC, 16)  # what the activation unit reads


def activation_format(bits: int) -> Format:
    """h and every later activation."""
    return Format(2.0 ** H_FRAC[bits], bits)


def _multiply(scale: Rescale, bits: int) -> Callable[[Tensor, Tensor], Tensor]:
    rounded = rescaler(scale)
    return lambda a, b: saturate(rounded(a * b), bits)


def saturating_sum(a: Tensor, b: Tensor) -> Tensor:
    """The chip's addition of two projections, saturated once to what the activation unit reads."""
    return saturate(a + b, GATE.bits)


class PlacedCell:
    """The operations of ``kernel``'s layer, named as in a trace; ``on_chip``: whether an operation runs there."""

    def __init__(self, kernel: LstmKernel, on_chip: Callable[[str], bool]) -> None:
        cell, name = kernel.cell, kernel.name
        per_gate = 1 / kernel.sigmoid.step
        unit = Format(per_gate, unit_kind(kernel.numerics.activation).output_bits)
        # i g is scaled by 2^(domain - 2 unit bits), so this is 2^domain: where f c and i g meet.
        wide = Format(float(cell.update.real) * per_gate**2, 32)
        self.state, hidden = Format(1 / cell.cell_scale, cell.cell_bits), activation_format(cell.act_bits)
        to_state = rescaler(cell.cell)

        def add_states(kept_term: Tensor, new_term: Tensor) -> Tensor:
            return saturate(to_state(saturate(kept_term + new_term, 32)), cell.cell_bits)

        def placed_op(op: str, reads: tuple[Format, ...], writes: Format, *forms: Callable[..., Tensor]) -> PlacedOp:
            return PlacedOp(on_chip(f"{name}.{op}"), reads, writes, *forms)

        self.gates = placed_op("gates", (GATE_SUM, GATE_SUM), GATE, saturating_sum, float_sum)
        self.sigmoid = placed_op("sigmoid", (GATE,), unit, kernel.sigmoid, float_sigmoid)
        self.tanh = placed_op("tanh", (GATE,), unit, kernel.tanh, float_tanh)
        self.forget = placed_op("forget", (unit, self.state), wide, _multiply(cell.keep, 32), float_product)
        self.input = placed_op("input", (unit, unit), wide, _multiply(cell.update, 32), float_product)
        self.cell = placed_op("cell", (wide, wide), self.state, add_states, float_sum)
        self.tanh_c = placed_op("tanh_c", (self.state,), unit, kernel.tanh_c, float_tanh)
        self.output = placed_op("output", (unit, unit), hidden, _multiply(cell.output, cell.act_bits), float_product)

    def __call__(self, gx: Tensor, gh: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One time step on real values: projections (B, 4H) in the chip's gate order, c (B, H) -> h, c (B, H)."""
        z, units = self.gates(gx, gh), c.shape[-1]
        i, f, o = self.sigmoid(z[..., : 3 * units]).chunk(3, -1)
        g = self.tanh(z[..., 3 * units :])
        c = self.cell(self.forget(f, c), self.input(i, g))
        return self.output(o, self.tanh_c(c)), c
