"""A budget: the most that each figure of a result may be; and whether a result keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from nnasim import files
from nnasim.errors import ConfigError, InputError
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import System
from nnasim.records import Frozen, Number, validated
from nnasim.sweeps.objectives import chip_figures, meaning_of, objective_names
from reports.result_set import ResultSet

Limits = dict[str, Annotated[Number, Field(ge=0, le=1e18)]]


class Budget(Frozen):
    """``limits``: figure -> the most that it may be in every result; ``systems``: the same for one system alone.

    Figures are named as in a sweep's objectives, such as ``frame_latency_ms.p99``, in the units given there.
    """

    limits: Limits = Field({})
    systems: dict[System, Limits] = Field({})


@dataclass(frozen=True)
class Verdict:
    """One figure of one result beside its limit, in ``unit``."""

    label: str
    figure: str
    unit: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit


def read_budget(path: str | Path) -> Budget:
    """The budget in the YAML file at ``path``. Raises FileError or ConfigError."""
    return checked_budget(files.read_yaml(path), path)


def checked_budget(data: object, source: object) -> Budget:
    """``data`` as a budget. Raises ConfigError for unknown figures, and for a budget without any."""
    budget = validated(Budget, data, source, ConfigError)
    known = objective_names()
    for section, limits in (("limits", budget.limits), *((f"systems.{s}", at) for s, at in budget.systems.items())):
        for figure, limit in limits.items():
            if figure not in known:
                raise ConfigError(source, f"{section}.{figure}", limit, f"is no figure; may be {', '.join(known)}")
    if not any([budget.limits, *budget.systems.values()]):
        raise ConfigError(source, "limits", {}, "must limit a figure, such as rtf: 0.5")
    return budget


def judge(result_set: ResultSet, budget: Budget, source: object) -> list[Verdict]:
    """Each limit of ``budget`` on each result that it is for. ``source``: what to name as the results' file.

    Raises InputError for a figure that was not computed, and for a system of the budget that has no result.
    """
    absent = budget.systems.keys() - {result.system for result in result_set.results.values()}
    if absent:
        there = ", ".join(dict.fromkeys(result.system for result in result_set.results.values()))
        raise InputError(source, "system", min(absent), f"has a budget and no result; results are of {there}")
    return [
        verdict
        for label, result in result_set.results.items()
        for verdict in _of(label, result, result_set, budget, source)
    ]


def _of(label: str, result: SimResult, result_set: ResultSet, budget: Budget, source: object) -> Iterator[Verdict]:
    limits: Mapping[str, float] = {**budget.limits, **budget.systems.get(result.system, {})}  # type: ignore[call-overload]
    chip = validated(NnaConfig, result.hardware, source, InputError)
    figures = {**chip_figures([result], chip, list(limits)), "wer": result_set.figures()[label].wer}
    for figure, limit in limits.items():
        value = figures.get(figure)
        if value is None:
            raise InputError(source, figure, None, f"was not computed for {label}, so its limit cannot be checked")
        yield Verdict(label=label, figure=figure, unit=meaning_of(figure)[0], value=float(value), limit=limit)
