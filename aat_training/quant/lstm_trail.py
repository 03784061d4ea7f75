"""Buffers of one pass over a sequence: what each step leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from aat_training.devices import CPU
from aat_training.quant.lstm_kernel import LstmKernel


@dataclass(frozen=True)
class Trail:
    """The integers h (T, B, H), and the real values of every step that the backward pass needs.

    ``gates``: input, forget, output, cell (S, B, 4H); ``slopes``: d gate / d z, zero where z saturated; ``c``, ``tc``:
    cell state and its tanh (S, B, H); ``c_slopes``: d tanh(c) / d c; ``c_inside``: 0 where c saturated. S is T, or 1 if
    nothing is kept: then every step writes into the same place and slopes are left out. ``x_share``, ``h_share``:
    integers (T, B, 4H) in the gate domain, float64, before the norms of a layer that has them. ``index``, ``c_index``:
    left by steps in PyTorch instead of all but h, which one gather each makes of them (``fill``).
    """

    h: Tensor
    gates: Tensor
    c: Tensor
    tc: Tensor
    slopes: Tensor | None
    c_slopes: Tensor | None
    c_inside: Tensor
    x_share: Tensor | None = None
    h_share: Tensor | None = None
    index: Tensor | None = None
    c_index: Tensor | None = None

    @classmethod
    def empty(cls, steps: int, batch: int, units: int, *, keep: bool, device: torch.device = CPU) -> Trail:
        """Uninitialised buffers."""
        stored_steps = steps if keep else 1

        def per_unit() -> Tensor:
            return torch.empty(stored_steps, batch, units, device=device)

        def per_gate() -> Tensor:
            return torch.empty(stored_steps, batch, 4 * units, device=device)

        h, slopes, c_slopes = torch.empty(steps, batch, units, device=device), None, None
        if keep:
            slopes, c_slopes = per_gate(), per_unit()
        return cls(h, per_gate(), per_unit(), per_unit(), slopes, c_slopes, per_unit())

    def place(self, step: int) -> int:
        """The index at which ``step`` is written."""
        return step if self.slopes is not None else 0


def tables(kernel: LstmKernel) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tables of the trail's fields by ``index``, and those by ``c_index``."""
    of_gates = {"gates": kernel.gate_values, "slopes": kernel.gate_slopes}
    of_cell = {"c": kernel.cell_states, "tc": kernel.cell_values}
    return of_gates, of_cell | {"c_slopes": kernel.tanh_c.slopes, "c_inside": kernel.cell_inside}


def fill(kernel: LstmKernel, trail: Trail) -> None:
    """Fill in all that indices stand for, of all steps at once; nothing where there are none."""
    for index, fields in zip((trail.index, trail.c_index), tables(kernel), strict=True):
        if index is None:
            continue
        for name, table in fields.items():
            torch.index_select(table, 0, index.view(-1), out=getattr(trail, name).view(-1))
