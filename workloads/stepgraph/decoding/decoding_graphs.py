"""A transducer's graphs as decoding runs them: what the host does between them in float is done by operations here.

The joiner ends in the choice of a symbol; a decoder that looks back on several symbols keeps them itself; rows of an
encoder call of several outputs are handed over one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER, Transducer
from workloads.stepgraph.graph import Array, Node, State, StepGraph, Tensor

Key = tuple[str, str]
"""(graph, value)."""

SYMBOL, NEW_SYMBOL, HISTORY, ENCODED, ROW = "symbol", "new_symbol", "symbols", "encoded", "row"
_INDEX = "int64"


def decoding_graphs(model: Transducer) -> Mapping[str, StepGraph]:
    """Every graph that decoding calls, by name."""
    rows = {name: _row(model, index) for index, name in enumerate(model.row_graphs())}
    return {ENCODER: model.encoder, **rows, DECODER: _looking_back(model), JOINER: _choosing(model)}


def decoding_links(model: Transducer) -> tuple[tuple[Key, ...], ...]:
    """Values of different graphs that are one: those that are made come before those that are read."""
    rows = model.row_graphs()
    joined = (JOINER, model.joins_encoded)
    handed_over = (
        (((ENCODER, model.encoded), *((row, ENCODED) for row in rows)), (*((row, ROW) for row in rows), joined))
        if rows
        else (((ENCODER, model.encoded), joined),)
    )
    heard = model.tokens if model.context == 1 else NEW_SYMBOL
    return (
        *handed_over,
        ((DECODER, model.decoded), (JOINER, model.joins_decoded)),
        ((JOINER, SYMBOL), (DECODER, heard)),
    )


def _choosing(model: Transducer) -> StepGraph:
    """The joiner, whose output is the symbol with the largest logit."""
    graph, logits = model.joiner, model.joiner.tensor(model.logits)
    last = len(logits.shape) - 1
    choice = Node("choose", "ArgMax", (model.logits,), (SYMBOL,), {"axis": last, "keepdims": 0, "select_last_index": 0})
    kept = {state.output for state in graph.states}
    return replace(
        graph,
        nodes=(*graph.nodes, choice),
        values={**graph.values, SYMBOL: Tensor(logits.shape[:-1] or (1,), _INDEX)},
        outputs=(SYMBOL, *(name for name in graph.outputs if name in kept)),
    )


def _looking_back(model: Transducer) -> StepGraph:
    """The decoder; where it looks back on several symbols, they are a state into which each new one is pushed."""
    graph = model.decoder
    if model.context == 1:
        return graph
    symbols = graph.inputs[model.tokens]
    axis = next(place for place, size in enumerate(symbols.shape) if size == model.context)
    older, newest = _with(symbols, axis, model.context - 1), _with(symbols, axis, 1)
    bounds = _bounds(HISTORY, 1, model.context, axis)
    nodes = (
        Node("forget", "Slice", (HISTORY, *bounds), (f"{HISTORY}.kept",)),
        Node("look back", "Concat", (f"{HISTORY}.kept", NEW_SYMBOL), (model.tokens,), {"axis": axis}),
    )
    others = {name: tensor for name, tensor in graph.inputs.items() if name != model.tokens}
    start: dict[str, Array] = {}
    if model.blank:
        start = {f"{HISTORY}.blank": np.full(symbols.shape, model.blank, symbols.dtype)}
    return replace(
        graph,
        nodes=(*nodes, *graph.nodes),
        inputs={NEW_SYMBOL: newest, HISTORY: symbols, **others},
        values={f"{HISTORY}.kept": older, model.tokens: symbols, **graph.values},
        constants={**graph.constants, **bounds, **start},
        outputs=(*graph.outputs, model.tokens),
        states=(*graph.states, State(HISTORY, model.tokens, next(iter(start), None))),
    )


def _row(model: Transducer, index: int) -> StepGraph:
    """Row ``index`` of the encoder's output, where the joiner reads it."""
    encoded, joined = model.encoder.tensor(model.encoded), model.joiner.tensor(model.joins_encoded)
    axis, shape = model.row_axis, f"{ROW}.shape"
    bounds = _bounds(ROW, index, index + 1, axis)
    return StepGraph(
        name=model.encoder.name,
        nodes=(
            Node("take", "Slice", (ENCODED, *bounds), (f"{ROW}.taken",)),
            Node("shape", "Reshape", (f"{ROW}.taken", shape), (ROW,)),
        ),
        inputs={ENCODED: encoded},
        values={f"{ROW}.taken": _with(encoded, axis, 1), ROW: joined},
        constants={**bounds, shape: np.array(joined.shape, np.int64)},
        outputs=(ROW,),
    )


def _with(tensor: Tensor, axis: int, size: int) -> Tensor:
    shape: Sequence[int] = tensor.shape
    return Tensor((*shape[:axis], size, *shape[axis + 1 :]), tensor.dtype)


def _bounds(of: str, start: int, end: int, axis: int) -> dict[str, Array]:
    """The operands of a slice."""
    named = {"start": start, "end": end, "axis": axis, "step": 1}
    return {f"{of}.{name}": np.array([value], np.int64) for name, value in named.items()}
