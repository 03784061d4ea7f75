"""``nnasim.compare_chips``: the same work on several chips, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnasim import markup
from nnasim.analysis.change import gain_pct
from nnasim.analysis.percentiles import percentiles
from nnasim.analysis.pooled import engine_latencies_ms, frame_latencies_ms
from nnasim.errors import ConfigError
from nnasim.front.arguments import ChipLike, FilePath, TraceLike, Wait, checked
from nnasim.front.explaining import ExplainedTogether
from nnasim.front.results import Result
from nnasim.front.simulating import simulate
from nnasim.progress import Progress, silent
from nnasim.records import Flag
from nnasim.sweeps.objectives import busy_shares
from reports.naming import PART_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from reports.result_set import ResultSet


@dataclass(frozen=True, repr=False)
class ChipComparison:
    """Results of one trace by the label of the chip, in the order in which the chips were given."""

    results: Mapping[str, Result]

    def frame(self) -> pd.DataFrame:
        """Latencies [ms], energy [mJ], area [mm2] and gain [%] of each chip; index chip.

        Latencies are the mean and percentiles over utterances. ``gain_pct``: how much lower the engine latency is than
        the first chip's. Energy and area are nominal, and NaN if a chip has no table for them.
        """
        import pandas as pd

        frame = pd.DataFrame([self._row(label) for label in self.results]).set_index("chip")
        return frame.astype(dict.fromkeys(("gain_pct", "energy_mj", "area_mm2"), float))  # what is not known: NaN

    def _row(self, label: str) -> dict[str, Any]:
        result, first = self.results[label], next(iter(self.results.values()))
        ranks = percentiles(engine_latencies_ms(result.record))
        area = result.record.extra.area_mm2
        shares = busy_shares([result.record])
        before = first.engine_latency_ms
        return {
            "chip": label,
            "engine_latency_mean_ms": result.engine_latency_ms,
            **{f"engine_latency_{rank}_ms": value for rank, value in ranks.items()},
            "gain_pct": gain_pct(before, result.engine_latency_ms) if before else None,
            "real_time_factor": result.real_time_factor,
            "energy_mj": result.energy_mj,
            "area_mm2": area["total"][1] if area else None,
            "handoffs": result.handoffs,
            "dram_bytes": result.record.totals.dram_bytes,
            "busiest": PART_NAMES[max(shares, key=lambda part: shares[part])],
        }

    @checked
    def explain(self, *, progress: Progress = silent) -> ExplainedTogether:
        """Explanations side by side: what each chip waits for, what would help, why it leaves work to the CPU."""
        from nnasim.studies.explaining.together import explain_together

        return ExplainedTogether(explain_together(self._result_set(), progress))

    def _result_set(self) -> ResultSet:
        from reports.result_set import ResultSet

        traces = {label: result.trace for label, result in self.results.items() if result.trace is not None}
        return ResultSet({label: result.record for label, result in self.results.items()}, traces=traces)

    @checked
    def report(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the page of all results side by side. Raises FileError if the file exists, unless ``force``."""
        from reports.page import write_page

        write_page(path, self._result_set(), force=force)

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        from reports.text import number, percent

        header = ["chip", "engine latency [ms]", "gain", "real-time factor", "energy [mJ]", "area [mm2]", "busiest"]
        rows = [
            [
                str(row["chip"]),
                number(row["engine_latency_mean_ms"]),
                percent(row["gain_pct"] / 100, 1) if row["gain_pct"] is not None else "-",
                number(row["real_time_factor"]),
                number(row["energy_mj"]),
                number(row["area_mm2"]),
                str(row["busiest"]),
            ]
            for row in map(self._row, self.results)
        ]
        return header, rows

    def __repr__(self) -> str:
        return markup.plain_table(*self._cells())

    def _repr_html_(self) -> str:
        """The table and the distribution of frame latencies, as offline HTML."""
        from reports.figures.latency import distribution
        from reports.figures.style import element

        values = {label: frame_latencies_ms(result.record) for label, result in self.results.items()}
        return f"<div>{markup.table(*self._cells())}{element(distribution('frame', 'frames', values))}</div>"


@checked
def compare_chips(
    chips: Mapping[str, ChipLike], trace: TraceLike, *, endpointer_ms: Wait | None = None
) -> ChipComparison:
    """Results of the same ``trace`` on several chips, side by side. Gains are counted against the first chip.

    ``chips``: label -> chip, or the name of a preset. ``endpointer_ms``: as in ``simulate``.

    Raises ConfigError if there is no chip, and every error that ``simulate`` raises.
    """
    if not chips:
        raise ConfigError("compare_chips", "chips", {}, "must hold at least one chip")
    return ChipComparison({label: simulate(trace, chip, endpointer_ms=endpointer_ms) for label, chip in chips.items()})
