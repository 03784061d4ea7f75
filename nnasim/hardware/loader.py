"""A preset's name, or a user's YAML file, plus overrides -> NnaConfig. Every refusal names file, field and value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files, limits
from nnasim.errors import ConfigError
from nnasim.hardware.config import NnaConfig
from nnasim.hardware.costs import refuse_mixed_nodes
from nnasim.hardware.dram_kind import dram_field, dram_value, with_model
from nnasim.hardware.energy_tables import energy_table
from nnasim.hardware.idle import refuse_idle
from nnasim.hardware.plausible import meant
from nnasim.hardware.read_latency import CYCLES, dram_fields, in_ns, refuse_beside
from nnasim.records import check_path, merge, put, validated

PRESET_FOLDER = Path(__file__).parent / "presets"
DEEPEST_EXTENDS = limits.CHIP_EXTENDS


def preset_names() -> list[str]:
    """The names of the presets that come with the package."""
    return sorted(path.stem for path in PRESET_FOLDER.glob("*.yaml"))


@dataclass(frozen=True)
class PresetText:
    """One YAML file of a preset: its path, its text and its parsed mapping."""

    path: Path
    text: str
    data: dict[str, Any]


def load_preset(
    name_or_path: str | Path, overrides: list[str] | tuple[str, ...] = (), *, named: str = "override"
) -> NnaConfig:
    """The chip that a preset's name or a YAML file describes, with ``overrides`` of the form ``a.b=c``.

    ``named``: what an error calls an override, such as the option that gave it.

    Raises ConfigError or FileError.
    """
    chain = preset_chain(name_or_path)
    data: dict[str, Any] = {}
    for layer in chain:
        values = with_model({key: value for key, value in layer.data.items() if key != "extends"})
        if "energy" in values:
            values["energy"] = energy_table(values["energy"], layer.path.parent, layer.path)
        refuse_mixed_nodes(data, values, layer.path)
        refuse_beside(dram_fields(values), layer.path)
        data = in_ns(merge(data, values), layer.path)
    data.setdefault("name", chain[-1].path.stem[:200])
    data["validated"] = chain[-1].data.get("validated", "")  # a chip does not inherit what was validated of another
    change: dict[str, Any] = {}
    for text in overrides:
        apply_override(change, text, named)
    refuse_mixed_nodes(data, change, named)
    changed = [apply_override(data, text, named) for text in overrides]
    refuse_beside([*changed, *({CYCLES} & set(dram_fields(data)))], named)
    data = in_ns(data, named)
    data["energy"] = energy_table(data.get("energy"), Path(), named)
    chip = _validated(data, chain[-1].path, changed, named)
    refuse_idle(chip, changed, named)
    refuse_idle(chip, _fields(with_model(chain[-1].data)), chain[-1].path, varied=changed)
    return chip


def _fields(data: dict[str, Any]) -> list[str]:
    """The dotted names of the fields in a preset file; a table in a section counts as one name."""
    return [f"{section}.{name}" for section, values in data.items() if isinstance(values, dict) for name in values]


def preset_chain(name_or_path: str | Path) -> list[PresetText]:
    """The files that make a preset, from the one that everything ``extends`` to the named one.

    Raises ConfigError or FileError.
    """
    chain: list[PresetText] = []
    path = preset_path(name_or_path)
    while True:
        layer = _read(path)  # before anything is asked of a path that may be none
        if os.path.realpath(path) in {os.path.realpath(layer.path) for layer in chain} or len(chain) == DEEPEST_EXTENDS:
            raise ConfigError(path, "extends", str(path), f"must end within {DEEPEST_EXTENDS} files, without a circle")
        chain.append(layer)
        parent = chain[-1].data.get("extends")
        if parent is None:
            return chain[::-1]
        path = _parent_path(path, parent)


def preset_path(name_or_path: str | Path) -> Path:
    """The YAML file of a preset's name, or the user's own file. Raises ConfigError, which lists the names."""
    if str(name_or_path) in preset_names():
        return PRESET_FOLDER / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return path
    allowed = f"known are {', '.join(preset_names())}, or a .yaml file{files.seems(path)}"
    raise ConfigError("preset", "", str(name_or_path), allowed)


def _parent_path(child: Path, parent: object) -> Path:
    if not isinstance(parent, str):
        raise ConfigError(child, "extends", parent, "must be a preset's name or a .yaml file")
    if parent in preset_names():
        return preset_path(parent)
    if Path(parent).suffix in (".yaml", ".yml"):
        return child.parent / parent
    raise ConfigError(child, "extends", parent, f"known are {', '.join(preset_names())}, or a .yaml file")


def _read(path: Path) -> PresetText:
    text = files.read_text(path, files.YAML_MAX_BYTES)
    data = files.parse_yaml(text, path)
    if not isinstance(data, dict):
        raise ConfigError(path, "", data, "must be a mapping of sections")
    files.refuse_other(data, "a preset", path)
    return PresetText(path, text, data)


def apply_override(data: dict[str, Any], text: str, named: str) -> str:
    """Put ``a.b=c`` into ``data`` (in place); returns the field's path. The value is read as YAML.

    Raises ConfigError, which names ``named``, for a text of another form.
    """
    field, equals, value = text.partition("=")
    field = field.strip()
    if not equals:
        raise ConfigError(named, field, text, "must be field=value, as dram.bytes_per_second=12e9")
    if field != CYCLES:
        check_path(NnaConfig, field, named, text)
    parsed = files.parse_yaml(value, f"{named} {field}")
    set_field = dram_field(field, parsed)
    put(data, set_field, dram_value(field, parsed))
    return set_field


def _validated(data: dict[str, Any], path: Path, overridden: list[str], named: str) -> NnaConfig:
    try:
        return validated(NnaConfig, data, path)
    except ConfigError as error:
        # A rule that ties fields of one section together is broken by whichever of them was overridden.
        changed = error.field.split(".")[0] in {name.split(".")[0] for name in overridden}
        allowed = error.allowed + meant(error.field, error.value)
        raise ConfigError(named if changed else error.source, error.field, error.value, allowed) from None
