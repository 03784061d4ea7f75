"""A model of DRAM that a package adds, whose answers are checked where they enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nnasim.errors import PluginError
from nnasim.hardware.answers import guarded, is_texts, number, whole
from nnasim.hardware.drams.model import DramModel
from nnasim.hardware.memory import DramConfig

ARGUMENTS = {"of": 2, "first_byte": 1, "bus_bytes": 1, "open_cycles": 2, "end": 2}
Idle = Mapping[str, tuple[tuple[str, ...], str]]


def checked(name: str, who: str, model: Any) -> type[DramModel]:
    """The DRAM model ``model`` with its answers checked. Raises ValueError if it is no complete model."""
    if not isinstance(getattr(model, "replay_is_exact", None), bool):
        raise ValueError(f"{who}: replay_is_exact must be True or False")
    arguments = ARGUMENTS | ({"idle": 1} if hasattr(model, "idle") else {})
    return guarded(who, model, object, _CheckedDram, arguments)  # type: ignore[no-any-return]


class _CheckedDram:
    """A check before each answer of a package's class, which ``super()`` is."""

    who: ClassVar[str]

    @classmethod
    def of(cls, config: DramConfig, clock_hz: float) -> Any:
        model = super().of(config, clock_hz)  # type: ignore[misc]
        if not isinstance(model, cls):
            raise PluginError(cls.who, "of", model, "must make an instance of the class that it is called on")
        number(cls.who, "bytes_per_cycle", getattr(model, "bytes_per_cycle", None), positive=True)
        latency = getattr(model, "latency_cycles", None)
        if not isinstance(latency, int) or latency < 0:
            raise PluginError(cls.who, "latency_cycles", latency, "must be a whole number of at least 0")
        return model

    def first_byte(self, asked: int) -> int:
        return whole(self.who, f"first_byte({asked})", super().first_byte(asked), asked)  # type: ignore[misc]

    def bus_bytes(self, bytes: int) -> int:
        return whole(self.who, f"bus_bytes({bytes})", super().bus_bytes(bytes), bytes)  # type: ignore[misc]

    def open_cycles(self, since: int, until: int) -> int:
        what = f"open_cycles({since}, {until})"
        return whole(self.who, what, super().open_cycles(since, until), 0, until - since)  # type: ignore[misc]

    def end(self, since: int, cycles: int) -> int:
        """The answer. Raises PluginError if ``open_cycles`` does not agree with it: a read would never end."""
        end = whole(self.who, what := f"end({since}, {cycles})", super().end(since, cycles), since + cycles)  # type: ignore
        if self.open_cycles(since, end) < cycles:
            raise PluginError(self.who, what, end, f"until then the bus is open for less than {cycles} cycles")
        return end

    @classmethod
    def idle(cls, config: DramConfig) -> Idle:
        inherited = getattr(super(), "idle", None)
        fields: Any = inherited(config) if inherited else {}
        if not (isinstance(fields, Mapping) and all(map(_is_idle, fields.items()))):
            raise PluginError(cls.who, "idle", fields, "must be fields of dram -> (fields that change that, why)")
        return fields


def _is_idle(item: tuple[object, object]) -> bool:
    match item:
        case (str(), (deciders, str())):
            return is_texts(deciders)
    return False
