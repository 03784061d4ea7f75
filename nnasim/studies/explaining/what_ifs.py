"""Runs with one limit lifted: the same chip with the fields of one limit changed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nnasim.compiler import CompiledTrace
from nnasim.compiler.allocate import aligned
from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig
from nnasim.hardware.units import ActivationUnitConfig
from nnasim.ir.explanation import Changes, Figures, WhatIf
from nnasim.studies.explaining.variants import Variants

# The most that each field takes, which no chip comes near; a rate beyond it would be no faster.
MOST_BYTES_PER_SECOND, MOST_MACS, MOST_SIDE = 1e15, 2**20, 2**12
MANY_IN_FLIGHT = 8  # a recogniser gains by 2 to 4, and more make each run slower
MOST_OPERATIONS, MOST_CACHE, MOST_SRAM = 1e6, 2**40, 2**36


class Limit(NamedTuple):
    """A limit by name, and the changes of the chip that lift it; none if the chip does not have it."""

    name: str
    changes: Changes


def what_ifs(variants: Variants, chip: NnaConfig) -> Iterator[WhatIf]:
    """A run for each limit of ``chip`` that bears on the trace."""
    compiled = variants.compiled(chip)
    for limit in limits(compiled, chip):
        if limit.changes:
            yield _run(variants, chip, limit)
    yield from _more_macs(variants, chip)


def _run(variants: Variants, chip: NnaConfig, limit: Limit) -> WhatIf:
    try:
        figures = variants.figures(chip.with_(limit.changes))
    except NnasimError as error:
        return WhatIf(limit=limit.name, changes=limit.changes, refused=str(error)[:2000])
    return WhatIf(limit=limit.name, changes=limit.changes, figures=figures)


def limits(compiled: CompiledTrace, chip: NnaConfig) -> Iterator[Limit]:
    """Every limit that a change of fields lifts, but for the size of the MAC array."""
    units = {unit for ops in compiled.units.values() for unit in ops.values()}
    both, has_cpu = len(units) > 1, "cpu" in units
    yield Limit("free hand-offs", _zeros(chip, "host", _HANDOFF) if both else {})
    yield Limit("infinite DRAM bandwidth", {"dram.bytes_per_second": MOST_BYTES_PER_SECOND})
    yield Limit("no DRAM latency", _zeros(chip, "dram", ("read_latency_ns",)))
    yield Limit("SRAM that holds all weights", _holding_all(compiled, chip))
    yield Limit("infinite element-wise unit", _zeros(chip, "activation_unit", _rates(chip)))
    yield Limit("no fixed cost per pass", _without_fixed_cost(chip))
    yield Limit("perfect overlap", _overlapped(chip))
    yield Limit("infinite CPU", _infinite_cpu(chip) if has_cpu else {})


_HANDOFF = (
    "handoff_us", "handoff_driver_us", "handoff_interrupt_us", "handoff_cache_ns_per_byte", "handoff_copy_ns_per_byte",
)  # fmt: skip


def _zeros(chip: NnaConfig, section: str, names: tuple[str, ...]) -> Changes:
    """The fields ``names`` of a section as 0, those that are not 0 already; none if the chip lacks the section."""
    given = getattr(chip, section)
    return {f"{section}.{name}": 0 for name in names if given is not None and getattr(given, name) != 0}


def _rates(chip: NnaConfig) -> tuple[str, ...]:
    """Fields of the element-wise unit that say what an element takes; those left null follow the others."""
    fields = ActivationUnitConfig.model_fields if chip.has_activation_unit else ()
    names = [name for name in fields if name.endswith("_cycles_per_element")]
    return tuple(name for name in names if getattr(chip.activation_unit, name) is not None)


def _without_fixed_cost(chip: NnaConfig) -> Changes:
    unit = _zeros(chip, "activation_unit", ("fixed_cycles_per_pass",)) if chip.has_activation_unit else {}
    array, sequencer = ("fixed_cycles_per_pass",), ("cycles_per_command",)
    return {**_zeros(chip, "mac_array", array), **unit, **_zeros(chip, "sequencer", sequencer)}


def _holding_all(compiled: CompiledTrace, chip: NnaConfig) -> Changes:
    """The least whole number of the SRAM's present banks that holds working set and weights; none if it does now."""
    streamed = streamed_bytes(compiled)
    return sram_of(chip, compiled.memory.total + streamed) if streamed else {}


def streamed_bytes(compiled: CompiledTrace) -> int:
    """Bytes of SRAM that the weights take which are not resident."""
    return sum(aligned(use.bytes) for name, use in compiled.uses.items() if name not in compiled.memory.resident)


def sram_of(chip: NnaConfig, needed: int) -> Changes:
    """The change to an SRAM of ``needed`` bytes, in whole numbers of its present banks."""
    step = 2**10 * chip.sram.banks
    changes: Changes = {"sram.bytes": min(-(-needed // step) * step, MOST_SRAM // chip.sram.banks * chip.sram.banks)}
    return changes | ({"sram.resident_weights": None} if chip.sram.resident_weights is not None else {})


def _overlapped(chip: NnaConfig) -> Changes:
    """So many commands in flight that more would hardly help; empty if the chip has as many already."""
    return {} if chip.sequencer.in_flight >= MANY_IN_FLIGHT else {"sequencer.in_flight": MANY_IN_FLIGHT}


def _infinite_cpu(chip: NnaConfig) -> Changes:
    host = chip.host
    elements = tuple(
        name for name in type(host).model_fields
        if name.endswith("_ns_per_element") and getattr(host, name) is not None
    )  # fmt: skip
    products: Changes = {"host.float_matmul_gflops": MOST_OPERATIONS, "host.cache_bytes": MOST_CACHE}
    if host.int8_matmul_gops is not None:
        products["host.int8_matmul_gops"] = MOST_OPERATIONS
    return {**products, **_zeros(chip, "host", elements)}


def _more_macs(variants: Variants, chip: NnaConfig) -> Iterator[WhatIf]:
    """More MACs than can help, with the leakage of today's array, since such an array would not be built.

    A larger rectangle takes longer to fill, so a systolic array grows only as long as that helps.
    """
    if limit := infinite_macs(chip):
        yield _run(variants, chip, limit)
        return
    best: WhatIf | None = None
    rows, cols = chip.mac_array.rectangle
    while rows * 2 <= MOST_SIDE and cols * 2 <= MOST_SIDE and rows * cols * 4 <= MOST_MACS:
        rows, cols = rows * 2, cols * 2
        sized: Changes = {"mac_array.rows": rows, "mac_array.cols": cols}
        sized |= {} if chip.mac_array.macs_per_cycle is None else {"mac_array.macs_per_cycle": None}
        larger = _run(variants, chip, Limit("more MACs", sized | _same_leakage(chip, rows * cols)))
        if best is not None and not _is_better(larger.figures, best.figures):
            break
        best = larger
    if best is not None:
        yield best


def infinite_macs(chip: NnaConfig) -> Limit | None:
    """The limit lifted by as many MACs as a field takes; None for an array that a larger rectangle slows down."""
    if "decoded_weights_per_cycle" not in chip.mac_array_law.READS:
        return None
    freed = ("decoded_weights_per_cycle", "flowing_macs_per_cycle", "rows", "cols")
    fields = {f"mac_array.{name}": None for name in freed if getattr(chip.mac_array, name) is not None}
    changes: Changes = {"mac_array.macs_per_cycle": MOST_MACS, **fields}
    return Limit("infinite MACs", changes | _same_leakage(chip, MOST_MACS))


def _is_better(figures: Figures | None, than: Figures | None) -> bool:
    return figures is not None and (than is None or figures.frame_ms < than.frame_ms)


def _same_leakage(chip: NnaConfig, macs: int) -> Changes:
    if chip.energy is None:
        return {}
    share = chip.mac_array.macs / macs
    low, nominal, high = chip.energy.mac_leakage_uw
    return {"energy.mac_leakage_uw": (low * share, nominal * share, high * share)}
