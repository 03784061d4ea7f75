"""torch's LSTM and GRU as one node per layer, gates in ONNX's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workloads.importers.torch_calls import AtenCall, Value
from workloads.importers.torch_writer import Writer
from workloads.stepgraph.graph import Array, Attribute, Tensor
from workloads.stepgraph.refusals import CannotEnterError


@dataclass(frozen=True)
class Cell:
    """A kind of recurrent layer. ``gates``: places of torch's gates in ONNX's order; ``states``: their names."""

    operator: str
    gates: tuple[int, ...]
    states: tuple[str, ...]
    attributes: Mapping[str, Attribute]


LSTM = Cell("LSTM", (0, 3, 1, 2), ("Y_h", "Y_c"), {})  # torch: input, forget, cell, output
GRU = Cell("GRU", (1, 0, 2), ("Y_h",), {"linear_before_reset": 1})  # torch: reset, update, new


@dataclass(frozen=True)
class Weights:
    """Parameters of one layer; None for biases and a projection that it lacks."""

    w_ih: Value
    w_hh: Value
    b_ih: Value | None
    b_hh: Value | None
    projection: Value | None


def layers(cell: Cell) -> Callable[[Writer, AtenCall], tuple[str, ...]]:
    """A function that writes the layers of one call: the output of all frames, then the last states of all layers."""

    def write_layers(write: Writer, call: AtenCall) -> tuple[str, ...]:
        _refuse(call)
        states = _states(write, cell, call)
        x = write.name(call["input"])
        x = write.transpose(x, (1, 0, 2)) if call["batch_first"] else x
        last = list[tuple[str, ...]]()
        for layer, weights in enumerate(_weights(write, call)):
            first = [_layer_of(write, state, layer) for state in states]
            x, *after = _layer(write, cell, weights, x, first)
            last.append(tuple(after))
        x = write.transpose(x, (1, 0, 2)) if call["batch_first"] else x
        ends = [_stacked(write, column) for column in zip(*last, strict=True)]
        write.go_on(states, ends)
        return x, *ends

    return write_layers


def _states(write: Writer, cell: Cell, call: AtenCall) -> list[str]:
    """The initial states of the layers: inputs, or, in place of a constant, kept states.

    Raises CannotEnterError if such a constant is not to be kept.
    """
    values = _values(call["hx"])
    if not all(map(write.is_constant, values)):
        return [write.name(value) for value in values]
    name = call.path or call.name
    write.forgetful.append(name)
    if name not in write.keep:
        raise CannotEnterError(
            "forgets at every call: its state starts from a constant each time",
            f"keep it from call to call with `keep_state` {name}, or give it as an argument and return it",
        )
    parts = zip(cell.states, values, strict=True)
    return [write.new_state(f"{name}.{part[2:]}", write.array(value, "state")) for part, value in parts]


def _refuse(call: AtenCall) -> None:
    if "input" not in call.arguments:
        raise CannotEnterError("runs over packed sequences", "give it one sequence as a tensor")
    if call["bidirectional"]:
        raise CannotEnterError("runs backward in time too, over frames that have not arrived yet")
    if call["train"] and call["dropout"]:
        raise CannotEnterError("drops values at random", "call module.eval() first")


def _values(hx: Value | Sequence[Value]) -> tuple[Value, ...]:
    return (hx,) if isinstance(hx, Value) else tuple(hx)


def _weights(write: Writer, call: AtenCall) -> list[Weights]:
    """The weights of each layer, from torch's flat list: with a projection if there are three matrices."""
    values, biases = call["params"], 2 if call["has_biases"] else 0
    count = len(values) // call["num_layers"]
    parts = (values[start : start + count] for start in range(0, len(values), count))
    return [
        Weights(
            w_ih=part[0],
            w_hh=part[1],
            b_ih=part[2] if biases else None,
            b_hh=part[3] if biases else None,
            projection=part[-1] if count == 3 + biases else None,
        )
        for part in parts
    ]


def _layer_of(write: Writer, state: str, layer: int) -> str:
    """The part (1, B, H) of a state of all layers."""
    return write.slice(state, 0, layer, layer + 1)


def _stacked(write: Writer, parts: Sequence[str]) -> str:
    """States of all layers one behind the other."""
    shape = write.tensor(parts[0]).shape
    return parts[0] if len(parts) == 1 else write.add("Concat", parts, (len(parts), *shape[1:]), axis=0)


def _layer(write: Writer, cell: Cell, weights: Weights, x: str, first: Sequence[str]) -> tuple[str, ...]:
    """One layer over x (T, B, I): all outputs (T, B, H), then the last states (1, B, H) each."""
    steps, batch, _ = write.tensor(x).shape
    h, units = (write.tensor(name).shape[2] for name in (first[0], first[-1]))
    shapes = {"Y": (steps, 1, batch, h), "Y_h": (1, batch, h), "Y_c": (1, batch, units)}
    names = write.add_several(
        cell.operator,
        _without_absent([x, *_operands(write, cell, weights), *first, *_projection(write, weights)]),
        {name: Tensor(shapes[name]) for name in ("Y", *cell.states)},
        hidden_size=units,
        **cell.attributes,
    )
    return (write.reshape(names[0], (steps, batch, h)), *names[1:])


def _operands(write: Writer, cell: Cell, weights: Weights) -> list[str]:
    """W, R, B, and sequence_lens, which is absent."""

    def ordered(value: Value) -> Array:
        gates = np.split(write.array(value, "weight"), len(cell.gates))
        return np.concatenate([gates[gate] for gate in cell.gates])

    w, r = (write.rewritten(value, ordered(value)[None]) for value in (weights.w_ih, weights.w_hh))
    if weights.b_ih is None or weights.b_hh is None:
        return [w, r, "", ""]
    both = np.concatenate([ordered(weights.b_ih), ordered(weights.b_hh)])
    return [w, r, write.rewritten(weights.b_ih, both[None]), ""]


def _projection(write: Writer, weights: Weights) -> list[str]:
    """The projection, after the peepholes, which are absent."""
    if weights.projection is None:
        return []
    return ["", write.rewritten(weights.projection, write.array(weights.projection, "weight")[None])]


def _without_absent(names: list[str]) -> list[str]:
    while not names[-1]:
        names = names[:-1]
    return names


def single(cell: Cell) -> Callable[[Writer, AtenCall], str | tuple[str, ...]]:
    """A function that writes one step of a cell on x (B, I); it gives the states (B, H)."""

    def write_step(write: Writer, call: AtenCall) -> str | tuple[str, ...]:
        weights = Weights(call["w_ih"], call["w_hh"], call["b_ih"], call["b_hh"], projection=None)

        def raised(value: Value) -> str:
            name = write.name(value)
            return write.reshape(name, (1, *write.tensor(name).shape))

        values = _values(call["hx"])
        if all(map(write.is_constant, values)):
            raise CannotEnterError("forgets at every call: its state is a constant", "give it as an argument")
        first = [raised(value) for value in values]
        _, *last = _layer(write, cell, weights, raised(call["input"]), first)
        names = tuple(write.reshape(name, write.tensor(name).shape[1:]) for name in last)
        return names if len(names) > 1 else names[0]

    return write_step


RECURRENT: Mapping[str, Callable[[Writer, AtenCall], str | tuple[str, ...]]] = {
    "aten.lstm": layers(LSTM),
    "aten.gru": layers(GRU),
    "aten.lstm_cell": single(LSTM),
    "aten.gru_cell": single(GRU),
}
