"""What the golden files hold: figures of every preset x system x shape, and digests of the integers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np

from nnasim.functional.cosimulate import run_reference
from nnasim.hardware import load_preset, preset_names
from nnasim.ir.program import BLOCKS
from nnasim.ir.result import SimResult
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.pipeline import simulate
from nnasim.reference import Reference
from tests.nnasim.functional.conftest import random_constants
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

SMALL = RnntShape(
    name="small", input_features=24, frame_ms=40, encoder_units=48, encoder_before=1, reduction=2, encoder_after=1,
    embedding=16, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
# (shape, frames, symbols): one that fits every SRAM, and one whose weights stream on every chip.
WORK = ((SMALL, 8, 3), (SHAPES["rnnt-paper"], 4, 2))

NUMERICS: dict[str, dict[str, Any]] = {
    "lut8": {},
    "lut8, 16-bit cell": {"cell_bits": 16},
    "lut8, 4-bit weights": {"weight_bits": 4},
    "lut16": {"activation": "lut16", "cell_bits": 16},
    "pwl": {"activation": "pwl", "cell_bits": 16},
    "plan": {"activation": "plan"},
    "hard": {"activation": "hard"},
    "16-bit activations": {"activation_bits": 16, "accumulator_bits": 48},
}

Row = dict[str, str]


def cycle_rows() -> Iterator[Row]:
    """One row per preset, system and shape; every figure an integer, as text."""
    for preset in preset_names():
        chip = load_preset(preset)
        for system in get_args(System):
            for shape, frames, symbols in WORK:
                trace = build_trace(shape, frames, symbols, system=system, numerics=chip.numerics)
                where = {"preset": preset, "system": system, "shape": shape.name}
                yield where | {name: str(value) for name, value in figures(simulate(trace, chip)).items()}


def figures(result: SimResult) -> dict[str, int]:
    """The exact figures of one result."""
    totals = result.totals
    return {
        "cycles": totals.cycles,
        "bound_cycles": result.bound_cycles,
        "dram_bytes": totals.dram_bytes,
        "sram_bytes": totals.sram_bytes,
        "handoffs": totals.handoffs,
        "macs": totals.macs,
        **{f"busy_{block}": result.blocks[block].busy for block in BLOCKS},
    }


def integer_rows() -> Iterator[Row]:
    """One row per arithmetic: a digest of every logit that a small recogniser of random integers computes."""
    for name, changes in NUMERICS.items():
        numerics = NumericsConfig.model_validate(changes)
        trace = build_trace(SMALL, 8, 3, system="aat", numerics=numerics)
        reference = Reference(trace, random_constants(trace, seed=1))
        features = np.random.default_rng(2).normal(0, 40, (8, SMALL.input_features))
        logits = np.stack(run_reference(reference, trace.utterances[0], features)).astype("<i8")
        yield {"numerics": name, "logits": str(logits.size), "sha256": hashlib.sha256(logits.tobytes()).hexdigest()}
