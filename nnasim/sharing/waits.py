"""The waits of streams that share a chip: what each frame's time went to, and whose call ran while it waited."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnasim.analysis.causes import Causes
from nnasim.compiler.schedule import arrival_cycles
from nnasim.ir.explanation import Cause
from nnasim.ir.run import ProgramRun, StepRun
from nnasim.ir.shared import ModelWaits, StreamWaits
from nnasim.sharing.run import Sharing
from nnasim.sharing.serving import Call
from nnasim.sharing.streams import Stream

MOST_STREAMS = 16  # beyond it the waits are not told apart by pairs of streams

Cycles = NDArray[np.int64]


class Gaps(NamedTuple):
    """The times, from ``begins`` to ``ends``, in which frames of one stream waited; ``work``: the runs of its calls
    for a frame, as often as a frame had them; ``frames``: how many.
    """

    begins: Cycles
    ends: Cycles
    work: Counter[int]
    frames: int


def waits_of(sharing: Sharing) -> tuple[list[ModelWaits], list[StreamWaits]]:
    """(the waits of each model, those of each stream by maker; none of more than ``MOST_STREAMS`` streams)."""
    calls, streams = _Calls(sharing.served.calls), sharing.served.streams
    gaps = [_gaps(sharing, stream) for stream in streams]
    known = _Causes(sharing)
    models = [
        _model_waits(sharing, place, [(streams[n], gaps[n]) for n in range(len(streams)) if streams[n].model == place],
                     calls, known)
        for place in range(len(sharing.tenants))
    ]  # fmt: skip
    if not 1 < len(streams) <= MOST_STREAMS:
        return models, []
    return models, [_stream_waits(sharing, stream, gap, calls) for stream, gap in zip(streams, gaps, strict=True)]


class _Calls:
    """Every call, in the order of their starts; a moment in which two calls run counts for the one that began first.

    The chip may begin a call while the CPU is at work on the one before; who waits then waits for the one before.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        ordered = sorted(calls, key=lambda call: call.start)
        ends = np.array([call.end for call in ordered], np.int64)
        reached = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]]) if len(ends) else ends
        self.begins = np.maximum(np.array([call.start for call in ordered], np.int64), reached)
        self.ends = np.maximum(ends, self.begins)
        self.models = np.array([call.model if call.streams else -1 for call in ordered], np.int64)
        self.firsts = np.array([call.streams[0].place if call.streams else -1 for call in ordered], np.int64)
        self._serving: dict[int, list[int]] = defaultdict(list)
        for number, call in enumerate(ordered):
            for stream in call.streams:
                self._serving[stream.place].append(number)

    def serving(self, stream: Stream) -> NDArray[np.bool_]:
        """True for each call that served ``stream``, alone or in a batch."""
        chosen = np.zeros(len(self.begins), bool)
        chosen[self._serving[stream.place]] = True
        return chosen

    def within(self, gaps: Gaps, chosen: NDArray[np.bool_]) -> int:
        """Cycles of ``gaps`` in which one of the ``chosen`` calls ran."""
        begins, ends = self.begins[chosen], self.ends[chosen]
        return int((_until(begins, ends, gaps.ends) - _until(begins, ends, gaps.begins)).sum())


def _until(begins: Cycles, ends: Cycles, moments: Cycles) -> Cycles:
    """Cycles of disjoint, ordered intervals before each of ``moments``."""
    if not len(begins):
        return np.zeros_like(moments)
    before = np.concatenate([[0], np.cumsum(ends - begins)])
    last = np.searchsorted(begins, moments, side="right")
    over = np.maximum(0, ends[np.maximum(last - 1, 0)] - moments)
    return np.where(last > 0, before[last] - over, 0)


class _Causes:
    """The critical path of each run by cause, found once."""

    def __init__(self, sharing: Sharing) -> None:
        self._causes = Causes(sharing.tenants[0].compiled.chip)
        self._runs = {id(call.run): call.run for call in sharing.served.calls}
        self._known: dict[int, Counter[Cause]] = {}

    def of(self, work: Counter[int]) -> dict[Cause, int]:
        """Cycles of each cause in so many of each run, the longest first."""
        total = Counter[Cause]()
        for key, times in work.items():
            for cause, cycles in self._run(key).items():
                total[cause] += times * cycles
        return dict(total.most_common())

    def _run(self, key: int) -> Counter[Cause]:
        if key not in self._known:
            self._known[key] = _by_cause(self._causes, self._runs[key])
        return self._known[key]


def _by_cause(causes: Causes, run: ProgramRun) -> Counter[Cause]:
    total = Counter[Cause]()
    for cause, _, cycles in causes.parts(run):
        total[cause] += cycles
    return total


def _gaps(sharing: Sharing, stream: Stream) -> Gaps:
    """The times in which the frames of ``stream`` waited between their audio and their calls, and between these."""
    begins, ends, work, frames = list[int](), list[int](), Counter[int](), 0
    for arrival, runs in _frames(sharing, stream):
        frames, now = frames + 1, arrival
        for run in runs:
            if run.start > now:
                begins.append(now)
                ends.append(run.start)
            work[id(run.run)] += 1
            now = run.end
    return Gaps(np.array(begins, np.int64), np.array(ends, np.int64), work, frames)


def _frames(sharing: Sharing, stream: Stream) -> Iterator[tuple[int, list[StepRun]]]:
    """(the cycle at which its audio exists, the runs of its steps) of each frame that did something."""
    compiled = sharing.tenants[stream.model].compiled
    for played, runs in stream.runs_by_utterance():
        utterance, own = compiled.trace.utterances[played.utterance], defaultdict[int, list[StepRun]](list)
        for run in runs:
            for frame in range(run.step.frame, run.step.frame + run.step.frames):
                own[frame].append(run)
        for frame, of_frame in own.items():
            yield played.begins + arrival_cycles(utterance, frame, compiled.chip.clock_hz), of_frame


def _model_waits(
    sharing: Sharing, place: int, streams: Sequence[tuple[Stream, Gaps]], calls: _Calls, known: _Causes
) -> ModelWaits:
    work, behind = Counter[int](), Counter[str]()
    earlier = loads = waited = 0
    for stream, gaps in streams:
        own = calls.serving(stream)
        work += gaps.work
        waited += int((gaps.ends - gaps.begins).sum())
        earlier += calls.within(gaps, own)
        loads += calls.within(gaps, calls.models < 0)
        for model, tenant in enumerate(sharing.tenants):
            behind[tenant.name] += calls.within(gaps, (calls.models == model) & ~own)
    causes = known.of(work)
    return ModelWaits(
        name=sharing.tenants[place].name,
        frames=sum(gaps.frames for _, gaps in streams),
        cycles=sum(causes.values()) + waited,
        work=causes,
        earlier=earlier,
        behind={name: cycles for name, cycles in behind.most_common() if cycles},
        loads=loads,
        turn=waited - earlier - loads - sum(behind.values()),
    )


def _stream_waits(sharing: Sharing, stream: Stream, gaps: Gaps, calls: _Calls) -> StreamWaits:
    """The waits of one ``stream``, by the stream that made it wait; a batch counts for its first stream."""
    others = ~calls.serving(stream)
    places = range(len(sharing.served.streams))
    makers = {str(place + 1): calls.within(gaps, (calls.firsts == place) & others) for place in places}
    return StreamWaits(
        model=sharing.tenants[stream.model].name,
        stream=stream.number,
        makers={maker: cycles for maker, cycles in makers.items() if cycles},
    )
