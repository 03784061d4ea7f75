"""A recogniser whose operations a policy has placed: which unit runs each of them, and the arithmetic that follows."""

from __future__ import annotations

from aat_training.quant.placed_arithmetic import PlacedArithmetic
from aat_training.quant.scheme import QuantScheme
from nnasim.compiler.placement import place
from nnasim.compiler.policies import Policy, placed
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System, Unit
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape


def operation_units(trace: OpTrace, chip: NnaConfig) -> dict[str, Unit]:
    """The unit of every operation by name, as the compiler lowers ``trace``. Raises PlacementError."""
    return {op: unit for units in place(trace, chip).values() for op, unit in units.items()}


def placed_arithmetic(scheme: QuantScheme, trace: OpTrace, chip: NnaConfig) -> PlacedArithmetic:
    """The arithmetic of ``trace``, as it is placed, on ``chip``. Raises PlacementError."""
    return PlacedArithmetic(scheme, operation_units(trace, chip))


def arithmetic_under(
    policy: Policy, shape: RnntShape, scheme: QuantScheme, system: System, chip: NnaConfig
) -> PlacedArithmetic:
    """The arithmetic of a recogniser of ``shape`` if ``policy`` places its operations. Raises PlacementError."""
    trace = build_trace(shape, shape.reduction, 0, system=system, numerics=chip.numerics)
    return placed_arithmetic(scheme, placed(trace, policy), chip)
