"""ONNX's recurrent layers. What they remember must come from the call before: a layer that forgets is no stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnasim import limits
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.refusals import CannotEnterError, NeverEntersError

_USUAL = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh"), "RNN": ("tanh",)}
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_TORCH = "give the module itself instead, as a torch module: a projection stays whole there"


def judged(rule: Rule) -> Rule:
    """``rule`` with refusals that hold the shapes of its results, so that the next layer is checked at once."""

    def with_shapes(write: Writer, call: RawCall) -> Value | Sequence[Value | None]:
        try:
            return rule(write, call)
        except CannotEnterError as error:
            raise type(error)(error.why, error.help, _shapes(call)) from None

    return with_shapes


def _shapes(call: RawCall) -> tuple[Tensor, ...]:
    """The outputs of a recurrent node by its operands' shapes; none if these do not say it."""
    x, recurrence = call.get(0), call.get(2)
    if x is None or x.rank != 3 or recurrence is None or recurrence.rank != 3:
        return ()
    directions, units = recurrence.shape[0], recurrence.shape[2]
    if call.flag("layout", 0):
        batch, steps, _ = x.shape
        every, last = (batch, steps, directions, units), (batch, directions, units)
    else:
        steps, batch, _ = x.shape
        every, last = (steps, directions, batch, units), (directions, batch, units)
    return Tensor(every), Tensor(last), Tensor(last)


def lstm(write: Writer, call: RawCall) -> Sequence[Value]:
    """One layer forward in time, its states carried from call to call."""
    x, weight, recurrence, units = _layer(call)
    if call.get(7) is not None and np.any(call[7].elements("peepholes")):
        raise NeverEntersError("looks through peepholes, which the vocabulary does not")
    cell_state = call.get(6)
    if cell_state is not None and cell_state.shape[-1:] != (units,):
        raise NeverEntersError(
            f"is not valid: its cell state is {cell_state.shape}, but it has {units} units; it looks like an LSTM with "
            f"a projection to {units}, which ONNX's has not and torch's exporter writes all the same", _TORCH
        )  # fmt: skip
    if call.flag("input_forget", 0):
        raise NeverEntersError("couples its input and forget gates, which the vocabulary does not")
    cell = _Cell(write, call, x, units)
    states = [cell.first(5, "h"), cell.first(6, "c")]
    outputs = write.several(
        "LSTM", [cell.frames, weight, recurrence, call.get(3), None, *cell.given(states)], hidden_size=units
    )
    return cell.results(outputs, states)


def gru(write: Writer, call: RawCall) -> Sequence[Value]:
    """One layer forward in time, its state carried from call to call."""
    x, weight, recurrence, units = _layer(call)
    cell = _Cell(write, call, x, units)
    states = [cell.first(5, "h")]
    outputs = write.several(
        "GRU", [cell.frames, weight, recurrence, call.get(3), None, *cell.given(states)],
        hidden_size=units, linear_before_reset=call.flag("linear_before_reset", 0),
    )  # fmt: skip
    return cell.results(outputs, states)


def rnn(write: Writer, call: RawCall) -> Sequence[Value]:
    """tanh (W x + R h + b) frame by frame, written out."""
    x, weight, recurrence, units = _layer(call)
    cell = _Cell(write, call, x, units)
    state = cell.first(5, "h")
    steps, batch, _ = cell.frames.shape
    if steps > MOST_FRAMES:
        raise CannotEnterError(f"runs over {steps} frames, of which at most {MOST_FRAMES} are written out")
    by_input, by_state = (write.transpose(write.reshape(w, w.shape[1:]), (1, 0)) for w in (weight, recurrence))
    sums = write("MatMul", cell.frames, by_input)
    if (bias := call.get(3)) is not None:
        both = write.reshape(bias, (2, units))
        sums = write("Add", sums, write("ReduceSum", both, write.integers([0], "axes"), keepdims=0))
    start = state.value or write.constant(np.zeros((1, batch, units), np.float32), "h")
    h, outputs = write.reshape(start, (batch, units)), list[Value]()
    for step in range(steps):
        part = write.reshape(write.slice(sums, 0, step, step + 1), (batch, units))
        h = write("Tanh", write("Add", part, write("MatMul", h, by_state)))
        outputs.append(write.reshape(h, (1, 1, batch, units)))
    every = outputs[0] if len(outputs) == 1 else write("Concat", *outputs, axis=0)
    return cell.results((every, write.reshape(h, (1, batch, units))), [state])


MOST_FRAMES = limits.RECURRENT_FRAMES


def _layer(call: RawCall) -> tuple[Value, Value, Value, int]:
    """x, W, R and the number of units. Raises CannotEnterError if it runs backward, clips, or has other functions."""
    operator, weight, recurrence = call.node.operator, call[1], call[2]
    if recurrence.rank != 3:
        raise CannotEnterError(f"has a weight {recurrence.shape}, of other than three axes")
    units = call.integer("hidden_size", recurrence.shape[2])
    _check_direction(call)
    names = tuple(name.lower() for name in call.texts("activations", ()))
    if names and names != _USUAL[operator]:
        raise NeverEntersError(f"has the functions {', '.join(names)} in place of {', '.join(_USUAL[operator])}")
    if call.has("clip"):
        raise NeverEntersError("clips what its gates sum, which the vocabulary does not")
    if recurrence.shape[1:] != (_GATES[operator] * units, units):
        raise NeverEntersError(_invalid(operator, recurrence.shape, units), _TORCH if operator == "LSTM" else "")
    return call[0], weight, recurrence, units


def _check_direction(call: RawCall) -> None:
    """Refuse a layer that needs frames in the future. Backwards over a single frame is forwards."""
    direction = call.text("direction", "forward").lower()
    frames = call[0].shape[1 if call.flag("layout", 0) else 0] if call[0].rank == 3 else 0
    if direction == "bidirectional":
        raise NeverEntersError(
            "is bidirectional: it runs backward too, over frames that have not arrived yet",
            "use a layer that runs forward only, trained so",
        )
    if direction == "reverse" and frames != 1:
        raise CannotEnterError("runs backward, over frames that have not arrived yet")
    if direction not in ("forward", "reverse"):
        why = f"runs in the direction {direction!r}, where ONNX knows forward, reverse and bidirectional"
        raise NeverEntersError(why)


def _invalid(operator: str, recurrence: Sequence[int], units: int) -> str:
    why = f"is not valid: R is {tuple(recurrence)}, but {units} units need {(1, _GATES[operator] * units, units)}"
    if operator == "LSTM" and len(recurrence) == 3 and recurrence[1] == 4 * units and recurrence[2] < units:
        why += f"; it looks like an LSTM with a projection to {recurrence[2]}, which ONNX's has not"
    return why


@dataclass(frozen=True)
class _First:
    """A state before the first frame: ``value``, None for zeros; ``kept``: whether it is one of the model's."""

    value: Value | None
    part: str
    kept: bool = False


class _Cell:
    """A layer's frames, states and results, whatever its layout."""

    def __init__(self, write: Writer, call: RawCall, x: Value, units: int) -> None:
        if x.rank != 3:
            raise CannotEnterError(f"takes (frames, batch, features), not {x.shape}")
        self.write, self.call, self.units = write, call, units
        self.batch_first = bool(call.flag("layout", 0))
        self.frames = write.transpose(x, (1, 0, 2)) if self.batch_first else x
        self._check_lengths()

    def first(self, place: int, part: str) -> _First:
        """The state that operand ``place`` holds; if that is a constant, the state that is kept instead."""
        value = self.call.get(place)
        if value is not None and self.batch_first:
            value = self.write.transpose(value, (1, 0, 2))
        if (value is not None and value.array is None) or self.frames.array is not None:
            return _First(value, part)
        name = self.call.node.label
        self.write.forgetful.append(name)
        if name not in self.write.keep:
            raise NeverEntersError(
                "forgets at every call: its state starts from a constant each time",
                f"keep it from call to call with `keep_state` {name}, or export it as an input and an output",
            )
        tensor = Tensor((1, self.frames.shape[1], self.units))
        initial = value.array if value is not None and value.array is not None and value.array.any() else None
        return _First(self.write.new_state(f"{name}.{part}", tensor, initial), part, kept=True)

    @staticmethod
    def given(states: Sequence[_First]) -> list[Value | None]:
        """The operands that hold ``states``."""
        return [state.value for state in states]

    def results(self, outputs: Sequence[Value], states: Sequence[_First]) -> Sequence[Value]:
        """Outputs as the node lays them out; a kept state becomes an output of the model."""
        for state, last in zip(states, outputs[1:], strict=True):
            if state.kept and state.value is not None:
                self.write.keep_state(state.value, last)
        if not self.batch_first:
            return outputs
        every, *last_ones = outputs
        turned = self.write.transpose(every, (2, 0, 1, 3))
        return [turned, *(self.write.transpose(value, (1, 0, 2)) for value in last_ones)]

    def _check_lengths(self) -> None:
        """Refuse sequences of which not all frames count."""
        lengths = self.call.get(4)
        if lengths is not None and any(n != self.frames.shape[0] for n in lengths.integers("sequence_lens")):
            raise CannotEnterError(
                "runs over fewer frames than it is given", "give it those that count, and no lengths"
            )


RULES: Mapping[str, Rule] = {"LSTM": judged(lstm), "GRU": judged(gru), "RNN": judged(rnn)}
