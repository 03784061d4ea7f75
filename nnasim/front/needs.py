"""A check that an optional part of the package is installed, before anything fails deep inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnasim.errors import EXTRA_OF_MODULE, MissingExtraError


@contextmanager
def training_extra() -> Iterator[None]:
    """A context that raises MissingExtraError, which names what to install, in place of ModuleNotFoundError."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA_OF_MODULE:
            raise
        raise MissingExtraError(EXTRA_OF_MODULE[missing], missing) from None
