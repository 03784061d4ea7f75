"""The process of several that prints messages, and the message that the report of `torchrun` quotes. Light."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time

from nnasim.errors import RankLostError


def one_of_several() -> bool:
    """Whether other processes run the same command as this one."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def speaks() -> bool:
    """Whether this process prints what all of them could print: the first one does, and any whose number is none."""
    count, rank = os.environ.get("WORLD_SIZE", "1"), os.environ.get("RANK", "0")
    if not all(number.isdecimal() and len(number) <= 6 for number in (count, rank)):
        return True
    return count == "1" or int(rank) == 0 or int(rank) >= int(count)


def leave_word(line: str) -> None:
    """Write ``line`` where `torchrun` looks for the reason of a process's end; its report then quotes it."""
    path = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if path and one_of_several():
        with contextlib.suppress(OSError), open(path, "w", encoding="utf-8") as file:
            json.dump({"message": line, "timestamp": str(int(time.time()))}, file)


def end_in_order() -> None:
    """End at SIGTERM, which `torchrun` sends to all ranks when one has ended, with a line and exit code 2.

    At once, and not by an exception: until the ranks have met nothing has been written, and a module that is being
    imported then may swallow an exception; the rank would wait for the dead one until `torchrun` kills it.
    """

    def end(number: int, frame: object) -> None:
        line = "nnasim: ended by SIGTERM, as when another rank has ended: see the report of `torchrun`"
        if speaks():
            with contextlib.suppress(OSError):
                os.write(2, f"{line}\n".encode())
        leave_word(line)
        os._exit(RankLostError.exit_code)

    if one_of_several():
        signal.signal(signal.SIGTERM, end)
