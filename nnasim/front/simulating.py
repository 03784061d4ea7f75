"""``nnasim.simulate``: a trace on a chip, or several that share it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, overload

from pydantic import Field

from nnasim.errors import ConfigError
from nnasim.front.arguments import ChipLike, TraceLike, Wait, checked, only
from nnasim.front.chips import chip_of
from nnasim.front.doubts import doubt
from nnasim.front.results import Result
from nnasim.front.shared import Shared
from nnasim.hardware import NnaConfig
from nnasim.hardware.plausible import implausible
from nnasim.ir.io import read_trace
from nnasim.ir.shared import MOST_STREAMS, Policy, ResidentsChoice, Starts
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate as run
from nnasim.records import Flag, Integer
from nnasim.results import SimOptions
from nnasim.sharing.idle import idle_settings
from nnasim.sharing.run import SharingOptions
from nnasim.studies.provenance import documented
from nnasim.studies.sharing import Asked, documented_shared, models_of, shared
from workloads.rnnt.plausible import implausible_trace

Traces = Annotated[
    TraceLike | list[TraceLike],
    only((OpTrace, str, Path, list, tuple), "a trace, the path of a trace file, or a list of them"),
]
StreamCount = Annotated[Integer, Field(ge=1, le=MOST_STREAMS)]


@overload
def simulate(trace: TraceLike, chip: ChipLike = ..., *, endpointer_ms: Wait | None = ...) -> Result: ...
@overload
def simulate(
    trace: list[TraceLike],
    chip: ChipLike = ...,
    *,
    policy: Policy = ...,
    streams: StreamCount = ...,
    starts: Starts = ...,
    residents: ResidentsChoice = ...,
    deadline_ms: Wait | None = ...,
    find_streams: Flag = ...,
) -> Shared: ...
@checked
def simulate(
    trace: Traces,
    chip: ChipLike = "edge256",
    *,
    endpointer_ms: Wait | None = None,
    policy: Policy | None = None,
    streams: StreamCount | None = None,
    starts: Starts | None = None,
    residents: ResidentsChoice | None = None,
    deadline_ms: Wait | None = None,
    find_streams: Flag = False,
) -> Result | Shared:
    """The result of running ``trace`` on ``chip``: latency, energy, and the work of each part of the chip.

    - ``trace``: a trace, the path of its file, or a list of them.
    - ``chip``: a chip, a preset's name or a YAML file.
    - ``endpointer_ms``: how long the endpointer waits, a part of the user-perceived latency; None leaves it out.

    Traces in a list share the chip; a list may hold only one.

    - ``policy`` chooses whose call is next: "fifo", "priority" (in the order of the list) or "round_robin".
    - ``streams``: the number of streams of each trace.
    - ``starts``: streams begin "even"ly within a frame's period, "together" or at "random".
    - ``residents``: the weights that stay in SRAM are those of all models "together", or of one model "in_turn";
      default: whichever reads fewer bytes.
    - ``deadline_ms``: the deadline of each frame; default: the arrival of the next.
    - ``find_streams``: also find how many streams of each trace keep the p99 of frame latency within ``deadline_ms``.

    A value that is legal but probably not meant gives a ``UserWarning``. Raises ConfigError, FileError, TraceError,
    PlacementError or SimulationError.
    """
    asked = {"policy": policy, "streams": streams, "starts": starts, "residents": residents, "deadline_ms": deadline_ms}
    hardware = chip_of(chip)
    if isinstance(trace, list):
        _refuse(endpointer_ms=endpointer_ms)
        idle = idle_settings(
            len(trace), streams, searched=find_streams, policy=policy, starts=starts, residents=residents
        )
        for name, value, why in idle:
            raise ConfigError("simulate", name, value, f"is not used {why}")
        options = SharingOptions(
            policy=policy or "fifo",
            starts=starts or "even",
            residents=residents or "fewest_bytes",
            deadline_ms=deadline_ms,
        )
        return _together(trace, hardware, options, streams, find_streams)
    _refuse("one trace alone; give a list", **asked, find_streams=find_streams or None)
    operations = _read(trace)
    doubt([*implausible(hardware), *implausible_trace(operations)])
    result = run(operations, hardware, SimOptions(endpointer_ms=endpointer_ms))
    return Result(documented(result, hardware.name, hardware, command=None), operations)


def _refuse(why: str = "traces that share a chip", **given: object) -> None:
    """Raise ConfigError for the first argument that is given but not used by this kind of run."""
    for name, value in given.items():
        if value is not None:
            raise ConfigError("simulate", name, value, f"is not used by {why}")


def _read(trace: TraceLike) -> OpTrace:
    return trace if isinstance(trace, OpTrace) else read_trace(trace)


def _together(
    given: list[TraceLike], chip: NnaConfig, options: SharingOptions, streams: int | None, find_streams: bool
) -> Shared:
    if not given:
        raise ConfigError("simulate", "trace", given, "must hold at least one trace")
    if find_streams:
        _refuse("a search for their number", streams=streams)
        if options.deadline_ms is None:
            raise ConfigError("simulate", "find_streams", True, "needs deadline_ms")
    traces = [_read(trace) for trace in given]
    doubt([*implausible(chip), *(line for trace in traces for line in implausible_trace(trace))])
    names = [_name(place, one, trace) for place, (one, trace) in enumerate(zip(given, traces, strict=True))]
    asked = Asked(options, MOST_STREAMS if find_streams else None)
    result = shared(models_of(names, traces, streams or 1), chip, asked)
    return Shared(documented_shared(result, chip.name, chip, command=None), tuple(traces))


def _name(place: int, given: TraceLike, trace: OpTrace) -> str:
    """The name of a model: its file's name, or the one in its trace."""
    return (trace.name or f"model {place + 1}") if isinstance(given, OpTrace) else Path(given).stem
