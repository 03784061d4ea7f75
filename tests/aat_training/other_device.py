"""A second device for machines without one: it computes on the CPU, and refuses what a GPU would refuse.

Tensors on it hold their numbers in a CPU tensor behind them. What mixes both devices (but for a scalar), asks numpy for
numbers that are not on the CPU, or reaches for their address, ends in an error, as it would on a GPU. It goes by
torch's name "lazy": one of the few kinds of device whose backward pass needs no driver.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

THERE = torch.device("lazy", 0)
_MOVES = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}


class There(Tensor):
    """A tensor on the second device; ``numbers``: the same on the CPU."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, numbers: Tensor) -> There:
        tensor = Tensor._make_wrapper_subclass(
            cls, numbers.shape, strides=numbers.stride(), storage_offset=numbers.storage_offset(),
            dtype=numbers.dtype, device=THERE,
        )  # fmt: skip
        tensor.numbers = numbers
        return tensor

    def tolist(self) -> Any:
        """Numbers of Python's, which torch would not make of a tensor like this by itself."""
        return self.numbers.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        if func not in _MOVES and any(not isinstance(x, There) and x.dim() for x in tensors):
            raise RuntimeError(f"{func}: expected all tensors to be on the same device, but found both")
        onto_cpu = func in _MOVES and (
            not isinstance(args[0], There) or torch.device(kwargs.get("device") or THERE).type == "cpu"
        )
        if kwargs.get("device") is not None:
            kwargs["device"] = "cpu"
        out = func(*tree_map(_numbers, args), **tree_map(_numbers, kwargs))
        if func._schema.is_mutable:  # in place, or into ``out``
            return kwargs.get("out", args[0])
        return out if onto_cpu else tree_map(lambda x: There(x) if isinstance(x, Tensor) else x, out)


def _numbers(value: Any) -> Any:
    return value.numbers if isinstance(value, There) else value


def _empty(size: Any, *, dtype: Any = None, **where_and_how: Any) -> There:
    return There(torch.empty(size, dtype=dtype))


def _empty_strided(size: Any, stride: Any, *, dtype: Any = None, **where_and_how: Any) -> There:
    return There(torch.empty_strided(size, stride, dtype=dtype))


_LIBRARY = torch.library.Library("aten", "IMPL")  # every tensor that is made on a device begins as one of these two
_LIBRARY.impl("empty.memory_format", _empty, "Lazy")
_LIBRARY.impl("empty_strided", _empty_strided, "Lazy")
