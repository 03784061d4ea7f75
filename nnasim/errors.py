"""Errors that a user can cause. Each is one clear line: the file, the field, the value and what is allowed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_VALUE = 120
_LONGEST_NAME = 1000
_IN_PLAIN_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.ELOOP: "its links lead in a circle",
    errno.EMFILE: "this process has as many files open as it may; see ulimit -n",
    errno.ENFILE: "this machine has as many files open as it may",
    errno.EFBIG: "it would be larger than a file may be; see ulimit -f",
}


def shown(value: object) -> str:
    """``value`` as a message shows it: on one line, escaped, shortened if long."""
    try:
        text = ascii(value) if not isinstance(value, Path) else ascii(str(value))
    except Exception:  # an object of the user's own whose repr fails
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def message_of(error: BaseException) -> str:
    """The message of an ``error`` that any code may have raised: its type where its own code fails to say it."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__}>"


def named(source: object) -> str:
    """A file or field as a message shows it: unchanged, unless it hides characters or is too long for a line."""
    text = str(source)
    plain = text.strip() and len(text) <= _LONGEST_NAME and all(c.isprintable() or c.isspace() for c in text)
    return text if plain else shown(text)


def reason(error: OSError) -> str:
    """The words of the system about a file, in plain ones where its own are not."""
    return _IN_PLAIN_WORDS.get(error.errno or 0) or error.strerror or str(error)


class NnasimError(Exception):
    """The base of every error that the command line prints as one line, with exit code 2 and no traceback.

    ``args`` are what the error was made of, so that a copy can be made of it, as the event loop and worker processes
    do; ``message`` is what it says.
    """

    exit_code = 2
    message: str | None = None

    def __str__(self) -> str:
        return super().__str__() if self.message is None else self.message


NOT_GIVEN = object()
"""Stands for the value of a field that is missing; the message then shows no value."""


class InputError(NnasimError):
    """A user's input is wrong. The message names the source (a file, or a file and a line), the field, its value and
    what is allowed.
    """

    def __init__(self, source: object, field: str, value: object, allowed: str) -> None:
        self.source, self.field, self.value, self.allowed = source, field, value, allowed
        where = f"{named(source)}: {named(field)}" if field else named(source)
        what = where if value is NOT_GIVEN else f"{where} = {shown(value)}"
        super().__init__(source, field, value, allowed)
        self.message = " ".join(f"{what}: {allowed}".split())


class FileError(NnasimError):
    """A file cannot be opened, is not a regular file, is too large, or may not be overwritten."""

    def __init__(self, path: object, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(path, why)
        self.message = " ".join(f"{named(path)}: {why}".split())


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """A context for reading a file, in which the system's errors become a FileError that names the file."""
    try:
        yield
    except OSError as error:
        raise FileError(path, f"cannot be read ({reason(error)})") from None


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """A context for writing a file, in which the system's errors, such as a full disk, become a FileError.

    One without a number is not the system's word on a file: a library could not be loaded meanwhile, for example.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise FileError(path, f"cannot be written ({reason(error)})") from None


class ConfigError(InputError):
    """A preset, a study, an argument or an override is wrong."""


class ManifestError(InputError):
    """A line of a manifest is wrong, or the audio that it names."""


class CheckpointError(InputError):
    """A checkpoint is truncated, is not one of ours, or belongs to another recipe."""


class TraceError(InputError):
    """A stored trace or result is truncated, is not one of ours, or contradicts itself."""


class ModelError(InputError):
    """The file of a model from another tool is truncated, malformed or hostile. A RefusedModelError says which nodes
    cannot enter.
    """


class NumericsError(InputError):
    """A number format that the arithmetic forbids, or an accumulator that would overflow; the message names layer,
    operator and value.
    """


class PlacementError(InputError):
    """An operation that neither the chip nor the CPU can run, or that fits in no memory of the chip."""


class SimulationError(NnasimError):
    """The simulated machine cannot continue: a deadlock (the message says who waits for what), or too many cycles
    without an end.
    """


class PluginError(NnasimError):
    """A part that another package adds answers what its interface forbids. ``who``: the part, and whose it is."""

    def __init__(self, who: str, what: str, value: object, allowed: str) -> None:
        super().__init__(who, what, value, allowed)
        self.message = " ".join(f"{who}: {what} = {shown(value)}: {allowed}".split())


class RankLostError(NnasimError):
    """Another process of a training run has ended. ``speaks``: whether this process prints the message for all that are
    left.
    """

    def __init__(self, message: str, speaks: bool) -> None:
        super().__init__(message, speaks)
        self.message, self.speaks = message, speaks


class MissingExtraError(NnasimError):
    """An optional part of the package is needed and is not installed."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(extra, module)
        self.message = f"this needs {module!r}: pip install 'nnasim[{extra}]'"


# What an optional module belongs to, for the message when it is absent.
EXTRA_OF_MODULE = {
    "torch": "train",
    "torchaudio": "train",
    "soundfile": "train",
    "jiwer": "train",
    "kaldialign": "train",
    "sentencepiece": "train",
    "espeakng_loader": "synth",
    "distributed": "sweep",
    "dask": "sweep",
    "optuna": "sweep",
    "perfetto": "perfetto",
    "onnx": "onnx",
    "tflite": "tflite",
    "flatbuffers": "tflite",
}
