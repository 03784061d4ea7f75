"""``nnasim.preset``: a chip by name, or from a file."""

from __future__ import annotations

from pathlib import Path

from nnasim.front.arguments import PresetName, checked
from nnasim.hardware import NnaConfig, load_preset, preset_names


@checked
def preset(name: PresetName) -> NnaConfig:
    """A chip: one that comes with the package, such as "edge256", or that of a YAML file of your own.

    ``.with_({"dram.bytes_per_second": 12e9})`` gives the same chip with fields changed, checked as a file would be.
    Raises ConfigError (an unknown name lists those that are known) or FileError.
    """
    return load_preset(name)


def presets() -> list[str]:
    """Names of the chips that come with the package."""
    return preset_names()


def chip_of(chip: NnaConfig | str | Path) -> NnaConfig:
    """``chip`` itself, or the preset that it names."""
    return chip if isinstance(chip, NnaConfig) else load_preset(chip)
