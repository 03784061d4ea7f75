"""Buffers of one pass over a sequence: what each step leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from aat_training.devices import CPU


@dataclass(frozen=True)
class Trail:
    """The integers h (T, B, H), and the real values of every step that the backward pass needs.

    ``gates``: input, forget, output, cell (S, B, 4H); ``slopes``: d gate / d z, zero where z saturated; ``c``, ``tc``:
    cell state and its tanh (S, B, H); ``c_slopes``: d tanh(c) / d c; ``c_inside``: 0 where c saturated. S is T, or 1 if
    nothing is kept: then every step writes into the same place and slopes are left out. ``x_share``, ``h_share``:
    integers (T, B, 4H) in the gate domain, float64, before the norms of a layer that has them.
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
