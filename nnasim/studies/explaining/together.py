"""Several results of one comparison explained together: what their chips and their traces share runs once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nnasim import filekind
from nnasim.errors import ConfigError, FileError
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.studies.chips_folder import chips_files, read_chips_folder
from nnasim.studies.chips_record import CHIPS_FILE
from nnasim.studies.explaining.explain import explained
from nnasim.studies.explaining.in_brief import Compared
from nnasim.studies.explaining.sources import trace_of_result, with_explanation, words_beside
from reports.result_set import RESULTS, ResultSet, read_folder

SUMMARY = "summary.json"


def explain_folder(folder: Path, progress: Progress = silent) -> tuple[ResultSet, list[str]]:
    """The comparison in ``folder`` with each of its results explained, and sentences to show before it.

    Raises FileError for a folder without a comparison, else what reading and simulating raise.
    """
    found = _read(folder)
    files, whole = _files(folder, found), explain_together(with_traces(found, folder), progress)
    worded = {label: _with_words(result, files[label]) for label, result in whole.results.items()}
    return whole.with_results(worded), _notes(whole)


def _read(folder: Path) -> ResultSet:
    """The results that a comparison wrote into ``folder``."""
    if (folder / SUMMARY).is_file():
        return read_folder(folder)
    if (folder / CHIPS_FILE).is_file():
        return read_chips_folder(folder)
    seems = filekind.hint(filekind.of_folder(folder))
    raise FileError(folder, f"is no folder of nnasim compare or nnasim compare-chips{seems}")


def _files(folder: Path, found: ResultSet) -> dict[str, Path]:
    """The file of each result in ``folder``."""
    if found.summary is None:
        return chips_files(folder)
    return {label: folder / RESULTS / f"{label}.json" for label in found.results}


def with_traces(found: ResultSet, folder: Path) -> ResultSet:
    """``found``, which ``folder`` holds, with the trace of each result, if it is still there."""
    traces = {label: trace_of_result(path, found.results[label]) for label, path in _files(folder, found).items()}
    return replace(found, traces={label: trace for label, trace in traces.items() if trace is not None})


def _with_words(result: SimResult, path: Path) -> SimResult:
    words = tuple(words_beside(path, result))
    if not words or result.explanation is None:
        return result
    return result.model_copy(update={"explanation": result.explanation.model_copy(update={"words": words})})


def explain_together(found: ResultSet, progress: Progress = silent) -> ResultSet:
    """``found`` with an explanation of each result whose trace it holds."""
    compared, results = Compared(), dict[str, SimResult]()
    for done, (label, result) in enumerate(found.results.items(), start=1):
        results[label] = _explained(result, found.traces.get(label), compared)
        progress("results", done, len(found.results))
    return found.with_results(results)


def _explained(result: SimResult, trace: OpTrace | None, compared: Compared) -> SimResult:
    if trace is None:
        return result
    try:
        chip = validated(NnaConfig, result.hardware, "result")
    except ConfigError:  # a chip with fields of another version
        return result
    again = explained(trace, chip, result.extra.parameters, variants=compared.variants(trace))
    return with_explanation(result, again)


def _notes(found: ResultSet) -> list[str]:
    missing = [label for label, result in found.results.items() if not is_complete(result)]
    if not missing:
        return []
    of = "" if len(missing) == len(found.results) else f" of {', '.join(missing)}"
    return [f"Nothing{of} was run again: the folder lacks the trace that ran, or the chip is of another version."]


def is_complete(result: SimResult) -> bool:
    """Whether variants of the run were simulated."""
    return result.explanation is not None and result.explanation.complete


def labelled_explanations(results: Mapping[str, SimResult]) -> dict[str, object]:
    """Each explanation as a file holds it, by label."""
    return {
        label: result.explanation.model_dump(mode="json") if result.explanation else None
        for label, result in results.items()
    }
