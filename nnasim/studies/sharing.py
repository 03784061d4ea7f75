"""Several traces on one chip, from files or from Python: named, run or searched, and compared with the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnasim import limits
from nnasim.errors import ConfigError
from nnasim.functional.stored import random_features, read_constants, split_features
from nnasim.hardware import NnaConfig
from nnasim.ir.result import Functional
from nnasim.ir.shared import SharedResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import refuse_batches
from nnasim.records import computed
from nnasim.sharing.integers import compare_streams
from nnasim.sharing.run import Model, Sharing, SharingOptions, least_sharing, result_of_sharing
from nnasim.sharing.search import find_streams
from nnasim.studies.functional import NOISE, STORED, agreed
from nnasim.studies.provenance import commit, parameters, versions

MOST_MODELS = limits.MODELS


@dataclass(frozen=True)
class Asked:
    """The settings of several models on one chip. ``most``: search for the number of streams that are in time, up to
    this.
    """

    options: SharingOptions
    most: int | None = None


def models_of(names: Sequence[str], traces: Sequence[OpTrace], streams: int) -> list[Model]:
    """The models under names of their own: a name that several have is numbered. Raises ConfigError for too many."""
    if len(traces) > MOST_MODELS:
        raise ConfigError("simulate", "traces", len(traces), f"must be at most {MOST_MODELS:,}")
    often, seen = Counter(names), Counter[str]()
    models = []
    for name, trace in zip(names, traces, strict=True):
        seen[name] += 1
        unique = name if often[name] == 1 else f"{name} {seen[name]}"
        models.append(Model(unique, trace, streams))
    return models


def shared(models: Sequence[Model], chip: NnaConfig, asked: Asked, paths: Sequence[Path] | None = None) -> SharedResult:
    """The result of ``models`` on one chip. ``paths``: those of their traces, if the real integers are to be compared.

    Raises PlacementError, SimulationError, and TraceError if there are no integers.
    """
    if asked.most is not None:
        return find_streams(models, chip, asked.options, asked.most)
    if all(model.streams == 1 for model in models):
        refuse_batches(chip)
    sharing, other = least_sharing(models, chip, asked.options)
    with computed("the run"):
        result = result_of_sharing(models, chip, asked.options, sharing, other)
    if paths is None:
        return result
    compared = tuple(_compared(path, place, sharing) for place, path in enumerate(paths))
    return result.model_copy(update={"functional": compared})


def _compared(path: Path, place: int, sharing: Sharing) -> Functional:
    """The section on model number ``place``, run again with the real integers, which must be those of each stream."""
    tenant = sharing.tenants[place]
    trace = tenant.compiled.given
    constants, features = split_features(read_constants(path, trace), trace)
    heard = random_features(trace) if features is None else features
    report = compare_streams(tenant, place, sharing.served, constants, heard)
    return agreed(report, path, NOISE if features is None else STORED)


def documented_shared(result: SharedResult, preset: str, chip: NnaConfig, command: str | None) -> SharedResult:
    """``result`` with its origin, as ``documented`` gives it to the result of a single trace."""
    return result.model_copy(
        update={
            "command": command,
            "commit": commit(),
            "versions": {**result.versions, **versions()},
            "parameters": parameters(preset, chip),
        }
    )
