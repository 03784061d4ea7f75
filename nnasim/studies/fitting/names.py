"""The settings of a fit beside its table, checked before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path

from nnasim.errors import ConfigError


def split_names(text: str) -> list[str]:
    """The fields of "a.b,c.d". Raises ConfigError for an empty name."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ConfigError("fields", "fields", text, "must be names of fields with commas between them")
    return names


def refuse_no_preset_name(path: Path) -> None:
    """Raise ConfigError unless a chip could be read from a file of this name."""
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError("fit", "out", path, "must end in .yaml, as the presets that are read do")
