"""Variables that a command takes: settings are used or refused, and what would lead elsewhere is left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType

from nnasim.errors import ConfigError, shown
from nnasim.plugins import OURS
from nnasim.switches import SWITCHES, is_on

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SOME = re.compile(r"\s*([1-9][0-9]*(\s*,\s*[1-9][0-9]*)*)?\s*")  # OpenMP takes one for each level of nesting
_SETTLED = {"MATPLOTLIBRC": os.devnull, "SOURCE_DATE_EPOCH": None}
"""Without this, matplotlib reads a file of the working folder, whoever put it there, even a pipe that never ends. Our
figures have no date, and settings of their own: neither would change them.
"""


def refuse_settings() -> None:
    """Raise ConfigError for a variable that nnasim, or a library that computes for it, reads and cannot use."""
    for name in SWITCHES:
        is_on(name)
    for name in _THREADS:
        if not _SOME.fullmatch(value := os.environ.get(name, "")):
            raise ConfigError("the environment", name, value, "must be a whole number of threads above 0")


@contextmanager
def settled() -> Iterator[None]:
    """Within, no variable leads libraries to files in the working folder: caches would be written there, and read."""
    home = os.environ.get("HOME", "")
    wanted = {**_SETTLED, "HOME": home if os.path.isabs(home) else None}  # None: the system's list of users says where
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def refused_variable(error: BaseException) -> str | None:
    """The line for a variable that a library refuses: code of the library that is on the way to ``error`` names it, and
    the error quotes its value. None for other errors.
    """
    text = str(error)
    for frame, _ in walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        for name in sorted(_texts(frame) & os.environ.keys()) if package not in OURS else ():
            value = os.environ[name]
            if repr(value) in text or (len(value) > 3 and value in text):
                why = f"{package} cannot use it: {type(error).__name__}: {shown(text)}"
                return str(ConfigError("the environment", name, value, why))
    return None


def _texts(frame: FrameType) -> set[str]:
    """Texts that the code of ``frame`` holds, itself or by a name of its module."""
    values = (*frame.f_code.co_consts, *(frame.f_globals.get(name) for name in frame.f_code.co_names))
    return {value for value in values if isinstance(value, str)}
