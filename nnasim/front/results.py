"""``nnasim.read_result``, and the result of a simulation as Python and notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim import frames, markup
from nnasim.allowed import number_text
from nnasim.analysis import pooled
from nnasim.front.arguments import FilePath, TraceLike, Utterances, checked
from nnasim.front.explaining import Explained
from nnasim.front.needs import training_extra
from nnasim.ir.io import read_result as read
from nnasim.ir.io import write_record
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import Flag
from nnasim.studies.explaining.speech import Speech, planned
from nnasim.sweeps.objectives import busy_shares
from nnasim.units import cycles_to_ms
from reports.naming import PART_NAMES
from workloads.bundled import checkpoints_folder, speech_manifest

if TYPE_CHECKING:
    import pandas as pd

_PARTS_SHOWN, _CHANGES_SHOWN = 3, 3


@dataclass(frozen=True, repr=False)
class Result:
    """One simulation. ``record``: everything that was measured, as a result file holds it.

    ``trace``: the trace that ran; None for a result that was read from a file.
    """

    record: SimResult
    trace: OpTrace | None = field(default=None, compare=False)

    @property
    def engine_latency_ms(self) -> float:
        """Mean time from the last audio to the final hypothesis, over utterances [ms]."""
        latencies = pooled.engine_latencies_ms(self.record)
        return sum(latencies) / len(latencies)

    @property
    def real_time_factor(self) -> float:
        """Processing time over audio time; below 1, the chip keeps up."""
        return pooled.real_time_factor(self.record) or 0.0

    @property
    def energy_mj(self) -> float | None:
        """Energy of the whole run [mJ], nominal; None for a chip without an energy table."""
        return self.record.totals.energy_mj

    @property
    def handoffs(self) -> int:
        """The number of crossings between CPU and NNA over the whole run."""
        return self.record.totals.handoffs

    def ops(self) -> pd.DataFrame:
        """The cost of each operation, highest first; index (graph, op), times in ms, DRAM bytes, MACs."""
        return frames.ops_frame(self.record)

    def frames(self) -> pd.DataFrame:
        """Arrival, start, end and latency of each frame of audio [ms]; index (utterance, frame)."""
        return frames.frames_frame(self.record)

    def blocks(self) -> pd.DataFrame:
        """The time that each hardware block was busy, stalled and idle [ms]; index block."""
        return frames.blocks_frame(self.record)

    def utterances(self) -> pd.DataFrame:
        """Audio [s], engine latency, busy time and user-perceived latency [ms] of each utterance; index utterance."""
        return frames.utterances_frame(self.record)

    def energy(self) -> pd.DataFrame:
        """Energy of the whole run by part of the chip, low, nominal and high [mJ]; empty without an energy table."""
        return frames.spreads_frame(self.record.extra.energy_mj, "mj")

    def area(self) -> pd.DataFrame:
        """Silicon area by part of the chip, low, nominal and high [mm2]; empty without an area table."""
        return frames.spreads_frame(self.record.extra.area_mm2, "mm2")

    @checked
    def explain(self, trace: TraceLike | None = None, *, progress: Progress = silent) -> Explained:
        """An explanation: what the run waits for, what would help, why operations are on the CPU, and which assumptions
        decide.

        ``trace``: the trace that ran, for a result that was read from a file; without it the explanation is limited to
        what the result holds. Raises TraceError for another trace, and every error that a simulation raises.
        """
        from nnasim.studies.explaining.sources import explain_record, given_trace

        found = self.trace if trace is None else given_trace(trace, self.record)
        return Explained(self.record if found is None else explain_record(self.record, found, progress))

    @checked
    def explain_words(
        self, manifest: FilePath | None = None, *, checkpoints: FilePath | None = None,
        limit: Utterances | None = None, progress: Progress = silent,
    ) -> Explained:  # fmt: skip
        """An explanation of words: the cost of each choice of the chip's arithmetic, found by decoding with one choice
        relaxed at a time.

        ``manifest``: the speech; default: the bundled strings. ``checkpoints``: a folder with the model that ran;
        default: the bundled ones. ``limit``: use only the first ``limit`` utterances. ``Explained.words`` is the table.
        Needs the extra ``train``. Raises ConfigError if the models are not those that ran, and every error that
        decoding raises.
        """
        speech = Speech(
            Path(checkpoints) if checkpoints is not None else checkpoints_folder(),
            Path(manifest) if manifest is not None else speech_manifest(),
            limit,
        )
        planned(self.record)
        with training_extra():
            from nnasim.studies.explaining.decodes import with_words

            return Explained(with_words(self.record, speech, progress=progress))

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the result file, atomically. Raises FileError if the file exists, unless ``force``."""
        write_record(path, self.record, force=force)

    @checked
    def report(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the page of this result, one offline HTML file. Raises FileError if the file exists, unless
        ``force``.
        """
        from reports.page import write_page
        from reports.result_set import ResultSet

        write_page(path, ResultSet({self.record.system: self.record}), force=force)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        """The lines of ``repr``, and the time that each block worked and waited, as offline HTML."""
        from reports.figures.style import element
        from reports.figures.where import block_finding, blocks
        from reports.operations import block_shares

        shares = block_shares(self.record)
        picture = blocks("nnasim-blocks", block_finding(shares), shares)
        return f"<div>{markup.paragraphs(self._lines())}{element(picture)}</div>"

    def _lines(self) -> Iterator[str]:
        from nnasim.markup import counted, visible
        from nnasim.studies.functional import compared_lines
        from reports.notes import result_notes
        from reports.terminal import frame_latency
        from reports.text import number

        record = self.record
        seconds = sum(utterance.audio_seconds for utterance in record.utterances)
        count = len(record.utterances)
        utterances = counted(count, "utterance")
        model = f"{record.imported.name} as {record.system}" if record.imported else record.system
        yield visible(f"{model} on {record.preset}{self._changes()}: {utterances}, {seconds:,.1f} s of audio")
        if record.imported:
            yield frame_latency(record)
        yield f"engine latency {number(self.engine_latency_ms)} ms{'' if count == 1 else ' on average'}"
        yield f"real-time factor {number(self.real_time_factor)}"
        yield f"busiest: {self._busiest()}"
        yield self._energy_line()
        handoff_ms = record.extra.handoff_ms
        took = "" if handoff_ms is None else f", which take {number(handoff_ms)} ms"
        yield f"{counted(self.handoffs, 'hand-off')}{took}"
        if record.extra.functional is not None and self.trace is not None:
            yield from compared_lines(record.extra.functional, self.trace)
        yield from (visible(note) for note in result_notes(record.system, record))

    def _changes(self) -> str:
        """The fields in which the chip differs from its preset, as text; empty if the preset is not known."""
        changed = [row for row in self.record.extra.parameters if row.source == "override"]
        listed = [
            f"{row.field} {number_text(row.value)}" if isinstance(row.value, float) else f"{row.field} {row.value}"
            for row in changed[:_CHANGES_SHOWN]
        ]
        more = f" and {len(changed) - len(listed)} more" if len(changed) > len(listed) else ""
        return f" with {', '.join(listed)}{more}" if listed else ""

    def _busiest(self) -> str:
        shares = busy_shares([self.record])
        parts = sorted(shares, key=lambda part: -shares[part])[:_PARTS_SHOWN]
        return ", ".join(f"{PART_NAMES[part]} {100 * shares[part]:.0f} %" for part in parts) + " of the processing time"

    def _energy_line(self) -> str:
        from reports.text import number

        spread = (self.record.extra.energy_mj or {}).get("total")
        if spread is None:
            return "energy not known: the chip has no energy table"
        low, nominal, high = map(number, spread)
        power = spread[1] / (cycles_to_ms(self.record.totals.cycles, self.record.clock_hz) or 1) * 1e3
        return f"energy {nominal} mJ ({low} to {high}), {number(power)} mW on average"


@checked
def read_result(path: FilePath) -> Result:
    """The result in a file that ``nnasim simulate`` or ``Result.save`` wrote. Raises FileError or TraceError."""
    return Result(read(path))
