"""Calls of compiled functions by ctypes: a struct of arguments, and the threads that share the work."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aat_training.quant.compiled import build
from nnasim.units import ceil_div

WORTH_SHARING = 1 << 22  # products: below, one thread is done before a second has woken


def fields(wholes: str, pointers: str, reals: str = "", more: str = "") -> list[tuple[str, type]]:
    """A struct's fields, in C's order: int64, pointers, doubles, pointers."""
    kinds = (wholes, ctypes.c_int64), (pointers, ctypes.c_void_p), (reals, ctypes.c_double), (more, ctypes.c_void_p)
    return [(name, kind) for names, kind in kinds for name in names.split()]


def pointers(tensors: dict[str, Tensor | None]) -> dict[str, int | None]:
    """Each tensor's address; the caller keeps the tensors alive."""
    assert all(tensor is None or tensor.is_contiguous() for tensor in tensors.values())
    return {name: None if tensor is None else tensor.data_ptr() for name, tensor in tensors.items()}


def call(source: Path, name: str, sizes: tuple[int, ...], tensors: tuple[Tensor, ...]) -> None:
    """Call the function ``name`` of ``source`` with int64 and pointers."""
    _function(source, name)(*map(ctypes.c_int64, sizes), *(ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors))


def by_number(source: Path, name: str, arguments: ctypes.Structure, owners: tuple[object, ...]) -> Callable[..., None]:
    """A function of a step's number."""
    function, pointer = _function(source, name), ctypes.byref(arguments)

    def step(t: int, *unused: Tensor) -> None:
        _ = owners  # tensors live as long as pointers to them
        function(pointer, ctypes.c_int64(t))

    return step


def rows_of_a_thread(batch: int, least: int, *, products: int) -> int:
    """Rows that a thread takes at once, a multiple of ``least``: so many that every thread has some, or all where they
    are too little work to share. ``products``: those of a row.
    """
    threads = torch.get_num_threads() if batch * products >= WORTH_SHARING else 1
    return least * max(1, ceil_div(batch, least * threads))


def shared_out(source: Path, name: str, arguments: Any) -> None:
    """Run the function ``name`` in as many threads at once as torch may use: each takes ``arguments.rows`` of
    ``arguments.batch`` rows at a time, until none is left.

    The threads are torch's own. A second pool would have to wait for cores on which idle threads of the first look out
    for work.
    """
    function, team = _function(source, name), _team()
    threads = min(torch.get_num_threads(), ceil_div(arguments.batch, arguments.rows))
    arguments.next = 0
    if threads <= 1 or team is None:
        function(ctypes.byref(arguments))
    else:
        team(function, ctypes.byref(arguments), ctypes.c_uint(threads), ctypes.c_uint(0))


@cache
def _team() -> Any:
    """The start of a parallel region by GNU OpenMP, which torch brings; None where torch has other threads."""
    try:
        team = ctypes.CDLL(None).GOMP_parallel
    except (AttributeError, OSError, TypeError):
        return None
    team.restype = None
    return team


def _function(source: Path, name: str) -> Any:
    library = build.load(source)
    assert library is not None
    function = library[name]
    function.restype = None
    return function
