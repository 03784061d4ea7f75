"""Weights of the next call fetched while one runs (`dma.prefetch_across_calls`): an utterance as one run of events.

The next call is known as soon as one begins that decides nothing, that is, has no argmax, and else when it has ended: a
blank leads to another graph than a symbol. Its weights then follow behind those of the call at hand, into buffers that
this leaves free, and gives way to it at the SRAM's port; a row that a token names is looked up when its call begins. So
a call does not begin with a machine at rest, and no run of a program stands for others of its runs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import Any

import simpy

from nnasim.ir.program import OpInfo, Program
from nnasim.ir.run import ProgramRun, Record, Step, StepRun
from nnasim.sim.machine import Fetch, Machine, run_until_done
from nnasim.sim.windows import Windows

_OPS = 2**32  # more than a program has operations: tells calls apart in the records of what was fetched for them


def decides(program: Program) -> bool:
    """Whether the result of ``program`` says which call is the next."""
    return any(info.kind == "argmax" for info in program.ops)


def run_across_calls(steps: Sequence[Step], machine: Machine, windows: Windows, watchdog_cycles: int) -> list[StepRun]:
    """Every event of ``steps``, one after another on ``machine``, which fetches ahead from call to call."""
    env, probe = machine.env, machine.probe
    bounds = list[tuple[int, int]]()  # of each step

    def fetch(index: int, before: Fetch | None) -> Fetch | None:
        if index == len(steps):
            return None
        program = steps[index].program
        return machine.fetch(program, windows.of(program), before, (index + 1) * _OPS)

    def utterance() -> Generator[simpy.Event, Any, None]:
        fetched: Fetch | None = None
        for index, step in enumerate(steps):
            if step.earliest > env.now:
                yield env.timeout(step.earliest - int(env.now))
            start = int(env.now)
            machine.datapath.begin_step(step)
            fetched = fetched or fetch(index, None)
            following = None if decides(step.program) else fetch(index + 1, fetched)
            yield from machine.execute(step.program, windows.of(step.program), fetched)
            machine.datapath.end_step(step)
            bounds.append((start, int(env.now)))
            _name_commands(probe.records, index)
            fetched = following or fetch(index + 1, fetched)

    run_until_done(env, env.process(utterance()), probe, watchdog_cycles, machine.chip)
    return _cut(steps, bounds, probe.records)


def _name_commands(records: list[Record], index: int) -> None:
    """Give what the commands of step ``index`` have recorded the name of their step; what was fetched has it."""
    for place in range(len(records) - 1, -1, -1):
        record = records[place]
        if record.op < _OPS:
            records[place] = record._replace(op=record.op + (index + 1) * _OPS)


def _cut(steps: Sequence[Step], bounds: Sequence[tuple[int, int]], records: Sequence[Record]) -> list[StepRun]:
    """The run of each step: all that was recorded from its start to that of the next one."""
    starts = [start for start, _ in bounds]
    parts: list[list[Record]] = [[] for _ in steps]
    for record in records:
        for index, part in _parts(record, starts):
            parts[index].append(part)
    return [
        StepRun(step, start, _run(steps, index, end - start, start, parts[index]))
        for index, (step, (start, end)) in enumerate(zip(steps, bounds, strict=True))
    ]


def _parts(record: Record, starts: Sequence[int]) -> Iterator[tuple[int, Record]]:
    """(step, part) of ``record``, cut where steps start; the last part has the bytes."""
    first = bisect_right(starts, record.start) - 1
    last = max(first, bisect_right(starts, max(record.start, record.end - 1)) - 1)
    edges = [record.start, *starts[first + 1 : last + 1], record.end]
    for index, (start, end) in enumerate(pairwise(edges), first):
        yield index, record._replace(start=start, end=end, bytes=record.bytes if index == last else 0)


def _run(steps: Sequence[Step], index: int, cycles: int, start: int, records: Sequence[Record]) -> ProgramRun:
    """The run of step ``index``: operations of later steps, whose weights were fetched in it, are its guests."""
    guests: dict[tuple[int, int], int] = {}
    infos: list[OpInfo] = []
    own = len(steps[index].program.ops)
    named = list[Record]()
    for record in records:
        owner, op = divmod(record.op, _OPS)
        if owner - 1 != index:
            if (owner, op) not in guests:
                guests[owner, op] = own + len(infos)
                infos.append(steps[owner - 1].program.ops[op])
            op = guests[owner, op]
        named.append(record._replace(op=op, start=record.start - start, end=record.end - start))
    return ProgramRun(steps[index].program, cycles, tuple(named), tuple(infos))
