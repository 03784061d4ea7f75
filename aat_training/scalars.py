"""Curves for TensorBoard, where it is installed; without it, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from nnasim.errors import writing

FOLDER = "tensorboard"
Scalars = Callable[[dict[str, float], int], None]


@contextmanager
def scalars(folder: Path, first_step: int, *, wanted: bool = True) -> Iterator[Scalars]:
    """A writer of named numbers of a step to ``folder/tensorboard``; it writes nothing if it is not ``wanted``.

    A run that continues from ``first_step`` replaces what an earlier one wrote after it.
    """
    if not wanted or find_spec("tensorboard") is None:
        yield lambda numbers, step: None
        return
    from torch.utils.tensorboard import SummaryWriter

    path = folder / FOLDER
    with writing(path):
        writer = SummaryWriter(str(path), purge_step=first_step or None)  # type: ignore[no-untyped-call]

    def write(numbers: dict[str, float], step: int) -> None:
        with writing(path):
            for name, number in numbers.items():
                writer.add_scalar(name, number, step)  # type: ignore[no-untyped-call]

    try:
        yield write
    finally:
        with writing(path):
            writer.close()  # type: ignore[no-untyped-call]
