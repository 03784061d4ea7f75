"""Weights as DRAM and SRAM hold them, row by row, each with its bias behind it; and as numbers again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler.weights import WeightUse
from nnasim.functional.packing import Bytes, Integers, pack, unpack
from nnasim.ir.trace import OpTrace, TensorSpec


class Rows(NamedTuple):
    """Rows of a weight as numbers: float64 (n, K), the type of products, and their bias, int64 (n,), if any."""

    weight: NDArray[np.float64]
    bias: Integers | None


class StoredWeight:
    """One weight (N, ...) with the bias of the operations that add one, packed: a row for each output channel."""

    def __init__(self, name: str, weight: Integers, spec: TensorSpec, *, bias: Integers | None, bias_bits: int) -> None:
        self.name, self.bits, self.bias_bits = name, spec.bits, bias_bits
        self.k = spec.elements // spec.shape[0]
        rows = [pack(row, spec.bits) for row in weight]
        if bias is not None:
            rows = [np.concatenate((row, pack(bias[n : n + 1], bias_bits))) for n, row in enumerate(rows)]
        self.rows: Bytes = np.stack(rows)
        self._numbers: dict[tuple[int, int], tuple[Bytes, Rows]] = {}

    @property
    def row_bytes(self) -> int:
        """Bytes of one row with its bias."""
        return int(self.rows.shape[1])

    def numbers(self, row: int, data: Bytes) -> Rows:
        """The values of ``data``, the bytes in SRAM of the rows from ``row`` on; remembered until the bytes change."""
        key = row, data.size
        known = self._numbers.get(key)
        if known is None or not np.array_equal(known[0], data):
            known = self._numbers[key] = data.copy(), self._read(data.reshape(-1, self.row_bytes))
        return known[1]

    def _read(self, rows: Bytes) -> Rows:
        bias = None
        if self.bias_bits:
            width = self.bias_bits // 8
            bias = unpack(np.ascontiguousarray(rows[:, -width:]), self.bias_bits, 1)[:, 0]
        weight = unpack(np.ascontiguousarray(rows[:, : rows.shape[1] - self.bias_bits // 8]), self.bits, self.k)
        return Rows(weight.astype(np.float64), bias)


def stored_weights(
    trace: OpTrace, uses: Mapping[str, WeightUse], tensors: Mapping[str, NDArray[Any]]
) -> dict[str, StoredWeight]:
    """Every weight that the NNA reads, by name; ``tensors``: the integers of weights and biases."""
    stored = {}
    for name, use in uses.items():
        bias = use.bias
        stored[name] = StoredWeight(
            name,
            tensors[name],
            trace.tensors[name],
            bias=None if bias is None else tensors[bias].reshape(-1),
            bias_bits=0 if bias is None else trace.tensors[bias].bits,
        )
    return stored
