"""The speech and models with which the words per field of the numerics are measured. Light: does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nnasim.errors import ConfigError
from nnasim.ir.result import SimResult
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.records import validated
from nnasim.studies.explaining.easings import easings


@dataclass(frozen=True)
class Speech:
    """The first ``limit`` utterances of a manifest, and a folder of trained models that decode it."""

    checkpoints: Path
    manifest: Path
    limit: int | None = None


def planned(result: SimResult) -> int:
    """The number of decodings needed to relax each field of the numerics. Raises ConfigError if there is nothing to
    relax.
    """
    if result.imported is not None:
        raise ConfigError("explain", "model", result.imported.name, "is an imported one, which gives no words here")
    numerics = validated(NumericsConfig, result.hardware.get("numerics"), "result", within="hardware.numerics")
    eased = list(easings(numerics, system_of(result)))
    if not eased:
        why = "computes in no chip's integers, so that none of their fields costs words"
        raise ConfigError("explain", "system", result.system, why)
    return 1 + len(eased)


def system_of(result: SimResult) -> System:
    """The system that ran. Raises ConfigError for an unknown name."""
    systems: tuple[System, ...] = get_args(System)
    for system in systems:
        if system == result.system:
            return system
    raise ConfigError("explain", "system", result.system, f"known are {', '.join(systems)}")
