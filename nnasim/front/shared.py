"""The result of ``nnasim.simulate`` for several traces or streams, as Python and notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnasim import markup
from nnasim.front import shared_frames
from nnasim.front.arguments import FilePath, TraceLike, checked
from nnasim.front.explaining_streams import ExplainedStreams
from nnasim.ir.io import read_shared as read
from nnasim.ir.io import write_record
from nnasim.ir.shared import SharedResult
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import Flag

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Shared:
    """Several traces or streams on one chip. ``record``: everything that was measured, as a result file holds it.

    ``traces``: the traces that ran, in the order of the models; None for a result that was read from a file.
    """

    record: SharedResult
    traces: tuple[OpTrace, ...] | None = field(default=None, compare=False)

    @property
    def streams_in_time(self) -> int | None:
        """The number of streams of each trace that a search found to be in time; None if no search was made."""
        return None if self.record.search is None else self.record.search.most

    def models(self) -> pd.DataFrame:
        """Latencies with percentiles [ms], missed deadlines and share of the run of each model; index model."""
        return shared_frames.models_frame(self.record)

    def blocks(self) -> pd.DataFrame:
        """The share of the run in which each block worked for each model; index model, a column for each block."""
        return shared_frames.blocks_frame(self.record)

    def frames(self) -> pd.DataFrame:
        """Arrival, start, end and latency of each frame of audio [ms]; index (model, stream, utterance, frame)."""
        return shared_frames.frames_frame(self.record)

    @checked
    def explain(self, traces: list[TraceLike] | None = None, *, progress: Progress = silent) -> ExplainedStreams:
        """An explanation: what the frames of each model wait for, behind whose calls, and what would help.

        ``traces``: the traces that ran, in the order of the models, for a result that was read from a file; without
        them the explanation is what the file holds. Raises TraceError for other traces, and every error that a
        simulation raises.
        """
        from nnasim.studies.explaining.shared import explain_shared_record, given_traces

        found = self.traces if traces is None else given_traces(traces, self.record)
        return ExplainedStreams(
            *((self.record, []) if found is None else explain_shared_record(self.record, found, progress))
        )

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the result file, atomically. Raises FileError if the file exists, unless ``force``."""
        write_record(path, self.record, force=force)

    @checked
    def report(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the page of this result, one offline HTML file. Raises FileError if the file exists, unless
        ``force``.
        """
        from reports.shared_document import write_shared_page

        write_shared_page(path, self.record, force=force)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return f"<div>{markup.paragraphs(self._lines())}</div>"

    def _lines(self) -> list[str]:
        from reports.shared_lines import shared_lines

        return list(shared_lines(self.record))


@checked
def read_shared(path: FilePath) -> Shared:
    """The result in a file of several traces that ``nnasim simulate`` or ``Shared.save`` wrote.

    Raises FileError or TraceError.
    """
    return Shared(read(path))
