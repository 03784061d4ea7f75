"""Names that tell results apart by what differs: system, chip, model, speech, or fields such as "dram 12 GB/s"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from nnasim.allowed import number_text, unscaled
from nnasim.hardware.field_units import leaves, unit_of, without_unit
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir.result import SimResult
from nnasim.markup import counted
from reports.text import ALL_WHOLE, number

Fields = Mapping[str, Any]
MOST_NAMED = 3  # fields in a name; more are counted
_SECTIONS = {"numerics": "", "compiler": "", "host": "CPU"}  # the first two need no name: their fields say enough
_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "byte/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")),
    "byte": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")),
    "Hz": ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")),
}
PART_NAMES = {
    "mac_array": "the MAC array",
    "activation_unit": "the activation unit",
    "dram": "the DRAM",
    "sram": "the SRAM",
    "sequencer": "the sequencer",
    "cpu": "the CPU",
    "handoff": "hand-offs",
}
_COUNTED = {"bit": "bits", "frame": "frames", "cycle": "cycles", "1/cycle": "a cycle", "ratio": ""}


def chip_fields(result: SimResult) -> dict[str, Any]:
    """Every field of the result's chip by its dotted name, but for what only describes it."""
    return {path: value for path, value in leaves(result.hardware) if path not in DESCRIPTIVE}


def differing_fields(chips: Sequence[Fields]) -> list[str]:
    """Fields that do not have one value in all ``chips``, in the order of the first that has them."""
    names = dict.fromkeys(name for chip in chips for name in chip)
    return [name for name in names if any(chip.get(name) != chips[0].get(name) for chip in chips)]


def field_name(field: str, value: Any) -> str:
    """A field and its value in a few words, such as "dram 12 GB/s", "handoff 35 us", "weight 4 bits"."""
    section, stem = field.rpartition(".")[0], without_unit(field).replace("_", " ")
    if isinstance(value, list | tuple):
        return f"{field} {list(value)}"
    place = "" if stem.startswith("handoff") else _SECTIONS.get(section, section.replace("_", " "))
    return " ".join(part for part in (place, stem, value_name(value, unit_of(field))) if part)


def value_name(value: Any, unit: str) -> str:
    """A value with its unit, scaled so that it reads: 3.75 GB/s, 384 KiB, 500 MHz."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    if not isinstance(value, int | float):
        return str(value)
    if text := unscaled(value):
        return text
    for scale, name in _SCALES.get(unit, ()):
        if abs(value) >= scale and (unit != "byte" or value % scale == 0 or scale == 1024):
            return f"{value / scale:.6g} {name}"
    return f"{value:.6g} {_COUNTED.get(unit, unit)}".strip()


def whole_text(value: int | float, unit: str) -> str:
    """A number of a field with all its digits: scaled, with that unit, where this loses nothing, else as it is."""
    if text := unscaled(value):
        return text
    for scale, name in _SCALES.get(unit, ()):
        text = f"{value / scale:.10g}"
        if abs(value) >= scale and Fraction(text) * int(scale) == value:
            return f"{text} {name}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if value.is_integer() and abs(value) < ALL_WHOLE else number_text(value)


def fields_name(chip: Fields, fields: Sequence[str]) -> str:
    """The named ``fields`` of one chip; those beyond a few are only counted."""
    names = [field_name(field, chip.get(field)) for field in fields[:MOST_NAMED]]
    if len(fields) > MOST_NAMED:
        names.append(f"{len(fields) - MOST_NAMED} more fields")
    return ", ".join(names)


def model_name(result: SimResult) -> str:
    """The model's name and size, such as "rnnt-paper (58.4 M weights)"; "" if it is not known."""
    work = result.workload
    if work is None:
        return ""
    size = f"{number(work.weights / 1e6)} M weights"
    return f"{work.name} ({size})" if work.name else size


def speech_name(result: SimResult) -> str:
    """The amount of speech, such as "64 utterances"."""
    count = len(result.utterances)
    return counted(count, "utterance")


def labelled(results: Sequence[SimResult]) -> dict[str, SimResult]:
    """Each result under a name that tells it from the others; a number only if no known field differs.

    The name is the system; then preset, model and speech as far as they vary; then the fields in which chips of one
    preset differ.
    """
    return _told_apart([_parts(result, results) for result in results], results)


def chip_labelled(results: Sequence[SimResult]) -> dict[str, SimResult]:
    """Each result under the name of its chip: the preset, and the fields in which chips of one preset differ."""
    return _told_apart([[result.preset] for result in results], results)


def _told_apart(names: list[list[str]], results: Sequence[SimResult]) -> dict[str, SimResult]:
    """Each result under its name, made longer where several have it."""
    for preset in {result.preset for result in results}:
        group = [index for index, result in enumerate(results) if result.preset == preset]
        chips = [chip_fields(results[index]) for index in group]
        if fields := differing_fields(chips):
            for index, chip in zip(group, chips, strict=True):
                names[index] += [fields_name(chip, fields)]
    for group in _groups(names):
        for count, index in enumerate(group, start=1):
            names[index] += [f"#{count}"]
    return {", ".join(name): result for name, result in zip(names, results, strict=True)}


def _parts(result: SimResult, results: Sequence[SimResult]) -> list[str]:
    """System, and what else is not the same in all ``results``."""
    one_preset = len({other.preset for other in results}) == 1
    head = result.system if one_preset else f"{result.system} on {result.preset}"
    more = [name(result) for name in (model_name, speech_name) if len({name(other) for other in results}) > 1]
    if result.imported and model_name(result) not in more:
        head = f"{result.imported.name}, {head}"
    return [head, *(name for name in more if name)]


def _groups(names: Sequence[Sequence[str]]) -> list[list[int]]:
    """Indices of results that share a name, for each name that several have."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, name in enumerate(names):
        groups.setdefault(tuple(name), []).append(index)
    return [group for group in groups.values() if len(group) > 1]
