"""Standard output and error, of which a reader may be gone, a disk full, or that were closed from the beginning."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from nnasim.plugins import IN_USE


class _Output(io.FileIO):
    """The descriptor of a stream. If its reader is gone (`| head`), the rest is dropped: the command still writes its
    files, and its exit code is its own.
    """

    def __init__(self, descriptor: int, name: str, *, drop: bool) -> None:
        """``drop``: whatever cannot be written, as of the messages on a full disk, since nobody can be told."""
        super().__init__(descriptor, "w", closefd=False)
        self._name, self._drop = name, drop

    def write(self, data: Any) -> int:
        """Write, or drop what no one reads; the error of a full disk names the stream."""
        try:
            return super().write(data)
        except BrokenPipeError:
            pass
        except OSError as error:
            if not self._drop:
                error.filename = self._name
                raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        return len(data)


class _Text(io.TextIOWrapper):
    """A stream that leaves to stderr what packages of others print: the output may be JSON."""

    def write(self, text: str) -> int:
        module = str(sys._getframe(1).f_globals.get("__name__")).partition(".")[0]
        return sys.stderr.write(text) if module in IN_USE and sys.stderr is not self else super().write(text)


def prepare_streams() -> None:
    """Make standard output and error outlive their readers, and open the null device in place of one that is closed:
    its number would go to the next file opened.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, stream := open(os.devnull, mode))  # noqa: SIM115  # open as long as the process
            os.set_inheritable(stream.fileno(), True)  # as a stream is: a pool's workers look for theirs
    for name, called, drop in (("stdout", "standard output", False), ("stderr", "standard error", True)):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _outliving(stream, called, drop=drop))


def _outliving(stream: io.TextIOWrapper, name: str, *, drop: bool) -> TextIO:
    stream.flush()
    output = io.BufferedWriter(_Output(stream.fileno(), name, drop=drop))
    return _Text(
        output, stream.encoding, stream.errors, line_buffering=stream.line_buffering, write_through=stream.write_through
    )
