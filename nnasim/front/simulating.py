"""``nnasim.simulate``: a trace on a chip."""

from __future__ import annotations

from nnasim.front.arguments import ChipLike, TraceLike, Wait, checked
from nnasim.front.chips import chip_of
from nnasim.front.doubts import doubt
from nnasim.front.results import Result
from nnasim.hardware.plausible import implausible
from nnasim.ir.io import read_trace
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate as run
from nnasim.results import SimOptions
from nnasim.studies.provenance import documented
from workloads.rnnt.plausible import implausible_trace


@checked
def simulate(trace: TraceLike, chip: ChipLike = "edge256", *, endpointer_ms: Wait | None = None) -> Result:
    """Run ``trace`` (or the trace file of that path) on ``chip`` (or the preset of that name).

    ``endpointer_ms``: what the endpointer waits, a part of the user-perceived latency; None leaves it out. A value that
    is legal and probably not meant is a ``UserWarning``. Raises ConfigError, FileError, TraceError, PlacementError or
    SimulationError.
    """
    operations = trace if isinstance(trace, OpTrace) else read_trace(trace)
    hardware = chip_of(chip)
    doubt([*implausible(hardware), *implausible_trace(operations)])
    result = run(operations, hardware, SimOptions(endpointer_ms=endpointer_ms))
    return Result(documented(result, hardware.name, hardware, command=None))
