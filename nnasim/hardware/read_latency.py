"""`dram.read_latency_cycles`: the DRAM's latency in the older form, accepted if the clock of its cycles is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard

from nnasim.errors import ConfigError

CYCLES, NS = "dram.read_latency_cycles", "dram.read_latency_ns"
MOST_CYCLES = 10**7


def refuse_beside(names: Collection[str], source: object) -> None:
    """Raise ConfigError if the latency in cycles is changed together with their clock, or with the latency in ns."""
    if CYCLES in names and (other := next((name for name in ("clock_hz", NS) if name in names), None)):
        why = "its cycles would be of another clock than the DRAM's" if other == "clock_hz" else "it says the same"
        raise ConfigError(source, CYCLES, f"together with {other}", f"{why}; give {NS} only")


def dram_fields(data: Mapping[str, Any]) -> list[str]:
    """The dotted names of the DRAM's fields in a chip's description."""
    dram = data.get("dram")
    return [f"dram.{name}" for name in dram] if isinstance(dram, dict) else []


def in_ns(data: dict[str, Any], source: object) -> dict[str, Any]:
    """A chip's description with a latency in cycles converted to ns at the description's own clock.

    Raises ConfigError if it is not a number of cycles, and if the clock is not known.
    """
    if CYCLES not in dram_fields(data):
        return data
    dram = dict(data["dram"])
    dram["read_latency_ns"] = _ns(dram.pop("read_latency_cycles"), data.get("clock_hz"), source)
    return {**data, "dram": dram}


def with_ns(changes: Mapping[str, Any], clock_hz: float, source: object) -> dict[str, Any]:
    """Changes of a chip at ``clock_hz``, dotted field -> value, with a latency in cycles converted to ns."""
    refuse_beside(changes, source)
    changed = dict(changes)
    if CYCLES in changed:
        changed[NS] = _ns(changed.pop(CYCLES), clock_hz, source)
    return changed


def _ns(cycles: Any, clock_hz: Any, source: object) -> float:
    if not _is_number(cycles) or cycles != int(cycles) or not 0 <= cycles <= MOST_CYCLES:
        allowed = f"must be a whole number of cycles, 0 to {MOST_CYCLES:,}; better give {NS}"
        raise ConfigError(source, CYCLES, cycles, allowed)
    if not _is_number(clock_hz) or not clock_hz > 0:
        raise ConfigError(source, CYCLES, cycles, f"needs a clock_hz before it; better give {NS}")
    return cycles / clock_hz * 1e9


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
