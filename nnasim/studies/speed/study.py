"""All figures of this package's own speed, as one call."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnasim.errors import FileError
from nnasim.hardware import load_preset
from nnasim.studies.speed.figure import Clock, cpu_seconds
from nnasim.studies.speed.layer import layer_figures
from nnasim.studies.speed.simulator import simulator_figures


@dataclass(frozen=True)
class SpeedInputs:
    """The things to measure. ``frames``: of the run with replay; 333 are ten seconds of audio.

    ``peers``: whether other tools are run if they are installed, in this interpreter's environment or in one of
    ``peer_pythons``; else their costs are quoted. ``training``: whether training and decoding are
    measured, if torch is installed.
    """

    preset: str = "edge256"
    frames: int = 333
    peers: bool = True
    peer_pythons: tuple[Path, ...] = ()
    training: bool = True
    clock: Clock = field(default=cpu_seconds)

    @property
    def pythons(self) -> list[str]:
        """The interpreters in which other tools are looked for. Raises FileError for one that is not there."""
        for path in self.peer_pythons:
            if not path.is_file():
                raise FileError(path, "is no interpreter")
        # Not resolved: an environment's interpreter is a link, and by its place knows its packages.
        return [sys.executable, *(str(path.absolute()) for path in self.peer_pythons)] if self.peers else []


def speed(inputs: SpeedInputs) -> dict[str, dict[str, Any]]:
    """{NAME: {value, unit, compared_with, ratio}}. Raises what loading the preset and looking for peers raise."""
    chip, pythons = load_preset(inputs.preset), inputs.pythons
    figures = simulator_figures(chip, inputs.frames, inputs.clock) | layer_figures(inputs.preset, pythons)
    return figures | (training_figures() if inputs.training else {})


def training_figures() -> dict[str, dict[str, Any]]:
    """Figures of exact training and of decoding; none if the ``train`` extra is not installed."""
    from importlib.util import find_spec

    if any(find_spec(module) is None for module in ("torch", "torchaudio")):
        return {}
    from aat_training.bench import decode_speed, train_speed

    return train_speed.figures() | decode_speed.figures()
