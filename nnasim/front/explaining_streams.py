"""``nnasim.simulate([...]).explain()``: what each of several streams waits for, as Python and notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from nnasim import markup
from nnasim.front import shared_frames
from nnasim.front.arguments import FilePath, checked
from nnasim.ir.shared import SharedResult
from nnasim.records import Flag

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class ExplainedStreams:
    """The reasons for the latency of several models or streams on one chip.

    ``record``: the result that is explained; it holds the explanation. ``notes``: sentences on how it was found.
    """

    record: SharedResult
    notes: list[str] = field(default_factory=list)

    def waits(self) -> pd.DataFrame:
        """The parts of a mean frame's latency of each model [ms], which add up to it; index (model, wait, of)."""
        return shared_frames.waits_frame(self.record)

    def streams(self) -> pd.DataFrame:
        """The time that a mean frame of each stream waited behind calls of each other one [ms]; index (model, stream,
        behind_model, behind_stream).

        Empty if there are more streams than the explanation tells apart.
        """
        return shared_frames.streams_frame(self.record)

    def what_ifs(self) -> pd.DataFrame:
        """p50 and p99 [ms] of each model and energy [mJ] with each limit lifted, with each other policy, and as it is;
        index (limit, model).
        """
        return shared_frames.what_ifs_frame(self.record)

    def markdown(self) -> str:
        """The whole explanation as Markdown text."""
        from reports.shared_waits import waits_blocks, waits_title
        from reports.to_markdown import markdown_of

        return markdown_of(waits_title(self.record), (*self.notes, *waits_blocks(self.record)))

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write a result file that holds the explanation. Raises FileError if the file exists, unless ``force``."""
        from nnasim.ir.io import write_record

        write_record(path, self.record, force=force)

    @checked
    def report(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the page of the result with its explanation, one offline HTML file. Raises FileError if the file
        exists, unless ``force``.
        """
        from reports.shared_document import write_shared_page

        write_shared_page(path, self.record, force=force)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        """The same, as a notebook shows it: escaped."""
        return f"<div><pre>{escape(repr(self))}</pre></div>"

    def _lines(self) -> list[str]:
        from reports.shared_waits import shared_short_lines

        return [*self.notes, *shared_short_lines(self.record, markup.columns())]
