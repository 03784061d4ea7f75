"""Computing what constants alone decide, within a budget: a few bytes of a file may ask for any amount of work."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnasim import limits
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Array, Tensor
from workloads.stepgraph.kernels.given import Attributes
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.refusals import CannotEnterError

MOST_BYTES = limits.FOLDED_BYTES
"""The most bytes of a model's computed constants, beside those of its file. Measured models need a few megabytes."""

MOST_WORK = limits.FOLDED_WORK
"""The most elements read and written, and multiplications, to compute them: seconds of work."""


_NODE, _OPERAND = 20_000, 4_000  # work that writing them takes, in multiplications: 35,000 nodes at most


class Budget:
    """The bytes and the work that are left for a model's own constants; ``weight_bytes``: of its file."""

    def __init__(self, weight_bytes: int = 0) -> None:
        self.bytes, self.work = MOST_BYTES + weight_bytes, MOST_WORK + weight_bytes

    def spend(self, elements: int, item_bytes: int, work: int = 0) -> None:
        """Count what a new constant will cost, before it is allocated.

        Raises CannotEnterError if that is too much.
        """
        self.bytes -= elements * item_bytes
        self.work -= elements + work
        if self.bytes < 0 or self.work < 0:
            raise CannotEnterError(
                "computes constants that take more memory or time than a model's may: beside its own weights at most "
                f"{MOST_BYTES:,} bytes, and {MOST_WORK:,} elements and products"
            )

    def write(self, operands: int) -> None:
        """Count what a node will cost that is written out.

        Raises CannotEnterError if there are too many: a few nodes of a file may ask for any number.
        """
        self.work -= _NODE + _OPERAND * operands
        if self.work < 0:
            raise CannotEnterError("is written out as more nodes than a model's may be, about 35,000")

    def computed(
        self, operator: str, attributes: Attributes, operands: Sequence[Value | None], tensors: Sequence[Tensor]
    ) -> tuple[Array, ...]:
        """The outputs of a node, of these ``tensors``.

        Raises CannotEnterError beyond the budget, and if they cannot be computed.
        """
        arrays = [None if value is None else value.array for value in operands]
        read = sum(value.tensor.elements for value in operands if value is not None)
        self.spend(sum(tensor.elements for tensor in tensors), 8, read + _multiplications(operator, operands, tensors))
        try:
            results = apply(operator, attributes, arrays)
        except (ValueError, IndexError, TypeError, ArithmeticError, RuntimeError) as error:
            raise CannotEnterError(f"cannot be computed: {error}") from None
        if all(result.base is not None for result in results):  # views cost nothing
            self.bytes += sum(8 * tensor.elements for tensor in tensors)
        return tuple(result.astype(tensor.dtype, copy=False) for result, tensor in zip(results, tensors, strict=True))


def _multiplications(operator: str, operands: Sequence[Value | None], tensors: Sequence[Tensor]) -> int:
    """A bound of the products that a node sums; each step of a recurrent layer counts as the thousands it takes."""
    shapes = [value.shape for value in operands if value is not None]
    if operator in ("LSTM", "GRU"):
        steps, batch, _ = shapes[0]
        return steps * (10_000 + batch * (prod(shapes[1]) + prod(shapes[2])))
    if operator == "MatMul":
        return tensors[0].elements * shapes[0][-1]
    if operator == "Conv":
        return tensors[0].elements * prod(shapes[1][1:])
    if operator == "ConvTranspose":
        return prod(shapes[0]) * prod(shapes[1][1:])
    return 0
