"""Products of int8 by int8 in integers, by ``torch._int_mm``: where this machine computes them exactly, and sooner.

Whether it does is found out, never assumed. Some processors add two products of bytes in 16 bits and saturate there,
silently: eight times 127 x 127 are then wrong. So before the first product of a shape in a process, the worst possible
operands are multiplied; a kernel is used only if all its sums are right, and only where it takes less CPU time than the
exact product in float. Both give the same integers: the choice changes the time and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from aat_training.devices import CPU
from aat_training.quant import int8_gpu
from aat_training.quant.rounding import exact_matmul
from nnasim.numerics.bounds import bound
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.precision import require_exact_type
from nnasim.switches import is_on

MOST_ROWS = 256  # of a probe: beyond, a kernel's cost grows with its rows
ROUNDS = 3
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "rows": lambda weight: weight.T,  # (N, K) as it is stored
    "columns": lambda weight: weight.T.contiguous(),
}


@dataclass(frozen=True)
class Verdict:
    """``layout`` of the weight that the int8 kernel reads; None where float computes. ``why``: in a few words."""

    layout: str | None
    why: str

    @property
    def kernel(self) -> str:
        """The name of the kernel that multiplies."""
        return "float" if self.layout is None else "int8"


def enabled() -> bool:
    """Whether products may be made in int8: False if NNASIM_INT8=0 in the environment asks for float."""
    return is_on("NNASIM_INT8")


def verdict(rows: int, k: int, n: int, input_bits: int, weight_bits: int, device: torch.device = CPU) -> Verdict:
    """The kernel that multiplies (rows, K) by (K, N), and the reason; probed once per process for every shape up to a
    factor of 2.
    """
    if input_bits > 8:
        return Verdict(None, f"{input_bits}-bit operands")
    if _may_leave_int32(k, input_bits, weight_bits):
        return Verdict(None, "may leave int32")
    if device.type not in ("cpu", "cuda"):
        return Verdict(None, f"not probed on {device}")
    if not enabled():
        return Verdict(None, "NNASIM_INT8=0")
    if not (rows and k and n):
        return Verdict(None, "nothing to multiply")
    if device.type == "cuda":
        why = int8_gpu.obstacle(k, device)
        return Verdict("padded", "exact there") if why is None else Verdict(None, why)
    return _probed(min(MOST_ROWS, 1 << rows.bit_length() - 1), k, n)


@cache
def _may_leave_int32(k: int, input_bits: int, weight_bits: int) -> bool:
    return bound("int8", k, input_bits, weight_bits, 32).can_overflow


@cache
def _probed(rows: int, k: int, n: int) -> Verdict:
    """``rows``: a power of two, which stands for all up to the next one."""
    operands = {layout: make(worst_weights(k, n)) for layout, make in LAYOUTS.items()}
    try:
        exact = [layout for layout, w in operands.items() if _is_exact(rows, w) and _is_exact(2 * rows - 1, w)]
    except RuntimeError:
        return Verdict(None, "refused by the int8 kernel")
    if not exact:
        return Verdict(None, "the int8 kernel saturates here")
    seconds = _seconds(rows, k, n, {layout: operands[layout] for layout in exact})
    fastest = min(seconds, key=lambda name: seconds[name])
    return (
        Verdict(None, "int8 is exact by its probe, but float is sooner")
        if fastest == "float"
        else Verdict(fastest, "exact by its probe, and sooner than float")
    )


def _patterns(k: int, low: int, high: int) -> Tensor:
    """Vectors of extremes (8, K): all low, all high, in turn, in pairs, and by chance."""
    place = torch.arange(k)
    chance = torch.randint(2, (3, k), generator=torch.Generator().manual_seed(k))
    ones = (torch.zeros(k), torch.ones(k), place % 2, (place + 1) % 2, place // 2 % 2)
    return torch.stack([low + (high - low) * one.long() for one in (*ones, *chance)])


def worst_inputs(k: int) -> Tensor:
    """Inputs (8, K) of which sums are largest, or of most different signs, int64."""
    return _patterns(k, lowest(8), highest(8))


def worst_weights(k: int, n: int) -> Tensor:
    """Weights (N, K) of the same kind, int8."""
    patterns = _patterns(k, -WEIGHT_LIMIT[8], WEIGHT_LIMIT[8])
    return patterns[torch.arange(n) % len(patterns)].to(torch.int8)


def _is_exact(rows: int, weight_KN: Tensor) -> bool:
    """Whether every pattern of inputs times every pattern of weights is right, at every eighth row and column."""
    k, n = weight_KN.shape
    patterns = worst_inputs(k)
    of_columns = weight_KN[:, : len(patterns)].long()
    for first in range(len(patterns)):
        picked = patterns[(torch.arange(rows) + first) % len(patterns)]
        sums = (picked[: len(patterns)] @ of_columns).int()
        product = torch._int_mm(picked.to(torch.int8), weight_KN)
        whole = sums[torch.arange(rows) % len(sums)][:, torch.arange(n) % sums.shape[1]]
        if not torch.equal(product, whole):
            return False
    return True


def _seconds(rows: int, k: int, n: int, operands: dict[str, Tensor]) -> dict[str, float]:
    """Least CPU seconds of each contender by name, in turn: ``float``, and the layouts with their cast of the input."""
    x, weight = worst_inputs(k)[torch.arange(rows) % 8].float(), worst_weights(k, n).float()
    works: dict[str, Callable[[], Tensor]] = {"float": lambda: exact_matmul(x, weight, 8, 8, "probe")}
    for layout, operand in operands.items():
        works[layout] = lambda operand=operand: torch._int_mm(x.to(torch.int8), operand)  # type: ignore[misc]
    least = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.process_time()
            work()
            least[name] = min(least[name], time.process_time() - start)
    return least


class Factor:
    """A weight matrix (N, K) of integers in float32, as the right factor of exact products, by whichever kernel."""

    def __init__(self, weight: Tensor, input_bits: int, weight_bits: int, name: str) -> None:
        self.weight, self.bits, self.name = weight, (input_bits, weight_bits), name

    def verdict(self, rows: int) -> Verdict:
        """The kernel that multiplies this many rows by this weight."""
        n, k = self.weight.shape
        return verdict(rows, k, n, *self.bits, self.weight.device)

    def operand(self, layout: str) -> Tensor:
        """(K, N) int8."""
        if layout == "padded":
            return self._padded
        return self._rows if layout == "rows" else self._columns

    @cached_property
    def _padded(self) -> Tensor:
        return int8_gpu.padded_weight(self.weight.to(torch.int8))

    @cached_property
    def _rows(self) -> Tensor:
        return LAYOUTS["rows"](self.weight.to(torch.int8))

    @cached_property
    def _columns(self) -> Tensor:
        return LAYOUTS["columns"](self.weight.to(torch.int8))

    def product(self, x: Tensor) -> Tensor:
        """x (..., K) integers -> accumulators (..., N): int32, float32 or float64, as the kernel leaves them.

        Raises NumericsError under autocast, TF32 or bfloat16 products.
        """
        require_exact_type(x, self.name)
        layout = self.verdict(x.numel() // max(1, x.shape[-1])).layout
        narrow = None if layout is None else as_int8(x)
        if layout is None or narrow is None:
            return exact_matmul(x, self.weight, *self.bits, self.name)
        rows, operand = narrow.reshape(-1, x.shape[-1]), self.operand(layout)
        padded = layout == "padded"
        out = int8_gpu.multiply(rows, operand, len(self.weight)) if padded else torch._int_mm(rows, operand)
        return out.reshape(*x.shape[:-1], len(self.weight))


def as_int8(x: Tensor) -> Tensor | None:
    """``x`` as int8; None where it holds anything else, as what dropout has scaled up does."""
    narrow = x.to(torch.int8)
    if not (x.is_cpu and x.numel()):
        return narrow if torch.equal(narrow.to(x.dtype), x) else None
    low, high = torch.sub(narrow, x).aminmax()  # half the time of torch.equal; NaN stays NaN
    return narrow if float(low) == float(high) == 0 else None
