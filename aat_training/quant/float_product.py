"""Float32 products of the backward pass: by oneDNN where torch has it, else as ``torch.mm`` has them.

On processors that are not Intel's, MKL, which is behind ``torch.mm``, has half the speed of oneDNN, which torch brings
too. The choice depends on what is installed, never on a clock: sums of the two differ in their last bits, and the same
training must give the same weights each time. A row's sums depend on that row alone, and not on the threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

TOLERANCE = 1e-5  # of the probe, against float64


def obstacle(tensor: Tensor) -> str | None:
    """The reason for which ``torch.mm`` multiplies ``tensor``; None if oneDNN does."""
    if tensor.device.type != "cpu":
        return f"on {tensor.device.type}"
    if tensor.dtype != torch.float32:
        return str(tensor.dtype).removeprefix("torch.")
    return found_obstacle() if torch.backends.mkldnn.enabled else "oneDNN is switched off"


@cache
def found_obstacle() -> str | None:
    """The reason that keeps oneDNN from such products on a CPU, or None; found once, by trying some."""
    if not torch.backends.mkldnn.is_available():
        return "this torch has no oneDNN"
    rng = torch.Generator().manual_seed(0)
    left, right = torch.randn(17, 65, generator=rng), torch.randn(65, 33, generator=rng)
    expected = left.double() @ right.double()
    try:
        products = _linear(left, right.T), _linear(left, _packed(right, len(left)))
    except (AttributeError, RuntimeError) as error:
        return f"refused by oneDNN: {' '.join(str(error).split())[:120]}"
    wrong = max(float((product - expected).norm() / expected.norm()) for product in products)
    return None if wrong < TOLERANCE else "oneDNN is not exact enough here"


def product(left: Tensor, right: Tensor) -> Tensor:
    """left (R, K) times right (K, N), float32 (R, N); either may be a transposed view."""
    if obstacle(left) is not None or not (left.numel() and right.numel()):
        return left @ right
    return _linear(left, right.T)


def add_product(base: Tensor, left: Tensor, right: Tensor, out: Tensor) -> None:
    """Add base (R, N) and left (R, K) times right (K, N) into ``out``."""
    if obstacle(left) is None and left.numel() and right.numel():
        torch.add(base, _linear(left, right.T), out=out)
    else:
        torch.addmm(base, left, right, out=out)


def repeated(right: Tensor, rows: int) -> Callable[[Tensor, Tensor, Tensor], None]:
    """``add_product`` of ``rows`` rows and one ``right``, which is prepared once, here, for many calls."""
    if obstacle(right) is not None or not (rows and right.numel()):
        return lambda base, left, out: add_product(base, left, right, out)
    packed = _packed(right, rows)

    def add(base: Tensor, left: Tensor, out: Tensor) -> None:
        torch.add(base, _linear(left, packed), out=out)

    return add


def _linear(left: Tensor, weight: Tensor) -> Tensor:
    made: Tensor = torch.ops.mkldnn._linear_pointwise(left, weight, None, "none", [], "")
    return made


def _packed(right: Tensor, rows: int) -> Any:
    # Transposed by torch first, in blocks: oneDNN reads columns of 1024 rows seven times as long.
    return torch.ops.mkldnn._reorder_linear_weight(right.T.contiguous(), rows)
