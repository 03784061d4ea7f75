"""The critical path of a frame: its waits from the moment its audio existed to the end of its last step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from nnasim.analysis.causes import Part
from nnasim.analysis.timeline import representative_frame
from nnasim.ir.explanation import Cause, FramePath, PathPart
from nnasim.ir.run import ProgramRun, StepRun


class FrameMoment(NamedTuple):
    """A frame, the cycle at which its audio exists, and the steps that worked for it."""

    frame: int
    arrival: int
    steps: tuple[StepRun, ...]


PartsOf = Callable[[ProgramRun], Iterable[Part]]


def representative_moment(runs: Sequence[StepRun], arrivals: Sequence[int]) -> FrameMoment:
    """The frame whose time line a result shows; ``runs``: its utterance's; ``arrivals``: of each frame, in cycles."""
    return frame_moment(runs, representative_frame(runs), arrivals)


def frame_moment(runs: Sequence[StepRun], frame: int, arrivals: Sequence[int]) -> FrameMoment:
    """The moment of ``frame``, which has at least one step."""
    steps = tuple(run for run in runs if run.step.frame <= frame < run.step.frame + run.step.frames)
    return FrameMoment(frame, arrivals[frame], steps)


def frame_path(moment: FrameMoment, parts_of: PartsOf) -> FramePath:
    """The critical path of a frame. Its cycles are the frame's latency.

    ``parts_of``: the path of a program's run, as ``Causes`` names it. Before its first step a frame waits for the audio
    of its chunk, and until the chip is done with frames before it; between steps of a chunk, for other frames of it.
    """
    sums: dict[tuple[Cause, str], int] = {}
    for cause, layer, cycles in _parts(moment, parts_of):
        sums[cause, layer] = sums.get((cause, layer), 0) + cycles
    parts = tuple(PathPart(cause=cause, layer=layer, cycles=cycles) for (cause, layer), cycles in sums.items())
    return FramePath(frame=moment.frame, cycles=moment.steps[-1].end - moment.arrival, parts=parts)


def _parts(moment: FrameMoment, parts_of: PartsOf) -> Iterator[Part]:
    now = moment.arrival
    for run in moment.steps:
        if run.step.earliest > now:
            ready = min(run.step.earliest, run.start)
            yield "chunk", "", ready - now
            now = ready
        if run.start > now:
            yield ("queue" if run is moment.steps[0] else "other_frames"), "", run.start - now
        yield from parts_of(run.run)
        now = run.end
