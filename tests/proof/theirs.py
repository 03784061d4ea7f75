"""Each operator of the proof as a graph for the reference model: Case -> list of int64 arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import power_of_two
from tests.proof.case import Case
from tests.proof.ours import IDENTITY, cell_of, joint_of
from tests.proof.theirs_units import unit
from tests.proof.tosa_graph import Graph, Tensor


def _input(graph: Graph, values: np.ndarray, bits: int) -> Tensor:
    """An input, or a constant where the Python interface has no such input."""
    return graph.const(values, bits) if bits in (4, 48) else graph.input(values, bits)


def _weight(graph: Graph, weight: np.ndarray, bits: int) -> Tensor:
    return _input(graph, weight[:, None, None, :], bits)


def _table(graph: Graph, x: Tensor, table: np.ndarray) -> Tensor:
    looked_up = graph.table(x, table)
    return looked_up if x.bits == 8 else graph.rescale(looked_up, power_of_two(-7), 16)


def _unit(graph: Graph, x: Tensor, unit: ActivationUnit) -> Tensor:
    out = _table(graph, graph.rescale(x, unit.entry, unit.kind.input_bits), unit.data["table"])
    return out if unit.exit is None else graph.rescale(out, unit.exit, unit.out_bits)


def _product(graph: Graph, a: Tensor, b: Tensor) -> Tensor:
    """MUL wants operands of one width: the narrower is widened by an exact RESCALE."""
    bits = max(a.bits, b.bits)
    return graph.mul(*(t if t.bits == bits else graph.rescale(t, IDENTITY, bits) for t in (a, b)))


def requantise(case: Case) -> list[np.ndarray]:
    """RESCALE."""
    graph = Graph()
    x = _input(graph, case.arrays["value"], case.params["in_bits"])
    return graph.run(graph.rescale(x, case.scale(), case.params["out_bits"], case.params["zero_point"]))


def table(case: Case) -> list[np.ndarray]:
    """TABLE, and RESCALE by 2^-7 behind the 16-bit kind."""
    graph = Graph()
    return graph.run(_table(graph, graph.input(case.arrays["x"], case.params["bits"]), case.arrays["table"]))


def matmul(case: Case) -> list[np.ndarray]:
    """MATMUL where both operands are of one width and there is no bias, else CONV2D; then RESCALE."""
    graph, a, p = Graph(), case.arrays, case.params
    if p["input_bits"] == p["weight_bits"] and not a["bias"].any():
        x, w = graph.input(a["x"][None], p["input_bits"]), graph.input(a["weight"].T[None], p["weight_bits"])
        acc = graph.matmul(x, w)
    else:
        x, w = graph.input(a["x"][None, None], p["input_bits"]), _weight(graph, a["weight"], p["weight_bits"])
        acc = graph.linear(x, w, a["bias"], p["accumulator_bits"])
    out = graph.rescale(acc, case.scale(), 32)
    shape = (len(a["x"]), len(a["weight"]))
    outputs = (acc, out) if p["accumulator_bits"] == 32 else (out,)
    return [output.reshape(shape) for output in graph.run(*outputs)]


def mul(case: Case) -> list[np.ndarray]:
    """MUL, RESCALE."""
    graph, bits = Graph(), case.params["bits"]
    product = graph.mul(graph.input(case.arrays["a"], bits), graph.input(case.arrays["b"], bits))
    return graph.run(graph.rescale(product, case.scale(), case.params["out_bits"]))


def add(case: Case) -> list[np.ndarray]:
    """RESCALE twice, ADD, RESCALE."""
    graph = Graph()
    a, b = (
        graph.rescale(graph.input(case.arrays[name], case.params["bits"]), case.scale(name), 32) for name in ("a", "b")
    )
    total = graph.binary("SUB", a, b) if case.params.get("subtract", False) else graph.add(a, b)
    return graph.run(graph.rescale(total, case.scale("out"), case.params["out_bits"]))


def _accumulated(graph: Graph, case: Case, acc: Tensor, last: tuple[int, ...]) -> list[np.ndarray]:
    """Accumulators that fit int32 and their RESCALE, the axes in the order ``last``."""
    out = graph.rescale(acc, case.scale(), 32)
    outputs = (acc, out) if case.params["accumulator_bits"] == 32 else (out,)
    return [output.transpose(last) for output in graph.run(*outputs)]


def _conv(case: Case, group: slice, rows: slice) -> list[np.ndarray]:
    """CONV2D of one group of channels, or DEPTHWISE_CONV2D of all."""
    graph, a, p = Graph(), case.arrays, case.params
    top, left, bottom, right = p["pads"]
    form = ([top, bottom, left, right], list(p["stride"]), list(p["dilation"]))
    x = graph.input(a["x"][group].transpose(1, 2, 0)[None], p["input_bits"])
    weight, bias = a["weight"][rows], a["bias"][rows]
    if p["groups"] == len(a["x"]):
        by_channel = weight.reshape(len(a["x"]), -1, *weight.shape[2:]).transpose(2, 3, 0, 1)
        acc = graph.depthwise(x, _input(graph, by_channel, p["weight_bits"]), bias, p["accumulator_bits"], *form)
    else:
        channels_last = _input(graph, weight.transpose(0, 2, 3, 1), p["weight_bits"])
        acc = graph.conv(x, channels_last, bias, p["accumulator_bits"], *form)
    return [output[:, :, :, 0] for output in _accumulated(graph, case, acc, (3, 1, 2, 0))]


def conv(case: Case) -> list[np.ndarray]:
    """CONV2D group by group, or DEPTHWISE_CONV2D; RESCALE."""
    channels, rows, groups = len(case.arrays["x"]), len(case.arrays["weight"]), case.params["groups"]
    if groups in (1, channels):
        return _conv(case, slice(None), slice(None))
    c, n = channels // groups, rows // groups
    parts = [_conv(case, slice(g * c, g * c + c), slice(g * n, g * n + n)) for g in range(groups)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def bmm(case: Case) -> list[np.ndarray]:
    """MATMUL, RESCALE; a transposed operand is turned outside."""
    graph, bits, b = Graph(), case.params["bits"], case.arrays["b"]
    turned = b.transpose(0, 2, 1) if case.params["transpose_b"] else b
    acc = graph.matmul(graph.input(case.arrays["a"], bits), graph.input(turned, bits))
    return _accumulated(graph, case, acc, (0, 1, 2))


def mean(case: Case) -> list[np.ndarray]:
    """RESCALE to int32, REDUCE_SUM, RESCALE."""
    graph, bits = Graph(), case.params["bits"]
    wide = graph.rescale(graph.input(case.arrays["x"], bits), IDENTITY, 32)
    total = graph.reduce_sum(wide, 1)
    return [graph.run(graph.rescale(total, case.scale(), bits))[0][:, 0]]


def argmax(case: Case) -> list[np.ndarray]:
    """ARGMAX."""
    graph = Graph()
    return graph.run(graph.argmax(graph.input(case.arrays["x"], case.params["bits"])))


def embedding(case: Case) -> list[np.ndarray]:
    """GATHER."""
    graph = Graph()
    rows, tokens = graph.input(case.arrays["rows"][None], 8), graph.input(case.arrays["tokens"][None], 32)
    return [graph.run(graph.gather_rows(rows, tokens))[0][0]]


def lstm(case: Case) -> list[np.ndarray]:
    """All steps unrolled in ONE graph: h and c never leave the reference model between them."""
    graph, a, config, cell = Graph(), case.arrays, NumericsConfig(**case.params["numerics"]), cell_of(case)
    units, act, acc = a["h"].shape[-1], config.activation_bits, config.accumulator_bits
    wx, wh = (_weight(graph, a[name], config.weight_bits) for name in ("wx", "wh"))
    h, c = graph.input(a["h"][None, None], act), graph.input(a["c"][None, None], config.cell_bits)
    hs, cs = [], []
    for x in a["x"]:
        gx = graph.linear(graph.input(x[None, None], act), wx, a["bias"], acc)
        gh = graph.linear(h, wh, a["bias"] * 0, acc)
        total = graph.add(graph.rescale(gx, case.scale("scale_x"), 32), graph.rescale(gh, case.scale("scale_h"), 32))
        z = graph.rescale(total, IDENTITY, 16)
        ifo = _unit(graph, graph.slice_last(z, 0, 3 * units), cell.sigmoid)
        g = _unit(graph, graph.slice_last(z, 3 * units, units), cell.tanh)
        i, f, o = (graph.slice_last(ifo, part * units, units) for part in range(3))
        old = graph.rescale(_product(graph, f, c), cell.keep, 32)
        new = graph.rescale(_product(graph, i, g), cell.update, 32)
        c = graph.rescale(graph.add(old, new), cell.cell, config.cell_bits)
        h = graph.rescale(_product(graph, o, _unit(graph, c, cell.tanh_c)), cell.output, act)
        hs.append(h)
        cs.append(c)
    states = graph.run(*hs, *cs)
    return [np.stack([step[0, 0] for step in part]) for part in (states[: len(hs)], states[len(hs) :])]


def joint(case: Case) -> list[np.ndarray]:
    """ADD with broadcasting, RESCALE to int16, TABLE, RESCALE, CONV2D, RESCALE."""
    graph, a, config = Graph(), case.arrays, NumericsConfig(**case.params["numerics"])
    frames, symbols, units = len(a["enc"]), len(a["pred"]), a["enc"].shape[-1]
    total = graph.add(graph.input(a["enc"][:, None], 32), graph.input(a["pred"][None], 32))
    hidden = _unit(graph, graph.rescale(total, IDENTITY, 16), joint_of(case).tanh)
    flat = graph.reshape(hidden, (1, 1, frames * symbols, units))
    acc = graph.linear(flat, _weight(graph, a["weight"], config.weight_bits), a["bias"], config.accumulator_bits)
    activated, logits = graph.run(hidden, graph.rescale(acc, case.scale(), 32))
    return [activated, logits.reshape(frames, symbols, -1)]


OPERATORS: dict[str, Callable[[Case], list[np.ndarray]]] = {
    function.__name__: function
    for function in (requantise, table, unit, matmul, mul, add, conv, bmm, mean, argmax, embedding, lstm, joint)
}
