"""A user's own energy table: a YAML file, or a Python package's entry point in the group `nnasim.energy`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import ConfigError
from nnasim.plugins import Plugins

TABLES = Plugins[Any]("nnasim.energy")


def energy_table(name: object, folder: Path, source: object) -> Any:
    """The energy table that the field ``energy`` stands for: a text names a table, anything else is the table itself.

    ``x.yaml`` is a file, relative to ``folder``; any other text is an entry point that returns the mapping of
    ``EnergyConfig``'s fields, or a function that returns it. Raises ConfigError or FileError; the values are checked
    together with the rest of the preset.
    """
    if not isinstance(name, str):
        return name
    if Path(name).suffix in (".yaml", ".yml"):
        return _mapping(files.read_yaml(folder / name), folder / name)
    if name not in TABLES.names:
        tables = ", ".join(TABLES.names) or "none installed"
        allowed = f"must be a table, a .yaml file or an entry point of {TABLES.group} ({tables})"
        raise ConfigError(source, "energy", name, allowed)
    try:
        table = TABLES.get(name)
    except ValueError as error:
        raise ConfigError(source, "energy", name, str(error)) from None
    return _mapping(table() if callable(table) else table, f"entry point {name} of {TABLES.group}")


def _mapping(table: Any, source: object) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise ConfigError(source, "", table, "must be a mapping of the energy section's fields")
    return dict(table)
