"""The explanation of several models or streams on one chip: who waits for whom, and what would help each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from nnasim.analysis.energy import energy_mj
from nnasim.analysis.percentiles import percentile
from nnasim.analysis.tally import Tally, alike, tally_all
from nnasim.collecting import no_collection
from nnasim.errors import ConfigError, NnasimError, TraceError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Changes
from nnasim.ir.io import read_shared, read_trace, record_digest
from nnasim.ir.shared import POLICIES, Policy, SharedExplanation, SharedFigures, SharedResult, SharedWhatIf
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.sharing.lateness import lateness_of
from nnasim.sharing.run import Known, Model, Sharing, SharingOptions, least_sharing
from nnasim.sharing.waits import waits_of
from nnasim.shellwords import words_of
from nnasim.studies.explaining.sources import OTHER_CHIP, OTHER_VERSION, given_trace
from nnasim.studies.explaining.what_ifs import Limit, infinite_macs, limits, sram_of, streamed_bytes

NO_TRACES = (
    "The traces that ran were not found where the result's command had them, so nothing could be run again: simulate "
    "them anew to see what each stream waits for."
)
SRAM = "SRAM that holds all weights"


def explain_shared(path: Path, progress: Progress = silent) -> tuple[SharedResult, list[str]]:
    """The result at ``path`` with its explanation, and sentences to show before it.

    Without the traces that ran it is the result as it is.
    """
    result = read_shared(path)
    try:
        validated(NnaConfig, result.hardware, path)
    except ConfigError:
        return result, [OTHER_CHIP]
    traces = _traces(path, result)
    return (result, [NO_TRACES]) if traces is None else explain_shared_record(result, traces, progress)


def explain_shared_record(
    result: SharedResult, traces: Sequence[OpTrace], progress: Progress = silent
) -> tuple[SharedResult, list[str]]:
    """``result`` with its explanation, and sentences to show before it. ``traces``: what ran, one for each model.

    Raises ConfigError for a chip of another version, and what a simulation raises.
    """
    chip = validated(NnaConfig, result.hardware, "result")
    models = [Model(own.name, trace, own.streams) for own, trace in zip(result.models, traces, strict=True)]
    with no_collection():
        explanation, cycles = explained_sharing(models, chip, _options(result), progress)
    notes = [] if cycles == result.totals.cycles else [OTHER_VERSION]
    return result.model_copy(update={"explanation": explanation}), notes


def given_traces(given: Sequence[OpTrace | str | Path], result: SharedResult) -> list[OpTrace]:
    """The traces ``given``, in the order of the models of ``result``. Raises TraceError unless they are what ran."""
    if len(given) != len(result.models):
        raise TraceError("traces", "traces", len(given), f"must be {len(result.models)}, one for each model that ran")
    return [given_trace(trace, model) for trace, model in zip(given, result.models, strict=True)]


def explained_sharing(
    models: Sequence[Model], chip: NnaConfig, options: SharingOptions, progress: Progress = silent
) -> tuple[SharedExplanation, int]:
    """(what each of ``models`` waits for and what would help, cycles of the run). Raises what a simulation raises."""
    known = Known()
    sharing, _ = least_sharing(models, chip, options, known)
    of_models, of_streams = waits_of(sharing)
    runs = list(_variants(sharing, chip, options))
    what_ifs = list[SharedWhatIf]()
    for done, (limit, policy) in enumerate(runs, start=1):
        what_ifs.append(_run(models, chip, limit, policy, options, known))
        progress("runs", done, len(runs))
    base = _figures(sharing, chip)
    explanation = SharedExplanation(
        models=tuple(of_models), streams=tuple(of_streams), base=base, what_ifs=tuple(what_ifs)
    )
    return explanation, sharing.served.boot_cycles + sharing.served.end


def _options(result: SharedResult) -> SharingOptions:
    """The options that repeat ``result``; the SRAM is used as in that run, which was the cheaper way."""
    return SharingOptions(policy=result.policy, starts=result.starts, residents=result.switching.residents)


def _traces(path: Path, result: SharedResult) -> list[OpTrace] | None:
    """The trace of each model, looked for where the command had it, from here and from beside the result."""
    found: dict[str, OpTrace] = {}
    for candidate in _candidates(path, result):
        with suppress(NnasimError):
            trace = read_trace(candidate)
            found.setdefault(record_digest(trace), trace)
    wanted = [model.trace_hash for model in result.models]
    return [found[digest] for digest in wanted] if found.keys() >= set(wanted) else None


def _candidates(path: Path, result: SharedResult) -> Iterator[Path]:
    words = words_of(result.command)
    yield from (folder / word for word in words if word.endswith(".json") for folder in (Path(), path.parent))


def _variants(sharing: Sharing, chip: NnaConfig, options: SharingOptions) -> Iterator[tuple[Limit, Policy]]:
    """The chip with each limit lifted, and the other policies."""
    changes: dict[str, Changes] = {}
    for tenant in sharing.tenants:
        for limit in limits(tenant.compiled, chip):
            if limit.name != SRAM and limit.changes:
                changes.setdefault(limit.name, {}).update(limit.changes)
    streamed = sum(streamed_bytes(tenant.compiled) for tenant in sharing.tenants)
    if streamed:
        changes[SRAM] = sram_of(chip, chip.sram.bytes + streamed)
    if macs := infinite_macs(chip):
        changes[macs.name] = macs.changes
    yield from ((Limit(name, change), options.policy) for name, change in changes.items())
    if len(sharing.served.streams) > 1:
        ranked = [other for other in POLICIES if other != "priority" or len(sharing.tenants) > 1]
        yield from ((Limit(f"policy {other}", {}), other) for other in ranked if other != options.policy)


def _run(
    models: Sequence[Model], chip: NnaConfig, limit: Limit, policy: Policy, options: SharingOptions, known: Known
) -> SharedWhatIf:
    """``models`` with one limit lifted: what ran on the same chip is ``known``."""
    other = SharingOptions(policy, options.starts, options.residents, options.deadline_ms)
    row = SharedWhatIf(limit=limit.name, changes=limit.changes, policy=None if limit.changes else policy)
    try:
        changed = chip.with_(limit.changes)
        sharing, _ = least_sharing(models, changed, other, known if not limit.changes else None)
        return row.model_copy(update={"figures": _figures(sharing, changed)})
    except NnasimError as error:
        return row.model_copy(update={"refused": str(error)[:2000]})


def _figures(sharing: Sharing, chip: NnaConfig) -> SharedFigures:
    times = [
        [
            ms
            for stream in sharing.served.streams
            if stream.model == place
            for utterance in lateness_of(tenant, stream)
            for ms in utterance.latencies_ms
        ]
        for place, tenant in enumerate(sharing.tenants)
    ]
    whole = Tally()
    for model in range(len(sharing.tenants)):
        whole.add(tally_all(alike(sharing.served.runs_of(model))))
    energy = energy_mj(chip, whole.actions, sharing.served.boot_cycles + sharing.served.end)
    return SharedFigures(
        p50_ms=tuple(percentile(of_model, 50) for of_model in times),
        p99_ms=tuple(percentile(of_model, 99) for of_model in times),
        energy_mj=energy["total"].nominal if energy else None,
    )
