"""Names of activation units, and where each is defined: ours in this package, others by entry points of packages.

A preset holds only a name, and reading a preset loads no arithmetic; ``activation.unit_kind`` loads it when called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnasim.plugins import Plugins

if TYPE_CHECKING:
    from nnasim.numerics.activation import UnitKind

NO_UNIT = "none"

OURS = {
    "lut8": "look_up:LUT8",
    "lut16": "look_up:LUT16",
    "pwl": "piecewise:PWL",
    "plan": "plan:PLAN",
    "hard": "hard:HARD",
    NO_UNIT: "no_unit:NO_UNIT",
}

UNITS: Plugins[UnitKind] = Plugins(
    "nnasim.activation",
    {name: f"{__package__}.{place}" for name, place in OURS.items()},
    needs=("apply", "input_bits", "input_frac", "output_bits", "tables", "build", "check", "slope"),
    guard="nnasim.numerics.activation_units.checked:checked",
)
