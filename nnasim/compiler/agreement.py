"""The check that a trace and its chip have the same arithmetic: every field of `numerics` that work on the NNA uses is
equal in both.

A trace's tensors have the widths, tables and ranges of the arithmetic that it was made with, so a chip with another one
cannot run it: its figures would be those of a chip that was never asked for. Which fields are used follows from the
operations on the NNA. On the CPU, `float` and the activations of `cpu_fallback` are computed in float, whatever the
chip has; operations for which a chip has no unit are moved to the CPU too (see ``fallback``).
"""

from __future__ import annotations

import json

from nnasim.errors import NumericsError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import OpTrace, Unit
from nnasim.numerics.config import NumericsConfig

DEFAULT_PRESET = "edge256"

_RESCALE = ("multiplier_bits", "rounding")
_PRODUCTS = ("weight_bits", "activation_bits", "accumulator_bits", "overflow", "per_channel", *_RESCALE)
_TABLES = ("activation", "activation_range", "pwl_segments", "pwl_fit")
_STATE = ("activation_bits", "cell_bits", "cell_range", *_RESCALE)

USED_BY: dict[OpKind, tuple[str, ...]] = {
    "quantise": ("activation_bits",),
    "matmul": _PRODUCTS,
    "requantise": _PRODUCTS,
    "add": _STATE,
    "mul": _STATE,
    "sigmoid": _TABLES,
    "tanh": _TABLES,
    "layer_norm": _RESCALE,
    "embedding": ("activation_bits",),
    "concat": ("activation_bits",),
    "argmax": (),
    "table": _TABLES,
    "conv": _PRODUCTS,
    "bmm": ("activation_bits", "accumulator_bits", "overflow", *_RESCALE),
    "softmax": _RESCALE,
    "mean": _RESCALE,
    "copy": ("activation_bits",),
    "slice": ("activation_bits",),
    "split": ("activation_bits",),
    "host": (),
}


def used_fields(trace: OpTrace, units: dict[str, dict[str, Unit]]) -> list[str]:
    """Fields of `numerics` that the operations on the NNA use, in the order in which the section has them."""
    kinds = {op.kind for name, graph in trace.graphs.items() for op in graph.ops if units[name][op.name] == "nna"}
    used = {field for kind in kinds for field in USED_BY[kind]}
    return [field for field in NumericsConfig.model_fields if field in used]


def differing(trace: NumericsConfig, chip: NumericsConfig, fields: list[str]) -> list[str]:
    """Those of ``fields`` whose values differ."""
    return [field for field in fields if getattr(trace, field) != getattr(chip, field)]


def refuse_disagreement(trace: OpTrace, chip: NnaConfig, units: dict[str, dict[str, Unit]]) -> None:
    """Raise NumericsError unless every field that the NNA's work uses has one value in trace and chip."""
    wrong = differing(trace.numerics, chip.numerics, _deciding(trace, chip, units))
    if not wrong:
        return
    first, *more = wrong
    also = f" (and others in {', '.join(more)})" if more else ""
    theirs = " ".join(f"`numerics.{field}={_shown(trace.numerics, field)}`" for field in wrong)
    raise NumericsError(
        "trace",
        f"numerics.{first}",
        _plain(trace.numerics, first),
        f"but the chip {chip.name} has {_shown(chip.numerics, first)}{also}; a trace runs on the arithmetic that it "
        f"was made with. Make the trace anew, from this one or from its source, with {arithmetic_of(chip)}, or give "
        f"the chip the trace's: {theirs}",
    )


def _deciding(trace: OpTrace, chip: NnaConfig, units: dict[str, dict[str, Unit]]) -> list[str]:
    """The used fields but those without effect in both, such as the segments of a table."""
    idle = trace.numerics.idle.keys() & chip.numerics.idle.keys()
    return [field for field in used_fields(trace, units) if field not in idle]


def arithmetic_of(chip: NnaConfig) -> str:
    """The preset, and the changes to it, whose arithmetic is that of ``chip``."""
    base = load_preset(chip.name) if chip.name in preset_names() else load_preset(DEFAULT_PRESET)
    fields = [field for field in NumericsConfig.model_fields if field not in chip.numerics.idle]
    changed = differing(base.numerics, chip.numerics, fields)
    changes = [f"numerics.{field}={_shown(chip.numerics, field)}" for field in changed]
    named = [f"chip={base.name}"] if base.name != DEFAULT_PRESET or not changes else []
    return " ".join(f"`{setting}`" for setting in [*named, *changes])


def unused_fields(trace: OpTrace, chip: NnaConfig, units: dict[str, dict[str, Unit]]) -> list[str]:
    """Fields of `numerics` in which trace and chip differ, and which no operation of this run uses."""
    used = _deciding(trace, chip, units)
    lacking = () if chip.has_activation_unit else _TABLES  # that it has no unit is told as a fall-back
    unused = [field for field in NumericsConfig.model_fields if field not in (*used, *lacking)]
    return differing(trace.numerics, chip.numerics, unused)


def _plain(numerics: NumericsConfig, field: str) -> object:
    return numerics.model_dump(mode="json")[field]


def _shown(numerics: NumericsConfig, field: str) -> str:
    value = _plain(numerics, field)
    return value if isinstance(value, str) else json.dumps(value)
