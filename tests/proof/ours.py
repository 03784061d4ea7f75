"""Each operator of the proof as ``nnasim.numerics`` computes it: Case -> list of int64 arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnasim.numerics import conv as convolution
from nnasim.numerics import ops, rescale
from nnasim.numerics.activation import ActivationUnit, build_unit, unit_kind
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Joint, LstmCell, Ranges, build_cell, build_joint
from tests.proof.case import Case

IDENTITY = rescale.IDENTITY


def requantise(case: Case) -> list[np.ndarray]:
    """One requantisation."""
    return [rescale.requantise(case.arrays["value"], case.scale(), case.params["out_bits"], case.params["zero_point"])]


def table(case: Case) -> list[np.ndarray]:
    """One table, its input taken as it is."""
    kind = unit_kind("lut8" if case.params["bits"] == 8 else "lut16")
    return [ActivationUnit(kind, "tanh", IDENTITY, {"table": case.arrays["table"]})(case.arrays["x"])]


def unit(case: Case) -> list[np.ndarray]:
    """One activation unit on the gate domain, with the constants that the case carries."""
    data = {key.removesuffix(".table"): value for key, value in case.arrays.items() if key.endswith(".table")}
    config, function = NumericsConfig(**case.params["numerics"]), case.params["function"]
    return [build_unit(function, config, in_scale=2.0**-12, table_range=8.0, data=data)(case.arrays["x"])]


def _accumulated(case: Case, acc: np.ndarray) -> list[np.ndarray]:
    """Accumulators (where they fit int32, as the reference model shows no others) and their requantisation."""
    out = rescale.requantise(acc, case.scale(), 32)
    return [acc, out] if case.params["accumulator_bits"] == 32 else [out]


def matmul(case: Case) -> list[np.ndarray]:
    """Accumulators of a product, requantised."""
    a, bits = case.arrays, case.params["accumulator_bits"]
    return _accumulated(case, ops.matmul(a["x"], a["weight"], a["bias"], accumulator_bits=bits))


def mul(case: Case) -> list[np.ndarray]:
    """Product and requantisation."""
    return [ops.mul(case.arrays["a"], case.arrays["b"], case.scale(), case.params["out_bits"])]


def add(case: Case) -> list[np.ndarray]:
    """Sum in the common domain."""
    scales = (case.scale("a"), case.scale("b"), case.scale("out"))
    subtract = case.params.get("subtract", False)
    return [ops.add(case.arrays["a"], case.arrays["b"], *scales, case.params["out_bits"], subtract=subtract)]


def conv(case: Case) -> list[np.ndarray]:
    """Accumulators of a convolution, requantised."""
    a, p = case.arrays, case.params
    form = {key: p[key] for key in ("stride", "dilation", "groups", "pads", "accumulator_bits")}
    return _accumulated(case, convolution.conv(a["x"], a["weight"], a["bias"], **form))


def bmm(case: Case) -> list[np.ndarray]:
    """Accumulators of a batch of products, requantised."""
    p = case.params
    acc = ops.bmm(
        case.arrays["a"], case.arrays["b"], transpose_b=p["transpose_b"], accumulator_bits=p["accumulator_bits"]
    )
    return _accumulated(case, acc)


def mean(case: Case) -> list[np.ndarray]:
    """Sum and requantisation."""
    return [ops.mean(case.arrays["x"], (1,), case.scale(), case.params["bits"])]


def argmax(case: Case) -> list[np.ndarray]:
    """First of the largest."""
    return [ops.argmax(case.arrays["x"])]


def embedding(case: Case) -> list[np.ndarray]:
    """Rows by token."""
    return [ops.embedding(case.arrays["tokens"], case.arrays["rows"], case.arrays["rows"])]


def cell_of(case: Case) -> LstmCell:
    """The cell of an ``lstm`` case, with the tables that the case carries."""
    stored = {name: {"table": case.arrays[f"{name}.table"]} for name in ("sigmoid", "tanh", "tanh_c")}
    return build_cell(NumericsConfig(**case.params["numerics"]), Ranges(**case.params["ranges"]), stored)


def lstm(case: Case) -> list[np.ndarray]:
    """h and c of every step, (T, B, H)."""
    a, config, cell = case.arrays, NumericsConfig(**case.params["numerics"]), cell_of(case)
    h, c, hs, cs = a["h"], a["c"], [], []
    for x in a["x"]:
        products = [
            rescale.requantise(ops.matmul(v, w, b, accumulator_bits=config.accumulator_bits), case.scale(name), 32)
            for v, w, b, name in ((x, a["wx"], a["bias"], "scale_x"), (h, a["wh"], None, "scale_h"))
        ]
        h, c = cell.step(*products, c)
        hs.append(h)
        cs.append(c)
    return [np.stack(hs), np.stack(cs)]


def joint_of(case: Case) -> Joint:
    """The joint of a ``joint`` case."""
    config = NumericsConfig(**case.params["numerics"])
    return build_joint(config, case.params["range"], {"table": case.arrays["table"]})


def joint(case: Case) -> list[np.ndarray]:
    """Hidden layer and logits of every (encoder, prediction) pair."""
    a, config = case.arrays, NumericsConfig(**case.params["numerics"])
    hidden = joint_of(case).hidden(a["enc"][:, None], a["pred"][None])
    acc = ops.matmul(hidden, a["weight"], a["bias"], accumulator_bits=config.accumulator_bits)
    return [hidden, rescale.requantise(acc, case.scale(), 32)]


OPERATORS: dict[str, Callable[[Case], list[np.ndarray]]] = {
    function.__name__: function
    for function in (requantise, table, unit, matmul, mul, add, conv, bmm, mean, argmax, embedding, lstm, joint)
}
