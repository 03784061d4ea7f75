"""``nnasim.preset``: a chip by name, or from a file."""

from __future__ import annotations

from pathlib import Path

from nnasim.front.arguments import PresetName, checked
from nnasim.hardware import NnaConfig, load_preset, preset_names


@checked
def preset(name: PresetName) -> NnaConfig:
    """A chip: one that comes with the package, such as "edge256", or one from your own YAML file.

    ``.with_({"dram.bytes_per_second": 12e9})`` gives the same chip with changed fields, checked as a file would be.
    Raises ConfigError (for an unknown name the message lists the known ones) or FileError.
    """
    return load_preset(name)


def presets() -> list[str]:
    """The names of the chips that come with the package."""
    return preset_names()


def chip_of(chip: NnaConfig | str | Path) -> NnaConfig:
    """``chip`` itself, or the chip of the preset that it names."""
    return chip if isinstance(chip, NnaConfig) else load_preset(chip)
