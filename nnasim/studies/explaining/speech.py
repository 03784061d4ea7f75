"""Which speech and models answer what a field of the numerics costs in words. Brings torch only to decode."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Explanation, NumericsWords
from nnasim.ir.io import read_result
from nnasim.ir.result import SimResult
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.studies.explaining.easings import easings
from workloads.bundled import checkpoints_folder, speech_manifest

Keep = Callable[[SimResult], None]


def forget(result: SimResult) -> None:
    """Keep nothing of what may be broken off."""


@dataclass(frozen=True)
class Speech:
    """The first ``limit`` utterances of a manifest, and a folder of trained models that decode it."""

    checkpoints: Path
    manifest: Path
    limit: int | None = None


def speech_of(result: Path | None, checkpoints: Path | None, manifest: Path | None, limit: int | None) -> Speech:
    """The speech that is asked for; what is None is that of the command which made ``result``, or the bundled one."""
    recorded = _recorded(result)
    return Speech(
        checkpoints or Path(recorded.get("--checkpoints") or checkpoints_folder()),
        manifest or Path(recorded.get("--manifest") or speech_manifest()),
        limit or (int(text) if manifest is None and (text := recorded.get("--limit", "")).isdecimal() else None),
    )


def _recorded(result: Path | None) -> dict[str, str]:
    """The values of long options in the command of a comparison's result; none where another command made it."""
    try:
        words = shlex.split((read_result(result).command or "") if result else "")
    except ValueError:
        words = []
    if words[:2] != ["nnasim", "compare"]:
        return {}
    spread = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return {option: value for option, value in pairwise(spread) if option.startswith("--")}


def planned(result: SimResult) -> int:
    """How many decodes it takes to ease each field of the numerics. ConfigError where there is nothing to ease."""
    if result.imported is not None:
        raise ConfigError("explain", "--words", result.imported.name, "is an imported model, which hears no words here")
    numerics = validated(NumericsConfig, result.hardware.get("numerics"), "result", within="hardware.numerics")
    eased = list(easings(numerics, system_of(result)))
    if not eased:
        why = "computes in no chip's integers, so that none of their fields costs words"
        raise ConfigError("explain", "system", result.system, why)
    return 1 + len(eased)


def system_of(result: SimResult) -> System:
    """The system that ran. ConfigError for a name that none has."""
    systems: tuple[System, ...] = get_args(System)
    for system in systems:
        if system == result.system:
            return system
    raise ConfigError("explain", "system", result.system, f"known are {', '.join(systems)}")


def with_words(result: SimResult, speech: Speech, keep: Keep = forget, progress: Progress = silent) -> SimResult:
    """``result`` with what each field of the numerics costs in words; ``keep`` is given it after each decode.

    What it holds already of the same speech, model and arithmetic is not decoded again. Raises ConfigError where the
    models are not what ran, and what reading and decoding raise.
    """
    planned(result)

    from nnasim.studies.explaining.decodes import words_by_field  # brings torch

    explanation = result.explanation or Explanation()
    chip = validated(NnaConfig, result.hardware, "result")

    def joined(words: NumericsWords) -> SimResult:
        return result.model_copy(update={"explanation": explanation.model_copy(update={"numerics_words": words})})

    known = explanation.numerics_words
    return joined(words_by_field(speech, result, chip, known, lambda words: keep(joined(words)), progress))
