"""Chips: NnaConfig, the presets that come with the package, and where their numbers come from."""

from nnasim.hardware.config import NnaConfig
from nnasim.hardware.loader import load_preset, preset_names
from nnasim.hardware.provenance import PresetRow, preset_rows

__all__ = ["NnaConfig", "PresetRow", "load_preset", "preset_names", "preset_rows"]
