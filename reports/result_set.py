"""The content of one page: results by label and, if `compare` made them, the summary and the hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nnasim import filekind
from nnasim.errors import FileError, TraceError
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from reports.hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from reports.naming import labelled
from reports.operations import write_ops
from reports.perfetto import perfetto_is_installed, write_perfetto
from reports.summarise import figures
from reports.summary import Summary, SystemFigures, read_summary, write_summary
from reports.timeline import write_timeline
from reports.waits import Waits, waits_of

RESULTS, TRACES = "results", "traces"
SYSTEM_ORDER = ("float", "cpu_int8", "cpu_fallback", "naive", "aat")


@dataclass(frozen=True)
class ResultSet:
    """Results by label, in the order in which they are shown.

    ``scored``: figures with word errors, by label, of results that have no summary of one comparison. ``traces``: what
    ran, by label, where it is at hand.
    """

    results: Mapping[str, SimResult]
    summary: Summary | None = None
    hypotheses: Sequence[Hypothesis] = field(default=())
    scored: Mapping[str, SystemFigures] = field(default_factory=dict)
    traces: Mapping[str, OpTrace] = field(default_factory=dict)

    def figures(self) -> dict[str, SystemFigures]:
        """The figures of each result; word errors only where a summary has them."""
        if self.summary:
            return {label: self.summary.systems.get(label, SystemFigures()) for label in self.results}
        return {label: self.scored.get(label) or figures(result) for label, result in self.results.items()}

    @cached_property
    def waits(self) -> dict[str, Waits]:
        """The waits of each result, by label, where they are known."""
        known = {label: waits_of(result) for label, result in self.results.items()}
        return {label: waits for label, waits in known.items() if waits is not None}

    def record(self) -> dict[str, Any]:
        """The summary as its file holds it, or the figures of each result if there is none."""
        if self.summary:
            return self.summary.model_dump(mode="json")
        return {label: figures.model_dump(mode="json") for label, figures in self.figures().items()}

    def with_results(self, results: Mapping[str, SimResult]) -> ResultSet:
        """The same comparison with ``results`` of the same labels, which hold their explanations."""
        waits = replace(self, results=results).waits

        def renewed(known: Mapping[str, SystemFigures]) -> dict[str, SystemFigures]:
            return {
                label: figures.model_copy(update={"waits": waits.get(label)} if label in results else {})
                for label, figures in known.items()
            }

        summary = self.summary and self.summary.model_copy(update={"systems": renewed(self.summary.systems)})
        return replace(self, results=results, summary=summary, scored=renewed(self.scored))

    @property
    def has_words(self) -> bool:
        """Whether a result is of a recogniser of nnasim, which can get words wrong; other models have no words."""
        return any(result.imported is None for result in self.results.values())

    @property
    def single_utterance(self) -> bool:
        """Whether every result is of one utterance, so that all its percentiles are one value."""
        return all(len(result.utterances) == 1 for result in self.results.values())


def read_results(paths: Sequence[Path]) -> ResultSet:
    """The folder that `compare` wrote, or any number of result files. Raises FileError or InputError."""
    folders = [path for path in paths if path.is_dir()]
    if folders and len(paths) > 1:
        raise FileError(folders[0], "is a folder; give one folder of `compare`, or result files")
    if folders:
        return read_folder(folders[0])
    return ResultSet(labelled([read_result(path) for path in paths]))


def read_folder(folder: Path) -> ResultSet:
    """The result set in a folder that ``write_folder`` wrote. Raises FileError or InputError."""
    if not (folder / "summary.json").exists():
        seems = filekind.hint(filekind.of_folder(folder))
        raise FileError(folder, f"is no folder of nnasim compare: it holds no summary.json{seems}")
    summary = read_summary(folder / "summary.json")
    names = sorted(summary.systems, key=_place)
    return ResultSet(
        results={name: _read_result_of(name, folder / RESULTS / _file_name(name, folder)) for name in names},
        summary=summary,
        hypotheses=read_hypotheses(folder / "hypotheses.csv"),
    )


def _read_result_of(system: str, path: Path) -> SimResult:
    """The result of ``system`` at ``path``. Raises TraceError for one of another system, under whose name it would be
    judged.
    """
    result = read_result(path)
    if result.system != system:
        raise TraceError(path, "system", result.system, f"must be {system}, as its file is called")
    return result


def _place(system: str) -> tuple[int, str]:
    return (SYSTEM_ORDER.index(system) if system in SYSTEM_ORDER else len(SYSTEM_ORDER), system)


def _file_name(system: str, folder: Path) -> str:
    """The result's file. Only the systems' names may become part of a path, never a text from a file."""
    if system not in SYSTEM_ORDER:
        raise FileError(folder / "summary.json", f"names no system of {', '.join(SYSTEM_ORDER)}")
    return f"{system}.json"


def write_folder(folder: Path, result_set: ResultSet) -> None:
    """Write every file of `compare`'s folder except the page: summary, hypotheses, operations, time line, results.

    Raises ValueError for a result set without a summary.
    """
    if result_set.summary is None:
        raise ValueError("a folder needs a summary")
    write_summary(folder / "summary.json", result_set.summary)
    write_hypotheses(folder / "hypotheses.csv", result_set.hypotheses)
    write_ops(folder / "ops.csv", result_set.results)
    write_timeline(folder / "timeline.json", result_set.results)
    if perfetto_is_installed():
        write_perfetto(folder / "timeline.perfetto-trace", result_set.results)
    for system, result in result_set.results.items():
        write_record(folder / RESULTS / _file_name(system, folder), result)
    write_traces(folder, {_file_name(system, folder): trace for system, trace in result_set.traces.items()})


def write_traces(folder: Path, traces: Mapping[str, OpTrace]) -> None:
    """Write the trace of each result, in a file of the result's name, for `nnasim explain`. Equal ones once."""
    written = list[OpTrace]()
    for name, trace in traces.items():
        if not any(trace is other for other in written):
            write_record(folder / TRACES / name, trace)
            written.append(trace)
