"""A value of a graph that is being made concrete: its shape and type, and its elements if they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workloads.stepgraph.graph import Array, Tensor
from workloads.stepgraph.refusals import CannotEnterError


@dataclass(frozen=True, eq=False)
class Value:
    """A value of a graph that is being made concrete.

    ``array``: the elements, where constants and shapes alone decide them; None for what arrives or is computed.
    """

    name: str
    tensor: Tensor
    array: Array | None = None

    @classmethod
    def known(cls, name: str, array: Array) -> Value:
        """A value whose elements are ``array``."""
        return cls(name, Tensor(tuple(array.shape), str(array.dtype)), array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.tensor.shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.tensor.shape)

    @property
    def dtype(self) -> str:
        """The element type."""
        return self.tensor.dtype

    def elements(self, what: str) -> Array:
        """The elements.

        Raises CannotEnterError if what arrives decides them. ``what``: their meaning, as "shape".
        """
        if self.array is None:
            raise CannotEnterError(f"what arrives decides its {what}", _HELP)
        return self.array

    def integers(self, what: str) -> tuple[int, ...]:
        """The elements, flat, as ``elements`` gives them. Raises CannotEnterError for floats and truths too."""
        array = self.elements(what)
        if array.dtype.kind not in "iu" and array.size:
            raise CannotEnterError(f"its {what} must be whole numbers, not {self.dtype}")
        return tuple(int(number) for number in array.reshape(-1))

    def single(self, what: str) -> int | float:
        """The one element, as ``elements`` gives it."""
        array = self.elements(what)
        if array.size != 1:
            raise CannotEnterError(f"its {what} must be one number, not {self.shape}")
        number: int | float = array.reshape(-1)[0].item()
        return number

    def truth(self, what: str) -> bool:
        """The one element, true or false, as ``elements`` gives it."""
        array = self.elements(what)
        if array.size != 1 or array.dtype != np.bool_:
            raise CannotEnterError(f"its {what} must be one truth, not {self.dtype} {self.shape}")
        return bool(array.reshape(-1)[0])

    def whole(self, what: str) -> int:
        """The one element, a whole number, as ``integers`` gives it."""
        numbers = self.integers(what)
        if len(numbers) != 1:
            raise CannotEnterError(f"its {what} must be one number, not {self.shape}")
        return numbers[0]


_HELP = "every size must be fixed: bind the input that decides it, or export the model for fixed shapes"
