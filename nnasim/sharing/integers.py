"""The real integers of every stream of a model, batches included, compared with numpy's run of each stream alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler.batching import Batch, Batches, Row, batched, stream_tensor
from nnasim.compiler.chunking import marks_of
from nnasim.compiler.compile import AT_START, CompiledTrace
from nnasim.compiler.sharing import Tenant
from nnasim.compiler.unroll import Heard
from nnasim.errors import TraceError
from nnasim.functional.cosimulate import CosimReport, observe_reference, refuse_what_has_no_integers
from nnasim.functional.datapath import SramDatapath, outputs_by_origin
from nnasim.functional.inputs import Features, Inputs, inputs_by_name
from nnasim.functional.observed import Observed, difference, outputs_of
from nnasim.ir.program import Holders
from nnasim.ir.run import Step
from nnasim.ir.trace import Op
from nnasim.reference import Reference
from nnasim.reference.constants import INITIAL
from nnasim.sharing.serving import Served
from nnasim.sharing.streams import Stream
from nnasim.sim.run import run_steps


class Turn(NamedTuple):
    """A call as it was served: a step of each of its streams; ``opens``: which utterance begins with it, by stream."""

    steps: Mapping[int, Step]
    opens: Mapping[int, int]

    @property
    def graph(self) -> str:
        """The graph that is called, the same for each stream."""
        return next(iter(self.steps.values())).program.graph


def compare_streams(
    tenant: Tenant,
    model: int,
    served: Served,
    constants: Mapping[str, NDArray[Any]],
    features: Sequence[Features | Inputs],
) -> CosimReport:
    """The report of a run of model number ``model`` with real integers, its events in the order that was ``served``.

    ``features``: of each utterance of the trace. Raises TraceError as ``cosimulate`` does.
    """
    given = tenant.compiled.given
    refuse_what_has_no_integers(given)
    inputs = [inputs_by_name(given, *pair) for pair in zip(given.utterances, features, strict=True)]
    turns = list(_turns(model, served))
    work = _Run.of(tenant.compiled, turns, constants, inputs)
    run_steps(work.steps, tenant.compiled.chip, datapath=work.datapath)
    reference = Reference(given, constants)
    expected = [observe_reference(reference, *pair) for pair in zip(given.utterances, inputs, strict=True)]
    different, values, states, joint = Counter[str](), 0, 0, 0
    for utterance, observed in work.datapath.all_observed():
        compared = difference(observed, expected[utterance])
        values, states = values + compared.answers, states + compared.states
        joint += len(expected[utterance].logits)
        different.update(compared.different)
    if not values + states:
        raise TraceError("functional run", "tensors", None, "there is nothing to compare: no output, argmax or state")
    return CosimReport(
        utterances=sum(len(stream.played) for stream in served.streams if stream.model == model),
        joint_steps=joint,
        values=values,
        mismatches=different.total(),
        states=states,
        different=different,
        only_logits=not outputs_of(given),
    )


def _turns(model: int, served: Served) -> Iterator[Turn]:
    """The calls of ``model`` in the order in which they were served."""
    to_come = {stream.place: _opening(stream) for stream in served.streams if stream.model == model}
    for call in served.calls:
        if call.model == model and call.streams:
            taken = {stream.number: next(to_come[stream.place]) for stream in call.streams}
            yield Turn(
                {number: step for number, (step, _) in taken.items()},
                {number: opens for number, (_, opens) in taken.items() if opens is not None},
            )


def _opening(stream: Stream) -> Iterator[tuple[Step, int | None]]:
    """Each step of a stream, with the utterance that begins with it."""
    for played in stream.played:
        for place, step in enumerate(played.steps):
            yield step, None if place else played.utterance


@dataclass
class _Run:
    """The steps of a model's streams, by batches of just those streams that were served together."""

    steps: list[Step]
    datapath: StreamsDatapath

    @classmethod
    def of(
        cls,
        compiled: CompiledTrace,
        turns: Sequence[Turn],
        constants: Mapping[str, NDArray[Any]],
        inputs: Sequence[Inputs],
    ) -> _Run:
        marks = marks_of(compiled.trace)
        which = dict.fromkeys(Batch(t.graph, tuple(t.steps)) for t in turns if t.graph in compiled.trace.graphs)
        batches = batched(compiled.trace, which, marks, beside=False)
        together = compiled.as_batches(batches.trace, batches.origin)
        numbers = sorted({number for turn in turns for number in turn.steps})
        own = {
            f"{stream_tensor(name.removesuffix(INITIAL), number, marks)}{INITIAL}": values
            for name, values in constants.items()
            if name.endswith(INITIAL)
            for number in numbers
        }
        kept = {name: values for name, values in constants.items() if not name.endswith(INITIAL)}
        kept |= {name: values for name, values in own.items() if name.removesuffix(INITIAL) in batches.rows}
        datapath = StreamsDatapath(compiled, together, kept, batches, inputs)
        steps, holders = [], dict.fromkeys(numbers, AT_START)
        for turn in turns:
            step = _step(together, batches, turn, holders)
            datapath.turns[id(step)] = turn
            steps.append(step)
            for number in turn.steps:
                exit = ((name, unit) for name, unit in step.program.exit if batches.rows[name][0].stream == number)
                holders[number] = tuple(exit)
        return cls(steps, datapath)


def _step(together: CompiledTrace, batches: Batches, turn: Turn, holders: dict[int, Holders]) -> Step:
    for number in turn.opens:
        holders[number] = AT_START
    entry = tuple(sorted(pair for number in turn.steps for pair in holders[number]))
    if turn.graph == "frame_end":
        program = together.frame_end(entry)
    else:
        program = together.program(batches.names[Batch(turn.graph, tuple(turn.steps))], entry)
    assert program is not None, "what one stream returns, several do"
    return Step(program, 0, 0)


@dataclass
class _ByStream(Observed):
    """The integers of each stream, separated if an operation works for several."""

    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    outputs_by_name: Mapping[str, str] = field(default_factory=dict)
    of: dict[int, Observed] = field(default_factory=dict)

    def after(self, op: Op, watched: Mapping[str, str], tensors: Mapping[str, NDArray[Any]]) -> None:
        if op.kind == "argmax":
            for row, values in self._apart(op.x, tensors[op.x]):
                self.of[row.stream].logits.append(values)
        for name in op.outputs:
            for row, values in self._apart(name, tensors[name]) if self._is_output(name) else ():
                self.of[row.stream].outputs.setdefault(self.outputs_by_name[row.tensor], []).append(values)

    def _is_output(self, name: str) -> bool:
        return self.rows[name][0].tensor in self.outputs_by_name

    def _apart(self, name: str, values: NDArray[Any]) -> Iterator[tuple[Row, NDArray[Any]]]:
        rows = self.rows[name]
        parts = [values] if len(rows) == 1 else list(values)
        yield from zip(rows, (part.copy() for part in parts), strict=True)


class StreamsDatapath(SramDatapath):
    """The datapath of a model whose streams run call by call, alone and in batches.

    ``turns``: the turn of each step, by the step's identity: the streams that it serves and the utterances that begin.
    """

    def __init__(
        self,
        compiled: CompiledTrace,
        together: CompiledTrace,
        constants: Mapping[str, NDArray[Any]],
        batches: Batches,
        inputs: Sequence[Inputs],
    ) -> None:
        super().__init__(together, constants)
        self.given, self.marks = compiled.given, marks_of(compiled.trace)
        self.rows, self.heard, self.heard_by_utterance = batches.rows, compiled.heard, inputs
        self.turns: dict[int, Turn] = {}
        self.observed = self.by_stream = _ByStream(rows=batches.rows, outputs_by_name=outputs_by_origin(compiled))
        self._playing: dict[int, int] = {}
        self._ended: list[tuple[int, Observed]] = []

    def begin_step(self, step: Step) -> None:
        """Begin the utterances that begin with ``step``, and hand over the inputs of each stream."""
        turn = self.turns[id(step)]
        for stream, utterance in turn.opens.items():
            self._open(stream, utterance)
        for name in self.enter(step.program).inputs:
            values = np.concatenate([self._heard(row, turn.steps[row.stream].frame) for row in self.rows[name]])
            self.tensors[name] = values.reshape(self.trace.tensors[name].shape)

    def _heard(self, row: Row, frame: int) -> NDArray[Any]:
        heard = self.heard.get(row.tensor, Heard(row.tensor, (0,)))
        inputs = self.heard_by_utterance[self._playing[row.stream]]
        return inputs[heard.input][[frame + further for further in heard.frames]]

    def _open(self, stream: int, utterance: int) -> None:
        self._close(stream)
        self._playing[stream], self.by_stream.of[stream] = utterance, Observed()
        for name, values in self.reference.initial.items():
            if self.rows[name][0].stream == stream:
                self.tensors[name] = values

    def _close(self, stream: int) -> None:
        """Keep what a stream's utterance has shown, its last states with it."""
        if stream not in self._playing:
            return
        observed = self.by_stream.of.pop(stream)
        for name, spec in self.given.tensors.items():
            own = stream_tensor(name, stream, self.marks)
            if spec.role == "state" and own in self.rows:
                observed.states[name] = self.tensors[own].copy()
        self._ended.append((self._playing.pop(stream), observed))

    def all_observed(self) -> list[tuple[int, Observed]]:
        """(utterance, integers observed) of each utterance of each stream, when all have ended."""
        for stream in sorted(self._playing):
            self._close(stream)
        return self._ended
