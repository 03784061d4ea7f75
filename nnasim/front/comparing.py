"""``nnasim.compare``: word errors and latency of several systems on the same speech and chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from nnasim import files, markup
from nnasim.compiler.policies import load_policy
from nnasim.errors import ConfigError
from nnasim.front.arguments import ChipLike, FilePath, TraceLike, Utterances, checked
from nnasim.front.chips import chip_of
from nnasim.front.explaining import ExplainedTogether
from nnasim.front.needs import training_extra
from nnasim.front.results import Result
from nnasim.ir.io import read_trace
from nnasim.ir.trace import OpTrace, System
from nnasim.progress import Progress, silent
from nnasim.records import Flag
from nnasim.studies.comparison import MOVED, Inputs, compared
from nnasim.studies.trace_comparison import TraceInputs, compared_trace, systems_of
from reports.page import write_page
from reports.result_set import ResultSet, read_folder, write_folder
from reports.terminal import headings, rows, sentences
from workloads.bundled import checkpoints_folder, speech_manifest

if TYPE_CHECKING:
    import pandas as pd

SYSTEMS: tuple[System, ...] = get_args(System)


@dataclass(frozen=True, repr=False)
class Comparison:
    """Several systems on the same speech. ``result_set``: results, summary and hypotheses, as in the folder that
    ``save`` writes.
    """

    result_set: ResultSet

    @property
    def results(self) -> dict[str, Result]:
        """The result of each system, by its name."""
        traces = self.result_set.traces
        return {system: Result(record, traces.get(system)) for system, record in self.result_set.results.items()}

    @checked
    def explain(self, *, progress: Progress = silent) -> ExplainedTogether:
        """Explanations side by side: what each system waits for, what would help it, why it has operations on the CPU.

        Of a comparison that was read from a folder without traces, what its results themselves say.
        """
        from nnasim.studies.explaining.together import explain_together

        return ExplainedTogether(explain_together(self.result_set, progress))

    def frame(self) -> pd.DataFrame:
        """Word error rate with its interval [%], latencies [ms] and energy [mJ] of each system; index system."""
        import pandas as pd

        frame = pd.DataFrame([self._row(system) for system in self.result_set.results]).set_index("system")
        unknown = [name for name in map(str, frame) if name.endswith(("_pct", "_ms", "_mj", "_factor"))]
        return frame.astype(dict.fromkeys(unknown, float))  # what was not computed: NaN

    def _row(self, system: str) -> dict[str, object]:
        figures = self.result_set.figures()[system]
        low, high = figures.wer_ci or (None, None)
        ranks = figures.engine_latency_ms
        return {
            "system": system,
            "wer_pct": None if figures.wer is None else 100 * figures.wer,
            "wer_low_pct": None if low is None else 100 * low,
            "wer_high_pct": None if high is None else 100 * high,
            "errors": figures.errors,
            "engine_latency_mean_ms": None if ranks is None else ranks.mean,
            **{
                f"engine_latency_{rank}_ms": None if ranks is None else getattr(ranks, rank)
                for rank in ("p50", "p90", "p99")
            },
            "real_time_factor": figures.rtf,
            "energy_mj": figures.energy_mj,
            "handoffs": figures.handoffs,
            "dram_bytes": figures.dram_bytes,
        }

    def hypotheses(self) -> pd.DataFrame:
        """The reference text and the words that each system recognised; index (utterance, system)."""
        import pandas as pd

        listed = [
            {
                "utterance": hypothesis.id,
                "system": hypothesis.system,
                "reference": hypothesis.reference,
                "hypothesis": hypothesis.hypothesis,
            }
            for hypothesis in self.result_set.hypotheses
        ]
        columns = ["utterance", "system", "reference", "hypothesis"]
        return pd.DataFrame(listed, columns=columns).set_index(["utterance", "system"])

    @checked
    def save(self, folder: FilePath, *, force: Flag = False) -> None:
        """Write the folder that ``nnasim compare`` writes, with its page. Raises FileError if the folder exists, unless
        ``force``.
        """
        with files.new_folder(Path(folder), force=force) as inside:
            write_folder(inside, self.result_set)
            write_page(inside / "report.html", self.result_set)

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        return ["system", *headings(self.result_set)], [[label, *cells] for label, cells in rows(self.result_set)]

    def __repr__(self) -> str:
        return "\n".join([markup.plain_table(*self._cells()), *sentences(self.result_set)])

    def _repr_html_(self) -> str:
        """The table, its meaning in words, and a picture of word errors against latency, as offline HTML."""
        from reports.figures.headline import headline
        from reports.figures.style import element

        picture = element(headline(self.result_set.figures()))
        words = "".join(f"<p>{markup.text(line, 1000)}</p>" for line in sentences(self.result_set))
        return f"<div>{markup.table(*self._cells())}{words}{picture}</div>"


@checked
def compare(
    manifest: FilePath | None = None, *, trace: TraceLike | None = None, checkpoints: FilePath | None = None,
    chip: ChipLike = "edge256",
    systems: Annotated[Sequence[System], Field(min_length=1)] = SYSTEMS, placement: FilePath | None = None,
    limit: Utterances | None = None, progress: Progress = silent,
) -> Comparison:  # fmt: skip
    """Word errors, latency and energy of several systems on the same speech and chip. Needs the extra ``train``.

    - ``manifest``: the speech; default: the bundled strings of commands.
    - ``trace``: a stored trace instead of speech, for example of an imported model; it is run, but there are no words
      to score (and the extra is not needed).
    - ``checkpoints``: a folder with ``float/`` and ``aat/``; default: the bundled models.
    - ``systems``: some of float, cpu_int8, cpu_fallback, naive and aat.
    - ``placement``: where naive and aat run their operations: a YAML file, or the name of a policy.
    - ``limit``: use only the first ``limit`` utterances.
    - ``progress``: called after each utterance of each system.

    Raises ConfigError, FileError, ManifestError, CheckpointError, PlacementError or SimulationError.
    """
    if placement is not None and not set(systems) & set(MOVED):
        why = f"is not used without one of {', '.join(MOVED)} among the systems"
        raise ConfigError("compare", "placement", placement, why)
    hardware = chip_of(chip)
    policy = load_policy(str(placement)) if placement is not None else None
    if trace is not None:
        _refuse_beside_trace(manifest=manifest, checkpoints=checkpoints, limit=limit)
        stored, path = (trace, None) if isinstance(trace, OpTrace) else (read_trace(trace), Path(trace))
        given = TraceInputs(stored, hardware.name, hardware, path=path, placement=policy)
        return Comparison(compared_trace(given, systems_of(stored, systems), progress))
    inputs = Inputs(
        manifest=Path(manifest) if manifest is not None else speech_manifest(),
        checkpoints=Path(checkpoints) if checkpoints is not None else checkpoints_folder(),
        preset=hardware.name,
        chip=hardware,
        limit=limit,
        command=None,
        placement=policy,
    )
    with training_extra():
        return Comparison(compared(inputs, [system for system in SYSTEMS if system in systems], progress))


def _refuse_beside_trace(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ConfigError("compare", name, value, "is not used with a trace, which has its own calls")


@checked
def read_comparison(folder: FilePath) -> Comparison:
    """The comparison in a folder that ``nnasim compare`` or ``Comparison.save`` wrote.

    Raises FileError or InputError.
    """
    from nnasim.studies.explaining.together import with_traces

    return Comparison(with_traces(read_folder(Path(folder)), Path(folder)))
