"""``result.explain()``: why a run takes as long as it does, as Python and notebooks show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from nnasim import frames
from nnasim.front.arguments import FilePath, checked
from nnasim.ir.explanation import Explanation
from nnasim.ir.result import SimResult
from nnasim.records import Flag
from reports.result_set import ResultSet

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Explained:
    """The reasons for the latency of a run. ``record``: the result that is explained; it holds the explanation."""

    record: SimResult

    @property
    def explanation(self) -> Explanation:
        """The whole explanation as a record; empty for a result of an earlier version that recorded none."""
        return self.record.explanation or Explanation()

    def path(self) -> pd.DataFrame:
        """The parts of one frame's latency [ms], which add up to it; index (cause, layer)."""
        return frames.path_frame(self.explanation, self.record.clock_hz)

    def what_ifs(self) -> pd.DataFrame:
        """Medians [ms], energy [mJ] and bottleneck with each limit lifted, and as it is; index limit."""
        return frames.what_ifs_frame(self.explanation)

    def on_cpu(self) -> pd.DataFrame:
        """Operations on the CPU: the reason, the time and the time of the hand-offs of each [ms]; index (graph, op)."""
        return frames.on_cpu_frame(self.explanation)

    def assumptions(self) -> pd.DataFrame:
        """The effect of each assumed number: medians [ms] and energy [mJ] at both ends of its range; index field."""
        return frames.assumptions_frame(self.explanation)

    def words(self) -> pd.DataFrame:
        """Wrong words as it is, and with each choice of the arithmetic relaxed in turn, with the words saved; index
        field.

        Empty until ``Result.explain_words`` or `nnasim explain --words` has computed it.
        """
        return frames.words_frame(self.explanation)

    def markdown(self) -> str:
        """The whole explanation as Markdown text."""
        from reports.explanation import result_blocks
        from reports.to_markdown import markdown_of

        return markdown_of(self._title, result_blocks(self.record, drawn=False))

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write a result file that holds the explanation. Raises FileError if the file exists, unless ``force``."""
        from nnasim.ir.io import write_record

        write_record(path, self.record, force=force)

    @property
    def _title(self) -> str:
        return f"{self.record.system} on {self.record.preset}"

    def __repr__(self) -> str:
        from reports.explanation import result_blocks
        from reports.to_text import text_lines

        return "\n".join(text_lines((self._title, *result_blocks(self.record, drawn=False))))

    def _repr_html_(self) -> str:
        """The explanation and its figures, as offline HTML for notebooks."""
        from reports.blocks import figures_among
        from reports.explanation import result_blocks

        figures = "".join(figure.svg for figure in figures_among(result_blocks(self.record)))
        return f"<div><pre>{escape(repr(self))}</pre>{figures}</div>"


@dataclass(frozen=True, repr=False)
class ExplainedTogether:
    """The reasons for the latency of each result of a comparison. ``result_set``: the results, which hold them."""

    result_set: ResultSet

    @property
    def results(self) -> dict[str, Explained]:
        """The explanation of each result, by its label."""
        return {label: Explained(record) for label, record in self.result_set.results.items()}

    def path(self) -> pd.DataFrame:
        """The parts of one frame's latency [ms] in each result; index (result, cause, layer)."""
        return self._joined(Explained.path)

    def what_ifs(self) -> pd.DataFrame:
        """Medians [ms], energy [mJ] and bottleneck of each result with each limit lifted; index (result, limit)."""
        return self._joined(Explained.what_ifs)

    def on_cpu(self) -> pd.DataFrame:
        """Each operation of the CPU: its reason, its time and its hand-offs [ms]; index (result, graph, op)."""
        return self._joined(Explained.on_cpu)

    def assumptions(self) -> pd.DataFrame:
        """The effect of each assumed number: medians [ms] and energy [mJ] at both ends; index (result, field)."""
        return self._joined(Explained.assumptions)

    def _joined(self, frame_of: Callable[[Explained], pd.DataFrame]) -> pd.DataFrame:
        import pandas as pd

        known = {label: frame_of(explained) for label, explained in self.results.items()}
        return pd.concat({label: frame for label, frame in known.items() if len(frame)} or known, names=["result"])

    def markdown(self) -> str:
        """All of it as Markdown, the results beside each other first."""
        from reports.blocks import without_figures
        from reports.explanation import explanation
        from reports.to_markdown import markdown_of
        from reports.waiting import waiting

        blocks = (*waiting(self.result_set).blocks, *explanation(self.result_set, drawn=False).blocks)
        return markdown_of("What each waits for", without_figures(blocks))

    @checked
    def report(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the page of the results with their explanations. Raises FileError if it exists, unless ``force``."""
        from reports.page import write_page

        write_page(path, self.result_set, force=force)

    def __repr__(self) -> str:
        from reports.to_text import text_lines
        from reports.waiting import waiting_in_short

        return "\n".join(text_lines(waiting_in_short(self.result_set))).lstrip("\n")

    def _repr_html_(self) -> str:
        """The same and its figure, as a notebook shows it: offline, escaped."""
        from reports.blocks import figures_among
        from reports.waiting import waiting

        figures = "".join(figure.svg for figure in figures_among(waiting(self.result_set).blocks))
        return f"<div><pre>{escape(repr(self))}</pre>{figures}</div>"
