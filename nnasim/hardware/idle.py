"""Fields without effect on a chip, given its other fields. Setting one is refused, since another chip was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel

from nnasim.errors import ConfigError

if TYPE_CHECKING:
    from nnasim.hardware.config import NnaConfig

_OF_ONE_FAMILY = {
    "dataflow": "a systolic array has a dataflow",
    "decoded_weights_per_cycle": "a vector array has a weight decoder",
    "flowing_macs_per_cycle": "a vector array has a rate of its own for computed operands",
}


class Idle(NamedTuple):
    """The reason why ``field`` has no effect on a chip, and the fields ``deciders`` that could change that."""

    field: str
    deciders: tuple[str, ...]
    why: str


def refuse_idle(chip: NnaConfig, given: Iterable[str], source: object, varied: Collection[str] = ()) -> None:
    """Raise ConfigError for a field of ``given`` that has no effect on ``chip`` and was set to another value than its
    default.

    ``varied``: fields that a study varies; if one of them is a decider, the field is accepted.
    """
    idle = {idle_field.field: idle_field for idle_field in idle_fields(chip)}
    for idle_field in (idle[field] for field in given if field in idle):
        value, default = value_and_default(chip, idle_field.field)
        if value != default and not set(idle_field.deciders) & set(varied):
            raise ConfigError(source, idle_field.field, value, f"changes nothing on this chip: {idle_field.why}")


def idle_fields(chip: NnaConfig) -> Iterator[Idle]:
    """The fields without effect on ``chip``."""
    units = (_of_the_array, _of_registers, _of_the_activation_unit, _of_the_arithmetic, _of_other_load)
    memories = (_of_other_memories, _of_the_dram)
    for part in (*units, *memories):
        yield from part(chip)


def _of_the_array(chip: NnaConfig) -> Iterator[Idle]:
    array, reads, kind = chip.mac_array, chip.mac_array_law.READS, ("mac_array.kind",)
    for name in ("rows", "cols") if array.macs_per_cycle is not None else ():
        if name not in reads:
            why = f"a {array.kind} array has no rows and columns, its size is mac_array.macs_per_cycle"
            yield Idle(f"mac_array.{name}", (*kind, "mac_array.macs_per_cycle"), why)
    for name, owner in _OF_ONE_FAMILY.items():
        if name not in reads:
            yield Idle(f"mac_array.{name}", kind, f"mac_array.kind is {array.kind}, only {owner}")


def _of_other_load(chip: NnaConfig) -> Iterator[Idle]:
    host, rate, time = chip.host, "host.other_load_per_second", "host.other_load_us"
    if host.other_load_us == 0:
        yield Idle(rate, (time,), f"a piece of other work takes no time, give {time} too")
    if host.other_load_per_second == 0:
        yield Idle(time, (rate,), f"no other work arrives, give {rate} too")
    if not host.has_other_load:
        yield Idle("host.other_load_seed", (rate, time), f"no other work arrives, give {rate} and {time} too")


def _of_registers(chip: NnaConfig) -> Iterator[Idle]:
    sequencer, cycles = chip.sequencer, "sequencer.register_write_cycles"
    writes = "sequencer.register_writes_per_pass", "sequencer.register_writes_per_product"
    if sequencer.register_write_cycles == 0:
        for field in writes:
            yield Idle(field, (cycles,), f"a register write takes no time, give {cycles} too")
    if not sequencer.register_writes_per_pass and not sequencer.register_writes_per_product:
        yield Idle(cycles, writes, f"no registers are written, give {' or '.join(writes)} too")
    if not sequencer.host_cycles(product=True) and not sequencer.host_cycles(product=False):
        deciders = (*writes, cycles, "sequencer.interrupt_cycles")
        yield Idle("sequencer.register_groups", deciders, "the host takes no time between passes")


def _of_the_activation_unit(chip: NnaConfig) -> Iterator[Idle]:
    if chip.activation_unit is None or chip.has_activation_unit:
        return
    for name in type(chip.activation_unit).model_fields:
        why = "numerics.activation is none, so the activation unit does nothing"
        yield Idle(f"activation_unit.{name}", ("numerics.activation",), why)


def _of_the_arithmetic(chip: NnaConfig) -> Iterator[Idle]:
    for name, decider in chip.numerics.idle.items():
        why = f"numerics.{decider} is {getattr(chip.numerics, decider)}, with which it has no meaning"
        yield Idle(f"numerics.{name}", (f"numerics.{decider}",), why)


def _of_other_memories(chip: NnaConfig) -> Iterator[Idle]:
    if chip.energy is None:
        return
    for kind, _ in chip.energy.dram_pj_per_byte:
        if kind != chip.dram.kind:
            yield Idle(f"energy.dram_pj_per_byte.{kind}", ("dram.kind",), f"dram.kind is {chip.dram.kind}")


def _of_the_dram(chip: NnaConfig) -> Iterator[Idle]:
    for name, (deciders, why) in chip.dram_model.idle(chip.dram).items():
        yield Idle(f"dram.{name}", deciders, why)


def value_and_default(chip: NnaConfig, field: str) -> tuple[object, object]:
    """The value of the dotted ``field`` of ``chip``, and its default."""
    *sections, name = field.split(".")
    section: BaseModel = chip
    for part in sections:
        section = getattr(section, part)
    if isinstance(section, Mapping):  # a part's own parameters: it holds only those that were given
        return section.get(name), None
    return getattr(section, name), type(section).model_fields[name].default
