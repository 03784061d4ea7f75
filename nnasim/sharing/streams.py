"""Streams in time: when each plays which utterance, and which call of it is next."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from nnasim import limits
from nnasim.analysis.latency import frame_period
from nnasim.compiler.schedule import trace_steps
from nnasim.compiler.sharing import Tenant
from nnasim.errors import ConfigError
from nnasim.ir.program import Holders
from nnasim.ir.run import ProgramRun, Step, StepRun
from nnasim.ir.shared import Starts
from nnasim.ir.trace import OpTrace
from nnasim.units import seconds_to_cycles

_SEED = 0
MOST_CALLS = limits.STREAM_CALLS
MOST_FRAMES = limits.STREAM_FRAMES


@dataclass(frozen=True)
class Played:
    """An utterance of a stream: index into the trace's, the cycle at which its audio begins, and its steps."""

    utterance: int
    begins: int
    steps: Sequence[Step]


@dataclass
class Stream:
    """One stream of model number ``model``. ``number``: among the model's; ``place``: among all.

    ``calls``: (step, cycle before which it cannot begin, what makes it alike to others) of every call, in order.
    ``last_served``: how many calls had been served when its latest one was; ``runs``: of its calls so far.
    """

    model: int
    number: int
    place: int
    played: Sequence[Played]
    calls: Sequence[tuple[Step, int, int]]
    done: int = 0
    last_served: int = -1
    runs: list[StepRun] = field(default_factory=list)

    @property
    def step(self) -> Step:
        """Its next step."""
        return self.calls[self.done][0]

    @property
    def earliest(self) -> int:
        """The cycle at which the audio of its next call exists."""
        return self.calls[self.done][1]

    @property
    def alike(self) -> int:
        """A number of its next call: calls with the same number may run as one batch."""
        return self.calls[self.done][2]

    @property
    def has_ended(self) -> bool:
        """Whether no call is left."""
        return self.done == len(self.calls)

    def serve(self, start: int, run: ProgramRun, place: int) -> None:
        """Note that its next call has run from cycle ``start`` on, as call number ``place`` of all."""
        self.runs.append(StepRun(self.step, start, run))
        self.done += 1
        self.last_served = place

    def runs_by_utterance(self) -> Iterator[tuple[Played, list[StepRun]]]:
        """Each utterance with the runs of its calls."""
        first = 0
        for played in self.played:
            yield played, self.runs[first : first + len(played.steps)]
            first += len(played.steps)


def most_of_each(traces: Sequence[OpTrace]) -> int:
    """The most streams of each of ``traces`` that a run serves; 0 if one of each is too much."""
    calls, frames = _size(traces, [1] * len(traces))
    return min(MOST_CALLS // calls, MOST_FRAMES // frames)


def refuse_too_many(traces: Sequence[OpTrace], streams: Sequence[int]) -> None:
    """Raise ConfigError if this many streams of each trace are more than a run serves."""
    most = most_of_each(traces)
    fewer = f"; {most} streams of each trace are" if most else "; take fewer frames"
    for what, count, limit in zip(("calls", "frames"), _size(traces, streams), (MOST_CALLS, MOST_FRAMES), strict=True):
        if count > limit:
            raise ConfigError("streams", what, count, f"must be at most {limit:,} of all streams together{fewer}")


def _size(traces: Sequence[OpTrace], streams: Sequence[int]) -> tuple[int, int]:
    """(calls, frames) of so many streams of each of ``traces``."""
    calls = frames = 0
    for trace, number in zip(traces, streams, strict=True):
        calls += number * sum(len(utterance.call_graphs) for utterance in trace.utterances)
        frames += number * sum(len(utterance.arrivals) for utterance in trace.utterances)
    return calls, frames


def all_streams(tenants: Sequence[Tenant], starts: Starts) -> list[Stream]:
    """Every stream of every model."""
    streams: list[Stream] = []
    alike: dict[tuple[int, str, Holders], int] = {}
    for model, tenant in enumerate(tenants):
        steps = trace_steps(tenant.compiled)
        for number in range(tenant.streams):
            played = _played(tenant, steps, number, starts, model)
            calls = [
                (
                    step,
                    utterance.begins + step.earliest,
                    alike.setdefault((model, step.program.graph, step.program.entry), len(alike)),
                )
                for utterance in played
                for step in utterance.steps
            ]
            streams.append(Stream(model=model, number=number, place=len(streams), played=played, calls=calls))
    return streams


def _played(tenant: Tenant, steps: Sequence[Sequence[Step]], number: int, starts: Starts, model: int) -> list[Played]:
    """A stream's utterances: one begins when the audio of the one before has ended; each stream begins with another."""
    trace, clock_hz = tenant.compiled.trace, tenant.compiled.chip.clock_hz
    count = len(trace.utterances)
    order = [(number + place) % count for place in range(count)]
    lengths = [_seconds(trace, index) for index in order]
    first = offset_seconds(trace, number, tenant.streams, starts, model)
    begins = accumulate(lengths[:-1], initial=first)
    return [
        Played(index, seconds_to_cycles(seconds, clock_hz), steps[index])
        for index, seconds in zip(order, begins, strict=True)
    ]


def _seconds(trace: OpTrace, utterance: int) -> float:
    return max(trace.utterances[utterance].audio_seconds, trace.utterances[utterance].arrivals[-1])


def offset_seconds(trace: OpTrace, number: int, streams: int, starts: Starts, model: int = 0) -> float:
    """The delay [s] of stream ``number`` after the first of ``streams`` streams: less than a frame's period."""
    period = frame_period(trace.utterances[0])
    if starts == "together" or streams == 1:
        return 0.0
    return period * (number / streams if starts == "even" else random.Random(f"{_SEED} {model} {number}").random())
