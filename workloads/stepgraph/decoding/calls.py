"""The times at which each graph of an imported model runs. Their rule decides the number of joint steps, and is part of
every report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnasim import limits
from nnasim.errors import ConfigError, InputError
from nnasim.ir.trace import Utterance
from nnasim.markup import counted
from workloads.importers.measured_table import MeasuredRow, column_key, read_measured_table
from workloads.rnnt.builder import LONGEST_TRACE, spread
from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER, ROW

COLUMNS = ("time_s", "graph")
LONGEST_S, SHORTEST_S = limits.CALLS_SECONDS, 1e-6


@dataclass(frozen=True)
class Calls:
    """The calls of a model's graphs.

    ``utterances``: every call of every graph; ``method``: in words, how they were found.
    """

    utterances: tuple[Utterance, ...]
    method: str


@dataclass(frozen=True)
class Heard:
    """The length of an utterance [s], and the end of speech in it, if that is known."""

    id: str
    seconds: float
    speech_end: float | None = None


def periodic(graphs: Sequence[str], period_ms: float, seconds: float, id: str = "audio") -> Calls:
    """Each of ``graphs`` once every ``period_ms``, in their order, for ``seconds`` of audio.

    Raises ConfigError if that is no call, or too many.
    """
    frames = _periods(period_ms, seconds, len(graphs))
    utterance = _utterance(id, period_ms, frames, list(graphs) * frames, _each(range(frames), len(graphs)))
    return Calls((utterance,), f"every {period_ms:g} ms for {frames * period_ms / 1e3:g} s")


def periodic_speech(graphs: Sequence[str], period_ms: float, speech: Sequence[Heard], source: str) -> Calls:
    """Each of ``graphs`` once every ``period_ms`` for as long as each utterance of ``speech`` lasts.

    Raises ConfigError if one is shorter than a period, or the calls are too many.
    """
    utterances = []
    for heard in speech:
        frames = _periods(period_ms, heard.seconds, len(graphs), f"utterance {heard.id}")
        calls = _utterance(heard.id, period_ms, frames, list(graphs) * frames, _each(range(frames), len(graphs)))
        utterances.append(calls.model_copy(update={"audio_seconds": heard.seconds, "speech_end": heard.speech_end}))
    refuse_too_many(utterances)
    count = f"{counted(len(utterances), 'utterance')} of {source}"
    return Calls(tuple(utterances), f"every {period_ms:g} ms through {count}")


def refuse_too_many(utterances: Sequence[Utterance]) -> None:
    """Raise ConfigError if ``utterances`` have more calls than a trace may hold."""
    if sum(len(utterance.call_graphs) for utterance in utterances) > LONGEST_TRACE:
        allowed = f"give more than {LONGEST_TRACE:,} calls; take fewer"
        raise ConfigError("calls", "utterances", len(utterances), allowed)


def with_symbols(
    rows: Sequence[str], period_ms: float, seconds: float, symbols_per_second: float, id: str = "audio"
) -> Calls:
    """Greedy decoding of a transducer: its encoder every ``period_ms``, symbols spread evenly over its outputs.

    ``rows``: graphs that hand the outputs of one encoder call to the joiner, one after another; none if a call gives a
    single output, which is already where the joiner reads it. Raises ConfigError if that is no call, or too many.
    """
    if not 0 <= symbols_per_second <= LONGEST_TRACE:
        allowed = f"must be at least 0 and at most {LONGEST_TRACE:,}"
        raise ConfigError("calls", "symbols_per_second", symbols_per_second, allowed)
    per_call = max(1, len(rows))
    frames = _periods(period_ms, seconds, 1 + 2 * per_call)
    symbols = round(symbols_per_second * frames * period_ms / 1e3)
    if frames * (1 + 2 * per_call) + 2 * symbols > LONGEST_TRACE:
        allowed = f"gives {symbols:,} symbols, and more than {LONGEST_TRACE:,} calls"
        raise ConfigError("calls", "symbols_per_second", symbols_per_second, allowed)
    emitted = spread(symbols, frames * per_call)
    graphs, calls = decoding_calls(emitted, rows)
    utterance = _utterance(id, period_ms, frames, graphs, calls, emissions(emitted, per_call))
    return Calls((utterance,), f"every {period_ms:g} ms for {frames * period_ms / 1e3:g} s, {symbols} symbols evenly")


def decoding_calls(emitted: Sequence[int], rows: Sequence[str]) -> tuple[list[str], list[int]]:
    """(graph, encoder call) of greedy decoding in order; ``emitted[t]`` symbols leave at encoder output t.

    The decoder runs once before all else and once per symbol, the joiner once per symbol and once per output for the
    blank that ends it.
    """
    graphs, frames = [DECODER], [0]
    per_call = max(1, len(rows))
    for output, symbols in enumerate(emitted):
        call, row = divmod(output, per_call)
        step = [*([ENCODER] if row == 0 else []), *rows[row : row + 1], *[JOINER, DECODER] * symbols, JOINER]
        graphs += step
        frames += [call] * len(step)
    return graphs, frames


def emissions(emitted: Sequence[int], per_call: int) -> tuple[int, ...]:
    """The encoder call at which each symbol leaves."""
    return tuple(output // per_call for output, symbols in enumerate(emitted) for _ in range(symbols))


def measured(path: str | Path, graphs: Sequence[str]) -> Calls:
    """The calls of a CSV table with the columns time_s and graph, as a device made them.

    Calls of one time share a frame, and the same graph may run in it more than once, as after a pause. A joiner comes
    after calls that make what it reads. Raises FileError, or InputError with file, line and column.
    """
    table = read_measured_table(Path(path))
    if [column_key(name) for name in table.columns] != list(COLUMNS):
        allowed = f"must be {','.join(COLUMNS)}"
        raise InputError(f"{table.source}: line 1", "header", ",".join(table.columns), allowed)
    times = list(_ascending(table.rows))
    if times[-1] < SHORTEST_S:
        raise table.rows[-1].refuse("time_s", f"the last call must not come before {SHORTEST_S:g} s")
    _refuse_unread(table.rows, graphs)
    arrivals = list(dict.fromkeys(times))
    frames = {seconds: frame for frame, seconds in enumerate(arrivals)}
    utterance = Utterance(
        id=Path(path).stem[:200] or "calls",
        audio_seconds=times[-1],
        arrivals=tuple(arrivals),
        call_graphs=tuple(row.choice("graph", tuple(graphs)) for row in table.rows),
        call_frames=tuple(frames[seconds] for seconds in times),
    )
    counts = ", ".join(f"{count} {graph}" for graph, count in Counter(utterance.call_graphs).items())
    return Calls((utterance,), f"measured, {Path(path).name}: {counts}")


def _refuse_unread(rows: Sequence[MeasuredRow], graphs: Sequence[str]) -> None:
    """Raise InputError for the first call of a transducer that reads what no call before it has made."""
    if not {ENCODER, DECODER, JOINER} <= set(graphs):
        return
    handing = {graph for graph in graphs if graph.startswith(f"{ROW}.")}
    needs = {JOINER: [{DECODER}, handing or {ENCODER}], **{graph: [{ENCODER}] for graph in handing}}
    made = set[str]()
    for row in rows:
        graph = row.choice("graph", tuple(graphs))
        for makers in needs.get(graph, ()):
            if makers.isdisjoint(made):
                raise row.refuse("graph", f"must come after a call of {' or '.join(sorted(makers))}, which it reads")
        made.add(graph)


def _ascending(rows: Sequence[MeasuredRow]) -> Iterator[float]:
    before = 0.0
    for row in rows:
        seconds = row.number("time_s", 0.0, LONGEST_S) + 0.0  # -0 is 0
        if seconds < before:
            raise row.refuse("time_s", f"must not be before {before:g}, the time of the call above")
        yield (before := seconds)


def _periods(period_ms: float, seconds: float, calls: int, where: str = "calls") -> int:
    """Whole periods in ``seconds``, ``calls`` in each."""
    for name, value in (("period_ms", period_ms), ("seconds", seconds)):
        if not 0 < value <= LONGEST_S:
            raise ConfigError(where, name, value, f"must be greater than 0 and at most {LONGEST_S:,}")
    frames = int(seconds / (period_ms / 1e3) + 1e-9)
    if frames < 1:
        raise ConfigError(where, "seconds", seconds, f"must be at least one period, {period_ms:g} ms")
    if frames * calls > LONGEST_TRACE:
        raise ConfigError(where, "seconds", seconds, f"gives more than {LONGEST_TRACE:,} calls of {period_ms:g} ms")
    return frames


def _each(frames: Sequence[int], times: int) -> list[int]:
    return [frame for frame in frames for _ in range(times)]


def _utterance(
    id: str, period_ms: float, frames: int, graphs: Sequence[str], calls: Sequence[int], emitted: tuple[int, ...] = ()
) -> Utterance:
    period = period_ms / 1e3
    return Utterance(
        id=id,
        audio_seconds=frames * period,
        arrivals=tuple(round((frame + 1) * period, 9) for frame in range(frames)),
        call_graphs=tuple(graphs),
        call_frames=tuple(calls),
        emissions=emitted,
    )
