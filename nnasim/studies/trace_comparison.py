"""The cost of several systems on the same work: a stored trace, run where each of them has its operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nnasim import files
from nnasim.analysis.pooled import audio_seconds
from nnasim.compiler.policies import Policy, placed
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.studies.comparison import MOVED
from nnasim.studies.explaining.in_brief import Compared
from nnasim.studies.provenance import commit, documented, versions
from nnasim.sweeps.retarget import IMPORTED_SYSTEMS, retarget
from reports.gain import latency_gain
from reports.result_set import ResultSet
from reports.summarise import figures
from reports.summary import Corpus, Summary


@dataclass(frozen=True)
class TraceInputs:
    """All that determines a comparison on a trace. ``path``: its file, if it has one."""

    trace: OpTrace
    preset: str
    chip: NnaConfig
    path: Path | None = None
    command: str | None = None
    placement: Policy | None = None


def systems_of(trace: OpTrace, wanted: Sequence[System]) -> list[System]:
    """``wanted``; of an imported model, if all are wanted, only the systems that it can be."""
    if trace.imported is not None and set(wanted) == set(get_args(System)):
        return [system for system in wanted if system in IMPORTED_SYSTEMS]
    return list(wanted)


def compared_trace(inputs: TraceInputs, systems: Sequence[System], progress: Progress = silent) -> ResultSet:
    """Each system's result on the trace's own calls: costs, and no word errors.

    Raises TraceError for a system that the trace cannot have, and every error that a simulation raises.
    """
    source, results, traces = inputs.path or "trace", dict[str, SimResult](), dict[str, OpTrace]()
    explained = Compared()
    for done, system in enumerate(systems, start=1):
        trace = retarget(inputs.trace, inputs.chip.numerics, system, source)
        if inputs.placement is not None and system in MOVED:
            trace = placed(trace, inputs.placement)
        result = explained.with_what_ifs(simulate(trace, inputs.chip), trace, inputs.chip)
        results[system] = documented(result, inputs.preset, inputs.chip, inputs.command)
        traces[system] = trace
        progress("systems", done, len(systems))
    return ResultSet(results, _summary(inputs, results), traces=traces)


def _summary(inputs: TraceInputs, results: dict[str, SimResult]) -> Summary:
    first = next(iter(results.values()))
    return Summary(
        command=inputs.command,
        preset=inputs.chip.name,
        hardware_hash=first.hardware_hash,
        numerics_hash=inputs.chip.numerics.digest(),
        versions=versions(),
        commit=commit(),
        inputs={} if inputs.path is None else {"trace": files.digest(inputs.path)},
        corpus=Corpus(utterances=len(first.utterances), audio_seconds=audio_seconds(first)),
        systems={name: figures(result) for name, result in results.items()},
        placement=inputs.placement.description if inputs.placement else None,
        gain=latency_gain(results),
    )
