"""Scan, and Loop of a constant trip count, as so many times their body: what each step reads, and what all steps give.

A Loop's condition must be decided at each step by constants: then its steps are as many at every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnasim import limits
from workloads.stepgraph.concrete.call import RawCall
from workloads.stepgraph.concrete.raw import RawGraph, RawNode
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.refusals import CannotEnterError

REPEATING = ("Loop", "Scan")
MOST_UNROLLED = limits.UNROLLED_NODES
"""The most nodes that are written for a body: its nodes times its steps."""
SCAN_SINCE = 9  # before it a Scan had a batch axis

Body = Callable[[int, Sequence[Value]], Sequence[Value]]
"""(step, inputs of the body) -> its outputs."""


@dataclass(frozen=True)
class _Axes:
    """The axes along which each value is split, or joined, and whether backward."""

    axes: tuple[int, ...]
    directions: tuple[int, ...]


def body_of(node: RawNode) -> RawGraph:
    """The body that ``node`` repeats."""
    body = node.attributes.get("body")
    if not isinstance(body, RawGraph):
        raise CannotEnterError("lacks its body")
    return body


def unrolled(node: RawNode, operands: Sequence[Value | None], write: Writer, run: Body) -> list[Value]:
    """The outputs of ``node``; ``run`` walks its body once. Raises CannotEnterError if its steps are not decided."""
    return (_loop if node.operator == "Loop" else _scan)(RawCall(node, operands), body_of(node), write, run)


def _loop(call: RawCall, body: RawGraph, write: Writer, run: Body) -> list[Value]:
    trips, goes_on = call.get(0), call.get(1)
    states = [_present(value) for value in call.all[2:]]
    if trips is None or trips.array is None:
        why = "has no trip count" if trips is None else "what arrives decides its trip count"
        raise CannotEnterError(f"{why}, so its steps differ from call to call", _HELP)
    if len(body.inputs) != 2 + len(states) or len(body.outputs) < 1 + len(states):
        raise CannotEnterError("has a body of other inputs or outputs than it has itself")
    count, made = trips.whole("trip count"), list[Sequence[Value]]()
    going = goes_on is None or _decided(goes_on)
    _require_room(count if going else 0, body)
    for step in range(count):
        if not going:
            break
        number, truth = Value.known("step", np.array(step, np.int64)), Value.known("going", np.array(True))
        condition, *given = run(step, [number, truth, *states])
        going = _decided(condition) if goes_on is not None or condition.array is not None else True
        states, made = given[: len(states)], [*made, given[len(states) :]]
    extra = len(body.outputs) - 1 - len(states)
    if extra and not made:
        raise CannotEnterError("makes no step, so what it collects has no elements")
    axes = _Axes((0,) * extra, (0,) * extra)
    return [*states, *_collected(call.node, made, axes, write)]


def _scan(call: RawCall, body: RawGraph, write: Writer, run: Body) -> list[Value]:
    if call.opset < SCAN_SINCE:
        raise CannotEnterError(f"is of opset {call.opset}, where it has a batch axis", f"opset {SCAN_SINCE} or later")
    values = [_present(value) for value in call.all]
    heard = call.integer("num_scan_inputs")
    if not 1 <= heard <= len(values) or len(body.inputs) != len(values):
        raise CannotEnterError("has a body of other inputs than it has itself")
    states, sequences = values[:-heard], values[-heard:]
    collected = len(body.outputs) - len(states)
    if collected < 0:
        raise CannotEnterError("has a body of fewer outputs than it has states")
    taken = _axes(call, "input", [value.rank for value in sequences])
    counts = {value.shape[axis] for value, axis in zip(sequences, taken.axes, strict=True)}
    if len(counts) != 1 or 0 in counts:
        raise CannotEnterError(f"goes over sequences of {sorted(counts)} steps")
    (count,), made = counts, list[Sequence[Value]]()
    _require_room(count, body)
    for step in range(count):
        write.origin = RawNode(f"{call.node.label}.{step}", call.node.operator, (), ())
        mark = len(write.nodes)
        parts = [
            _piece(write, value, axis, count - 1 - step if backward else step)
            for value, axis, backward in zip(sequences, taken.axes, taken.directions, strict=True)
        ]
        heard_now = [_present(value) for value in write.settle(mark, parts)]
        given = run(step, [*states, *heard_now])
        states, made = list(given[: len(states)]), [*made, given[len(states) :]]
    put = _axes(call, "output", [value.rank + 1 for value in made[0]])
    return [*states, *_collected(call.node, made, put, write)]


def _axes(call: RawCall, side: str, ranks: Sequence[int]) -> _Axes:
    """The attributes scan_SIDE_axes and scan_SIDE_directions."""
    axes = call.integers(f"scan_{side}_axes", (0,) * len(ranks))
    directions = call.integers(f"scan_{side}_directions", (0,) * len(ranks))
    if len(axes) != len(ranks) or len(directions) != len(ranks):
        raise CannotEnterError(f"has other scan_{side}_axes or directions than {side}s")
    if not {*directions} <= {0, 1}:
        raise CannotEnterError(f"has scan_{side}_directions {directions}: each is 0 or 1")
    return _Axes(tuple(map(call.from_front, axes, ranks)), directions)


def _piece(write: Writer, value: Value, axis: int, place: int) -> Value:
    """One place of an axis, which is gone then."""
    part = write.slice(value, axis, place, place + 1)
    return write.reshape(part, (*value.shape[:axis], *value.shape[axis + 1 :]))


def _collected(node: RawNode, made: Sequence[Sequence[Value]], put: _Axes, write: Writer) -> list[Value]:
    """The output of each step, joined along a new axis."""
    write.origin = RawNode(f"{node.label}.collected", node.operator, (), ())
    mark, results = len(write.nodes), list[Value | None]()
    for column, axis, backward in zip(zip(*made, strict=True), put.axes, put.directions, strict=True):
        if len({value.shape for value in column}) > 1:
            raise CannotEnterError("makes another shape at each step")
        shape = column[0].shape
        rows = [write.reshape(value, (*shape[:axis], 1, *shape[axis:])) for value in column]
        results.append(write("Concat", *(reversed(rows) if backward else rows), axis=axis))
    return [_present(value) for value in write.settle(mark, results)]


def _present(value: Value | None) -> Value:
    if value is None:
        raise CannotEnterError("lacks an operand")
    return value


def _decided(condition: Value) -> bool:
    if condition.array is None:
        raise CannotEnterError("may stop early, by what arrives at each call", _HELP)
    return condition.truth("condition")


def _require_room(steps: int, body: RawGraph) -> None:
    if steps * max(1, len(body.nodes)) > MOST_UNROLLED:
        raise CannotEnterError(
            f"repeats {len(body.nodes)} nodes {steps} times, more than {MOST_UNROLLED:,} nodes together",
            "export the model for fewer frames a call",
        )


_HELP = "bind what decides it to a constant, or export the model for as many steps as one call has"
