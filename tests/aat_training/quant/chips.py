"""Chips on which every exactness test runs: one of each kind of arithmetic."""

from __future__ import annotations

CHIPS = {
    "lut8, int8 cell": {},
    "lut8, int16 cell": {"cell_bits": 16},
    "lut8 of one range": {"activation_range": 8.0, "cell_range": 4.0},
    "lut16": {"activation": "lut16", "cell_bits": 16},
    "lut16, int8 cell": {"activation": "lut16"},
    "pwl uniform": {"activation": "pwl", "pwl_segments": 8},
    "pwl fitted": {"activation": "pwl", "pwl_fit": "fitted", "cell_bits": 16},
    "plan": {"activation": "plan"},
    "hard": {"activation": "hard", "cell_bits": 16},
    "int4 weights": {"weight_bits": 4},
    "one weight scale per matrix": {"per_channel": False},
    "31-bit multipliers": {"multiplier_bits": 31},
    "double rounding": {"multiplier_bits": 31, "rounding": "double"},
    "int16 activations": {"activation": "lut16", "activation_bits": 16, "accumulator_bits": 48, "cell_bits": 16},
}
