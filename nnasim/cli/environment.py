"""Variables that a command takes: settings are used or refused, and what would lead elsewhere is left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType

from nnasim.cli.ranks import one_of_several
from nnasim.errors import ConfigError, message_of, shown
from nnasim.plugins import OURS
from nnasim.switches import SWITCHES, is_on, rank_wait_seconds

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SOME = re.compile(r"\s*([1-9][0-9]{0,8}(\s*,\s*[1-9][0-9]{0,8})*)?\s*")  # OpenMP takes one for each level of nesting
_ALLOCATORS = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
_ENTRY = (
    r"\s*[\w.]+\s*:\s*(\[[^][]*\]|[^][,:\s]+)\s*"  # as max_split_size_mb:512 or roundup_power2_divisions:[256:1,>:8]
)
_ENTRIES = re.compile(rf"\s*({_ENTRY}(,{_ENTRY})*,?)?\s*")
_CPUS = re.compile(r"[\s,]*([0-9]+(-[0-9]+(:[0-9]+)?)?([\s,]+|$))*")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_SETTLED = {"MATPLOTLIBRC": os.devnull, "SOURCE_DATE_EPOCH": None}
"""Without this, matplotlib reads a file of the working folder, whoever put it there, even a pipe that never ends. Our
figures have no date, and settings of their own: neither would change them.
"""


def refuse_settings() -> None:
    """Raise ConfigError for a variable that nnasim, or a library that computes for it, reads and cannot use."""
    for name in SWITCHES:
        is_on(name)
    rank_wait_seconds()
    for name in _THREADS:
        if not _SOME.fullmatch(value := os.environ.get(name, "")):
            raise ConfigError("the environment", name, value, "must be a whole number of threads above 0")
    if not _CPUS.fullmatch(value := os.environ.get("GOMP_CPU_AFFINITY", "")):  # libgomp never ends its look at others
        raise ConfigError("the environment", "GOMP_CPU_AFFINITY", value, "must be numbers of CPUs, as 0 3 1-2 4-15:2")
    for name in _ALLOCATORS:  # torch ends the process while it is loaded where it finds no name and value
        if not _ENTRIES.fullmatch(value := os.environ.get(name, "")):
            why = "must be entries NAME:VALUE with commas between them, as torch has them: max_split_size_mb:512"
            raise ConfigError("the environment", name, value, why)


@contextmanager
def settled() -> Iterator[None]:
    """Within, no variable leads libraries to files in the working folder: caches would be written there, and read."""
    home = os.environ.get("HOME", "")
    wanted = {**_SETTLED, "HOME": home if os.path.isabs(home) else None}  # None: the system's list of users says where
    if one_of_several():  # torch tells of a rank that is gone with its own stack, where we have a line
        wanted["TORCH_CPP_LOG_LEVEL"] = os.environ.get("TORCH_CPP_LOG_LEVEL", "FATAL")
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
    """The line for a variable that a library refuses: code of the library that is on the way to ``error`` names it and
    the error quotes its value, or the error is the library's and says the variable's name. None for other errors.
    """
    text = message_of(error)
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    named = set(_VARIABLE.findall(text)) & os.environ.keys() if frames and _package(frames[-1]) not in OURS else set()
    for frame in reversed(frames):
        package = _package(frame)
        for name in sorted(_texts(frame) & os.environ.keys() | named) if package not in OURS else ():
            value = os.environ[name]
            if name in named or _quoted(value, text):
                why = f"{package} cannot use it: {type(error).__name__}: {shown(text.strip())}"
                return str(ConfigError("the environment", name, value, why))
    return None


def _quoted(value: str, text: str) -> bool:
    """Whether an error's ``text`` quotes ``value``, in whatever case, as a library writes the name of a level."""
    value, text = value.lower(), text.lower()
    return repr(value) in text or (len(value) > 3 and value in text)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _texts(frame: FrameType) -> set[str]:
    """Texts that the code of ``frame`` holds, itself or by a name of its module."""
    values = (*frame.f_code.co_consts, *(frame.f_globals.get(name) for name in frame.f_code.co_names))
    return {value for value in values if isinstance(value, str)}
