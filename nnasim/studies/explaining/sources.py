"""A trace or a result, read from a file, as a result with its explanation, and notes on how it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from nnasim import files, limits
from nnasim.errors import ConfigError, NnasimError, TraceError
from nnasim.hardware import NnaConfig
from nnasim.hardware.plausible import implausible
from nnasim.ir.explanation import Words
from nnasim.ir.io import read_result, read_trace, record_digest
from nnasim.ir.result import SimResult
from nnasim.ir.shared import ModelShare
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.shellwords import words_of
from nnasim.studies.explaining.explain import explained
from nnasim.studies.explaining.speech import system_of
from nnasim.studies.provenance import parameters, with_origin
from reports.result_set import RESULTS, TRACES
from reports.summary import Summary, read_summary

MOST_TRACES = limits.TRACES_BESIDE  # that are looked through beside a result

Found = tuple[SimResult, list[str]]
"""A result with its explanation, and sentences to show before it."""


def is_result(path: Path) -> bool:
    """Whether a JSON file calls itself a result. Raises FileError."""
    data = files.read_json(path)
    return isinstance(data, dict) and data.get("kind") == SimResult.model_fields["kind"].default


def explain_trace(path: Path, preset: str, chip: NnaConfig, progress: Progress = silent) -> Found:
    """The trace at ``path`` on ``chip``, which ``preset`` describes. Raises what reading and simulating raise."""
    rows = parameters(preset, chip)
    result = explained(read_trace(path), chip, rows, (), progress)
    return with_origin(result, rows, None), implausible(chip)


def explain_result(path: Path, given: NnaConfig | None, trace_path: Path | None, progress: Progress = silent) -> Found:
    """The result at ``path``, run again on its own chip with its trace; without the trace, what the result itself says.

    ``given``: the chip that the user named, if any, which must be the result's. ``trace_path``: where the trace is;
    None: where the result's command had it. Raises ConfigError for another chip.
    """
    result = read_result(path)
    try:
        chip = validated(NnaConfig, result.hardware, path)
    except ConfigError:
        if given is not None or trace_path is not None:
            raise
        return result, [OTHER_CHIP]
    if given is not None and given.digest() != chip.digest():
        allowed = f"is not the chip of {path}, which brings its own; explain the trace to ask about another"
        raise ConfigError("explain", "chip", given.name, allowed)
    trace = given_trace(trace_path, result) if trace_path else trace_of_result(path, result)
    if trace is None:
        return result, [NO_TRACE]
    again = explained(trace, chip, result.extra.parameters, tuple(words_beside(path, result)), progress)
    moved = again.totals != result.totals
    return with_explanation(result, again), [OTHER_VERSION] if moved else []


def with_explanation(result: SimResult, again: SimResult) -> SimResult:
    """``result`` with the explanation of ``again``, its repetition, and with the words decoded for it before."""
    words = result.explanation.numerics_words if result.explanation else None
    assert again.explanation is not None
    return result.model_copy(update={"explanation": again.explanation.model_copy(update={"numerics_words": words})})


def explain_record(result: SimResult, trace: OpTrace, progress: Progress = silent) -> SimResult:
    """``result``, of ``trace``, with its explanation."""
    chip = validated(NnaConfig, result.hardware, "result")
    return with_explanation(result, explained(trace, chip, result.extra.parameters, (), progress))


NO_TRACE = (
    "The trace that ran was not found where the result's command had it, so nothing could be run again: give it to see "
    "all that would help and which assumptions decide."
)
OTHER_CHIP = (
    "The result's chip has fields of another version of nnasim, so nothing could be run again: explain its trace on a "
    "preset of this version to see what would help and which assumptions decide."
)
OTHER_VERSION = (
    "This version of nnasim has other totals for the same run than the result: what follows is this version's."
)


def given_trace(given: OpTrace | str | Path, result: SimResult | ModelShare) -> OpTrace:
    """``given``, or the trace of that path. Raises TraceError unless it is what ran for ``result``."""
    trace, source = (given, "trace") if isinstance(given, OpTrace) else (read_trace(given), str(given))
    digest = record_digest(trace)
    if digest != result.trace_hash:
        raise TraceError(source, "trace", digest, f"is not the trace that ran, which is {result.trace_hash}")
    return trace


def trace_of_result(path: Path, result: SimResult) -> OpTrace | None:
    """The trace that ran for the ``result`` at ``path``, found in its comparison's folder or where its command had it.

    That is looked for from here and from beside the result; None if it is gone.
    """
    for candidate in _traces_beside(path):
        with suppress(NnasimError):
            return given_trace(candidate, result)
    for candidate in _traces_of_command(path, result):
        with suppress(NnasimError):
            trace = read_trace(candidate)
            with suppress(TraceError):
                return given_trace(trace, result)
            return given_trace(_as_it_ran(trace, result, candidate), result)
    return None


def _traces_beside(path: Path) -> Iterator[Path]:
    """The traces of the folder whose ``results`` hold the file at ``path``, its own name first."""
    folder = path.parent.parent / TRACES
    if path.parent.name != RESULTS or not folder.is_dir():
        return
    others = sorted(other for other in islice(folder.glob("*.json"), MOST_TRACES) if other.name != path.name)
    yield from (folder / path.name, *others)


def _traces_of_command(path: Path, result: SimResult) -> Iterator[Path]:
    names = [word.rpartition("=")[2] for word in words_of(result.command) if word.endswith(".json")]
    yield from (folder / name for name in names for folder in (Path(), path.parent))


def _as_it_ran(trace: OpTrace, result: SimResult, source: Path) -> OpTrace:
    """``trace`` in the arithmetic of the result's chip and as its system, which is how a comparison runs it."""
    from nnasim.sweeps.retarget import retarget  # brings the readers of foreign models, which take a while

    return retarget(trace, validated(NnaConfig, result.hardware, source).numerics, system_of(result), source)


def words_beside(path: Path, result: SimResult) -> Iterator[Words]:
    """Word errors of every system of the comparison that a result belongs to; none if it belongs to none."""
    summary = _summary_beside(path)
    systems = summary.systems if summary and summary.hardware_hash == result.hardware_hash else {}
    total = summary.corpus.words if summary else None
    base = systems["float"].errors if "float" in systems else None
    for system in dict.fromkeys(("float", *systems)):
        errors = systems[system].errors if system in systems else None
        if errors is not None and total is not None:
            more = None if base is None else errors - base
            yield Words(system=system, errors=errors, words=total, more_than_float=more)


def _summary_beside(path: Path) -> Summary | None:
    """The summary of the folder of `compare` whose ``results`` hold the file at ``path``."""
    summary = path.parent.parent / "summary.json"
    if path.parent.name != RESULTS or not summary.is_file():
        return None
    return read_summary(summary)
