"""An LSTM step as operations of NVDLA's full configuration: batch 1, the gates in the rows of a product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from nnasim.sim.nvdla.layer import Design, Layer
from nnasim.sim.nvdla.output_path import PLAIN, Engine, OutputPath
from nnasim.sim.nvdla.passes import Pass
from nnasim.sim.nvdla.steps import Operation

Chain = Literal["unfused10", "fused7"]

# Register writes of an operation, counted on the drivers that were measured: (configuration, enabling).
PRODUCT, PRODUCT_BIAS, PRODUCT_GATE = (93, 6), (105, 7), (110, 7)
TABLE_PASS, OPERAND_PASS, TWO_OPERAND_PASS = (35, 2), (39, 2), (46, 2)

BIAS_AND_SCALE = OutputPath(bs=Engine(add=True, multiply=True, operand_bytes=4))  # int16 each, per channel
GATE = OutputPath(ew=Engine(add=True, operand_bytes=1), table=True)
TABLE = OutputPath(table=True)
ADD_EW = OutputPath(ew=Engine(add=True, operand_bytes=1))
MULTIPLY_EW = OutputPath(ew=Engine(multiply=True, operand_bytes=1))
MULTIPLY_BS = OutputPath(bs=Engine(multiply=True, operand_bytes=1))
MULTIPLY_ADD = OutputPath(bs=Engine(multiply=True, operand_bytes=1), bn=Engine(add=True, operand_bytes=1))


def _operation(
    name: str, work: Layer | Pass, needs: tuple[int, ...], writes: tuple[int, int], table: str | None = None
) -> Operation:
    return Operation(name=name, work=work, needs=needs, registers=writes[0], enables=writes[1], table=table)


def _unfused(design: Design, inputs: int, units: int) -> list[Operation]:
    def elementwise(values: int, path: OutputPath) -> Pass:
        return Pass(design, values, path)

    return [
        _operation("gemv_x", Layer(design, 1, inputs, 4 * units, path=BIAS_AND_SCALE), (), PRODUCT_BIAS),
        _operation("gemv_h", Layer(design, 1, units, 4 * units, path=PLAIN), (2,), PRODUCT),
        _operation("add", elementwise(4 * units, ADD_EW), (1, 2), OPERAND_PASS),
        _operation("sigmoid_ifo", elementwise(3 * units, TABLE), (1,), TABLE_PASS, "sigmoid"),
        _operation("tanh_g", elementwise(units, TABLE), (2,), TABLE_PASS, "tanh"),
        _operation("mul_fc", elementwise(units, MULTIPLY_EW), (2,), OPERAND_PASS),
        _operation("mul_ig", elementwise(units, MULTIPLY_EW), (2, 3), OPERAND_PASS),
        _operation("add_c", elementwise(units, ADD_EW), (1, 2), OPERAND_PASS),
        _operation("tanh_c", elementwise(units, TABLE), (1,), TABLE_PASS, "tanh"),
        _operation("mul_o", elementwise(units, MULTIPLY_EW), (1,), OPERAND_PASS),
    ]


def _fused(design: Design, inputs: int, units: int) -> list[Operation]:
    def gate(rows: int) -> Layer:
        return Layer(design, 1, units, rows * units, path=GATE)

    return [
        _operation("gemv_x", Layer(design, 1, inputs, 4 * units, path=BIAS_AND_SCALE), (), PRODUCT_BIAS),
        _operation("gemv_h_ifo+add+sigmoid", gate(3), (1, 2), PRODUCT_GATE, "sigmoid"),
        _operation("gemv_h_g+add+tanh", gate(1), (2, 3), PRODUCT_GATE, "tanh"),
        _operation("mul_fc", Pass(design, units, MULTIPLY_BS), (2,), OPERAND_PASS),
        _operation("mul_ig_add_fc", Pass(design, units, MULTIPLY_ADD), (1, 2, 3), TWO_OPERAND_PASS),
        _operation("tanh_c", Pass(design, units, TABLE), (1,), TABLE_PASS, "tanh"),
        _operation("mul_o", Pass(design, units, MULTIPLY_BS), (1,), OPERAND_PASS),
    ]


CHAINS: dict[Chain, Callable[[Design, int, int], list[Operation]]] = {"unfused10": _unfused, "fused7": _fused}


def lstm_step(chain: Chain, design: Design, inputs: int, units: int) -> list[Operation]:
    """The operations of one step: ``inputs`` int8 inputs, ``units`` int8 cell states and outputs.

    ``unfused10``: each in an operation of its own; ``fused7``: sums and tables behind the recurrent products, and the
    cell's last multiplication and its addition in one pass.
    """
    return CHAINS[chain](design, inputs, units)
