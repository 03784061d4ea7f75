"""The place where ranks meet, `MASTER_ADDR` and `MASTER_PORT`, and the wait for those that have not come yet.

torch looks for a place that is not there for ten minutes, and for ever at one that listens and says nothing. So the
place is tried first, and torch's own look is bounded. A rank that comes later than the first is waited for: only rank 0
opens the place, so a machine whose port is closed may be one where rank 0 begins later.
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple, NoReturn

import torch.distributed as dist

from nnasim.errors import ConfigError, RankLostError, reason
from nnasim.switches import RANK_WAIT, rank_wait_seconds
from nnasim.within import within

ANSWER_SECONDS = 10.0  # within which a place answers that is there
_LONGEST_NAME = 255  # of a machine, characters
_LOOK_SECONDS = 0.05
_COME, _COUNT, _REFUSED = "come", "count", "refused"
_MEETINGS = itertools.count()  # of this process: each has keys of its own in a store that outlives it


class Place(NamedTuple):
    """A machine and its port, where ranks meet: rank 0 opens the port, unless `torchrun` has."""

    name: str
    port: int

    @classmethod
    def of_environment(cls) -> Place:
        """The place that the variables name. Raises ConfigError where no machine can have that name or port."""
        name = os.environ.get("MASTER_ADDR", "")
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or " " in name:
            why = "must be the name or address of a machine, as `torchrun` sets it"
            raise ConfigError("ranks", "MASTER_ADDR", name, why)
        if not 0 < (port := number("MASTER_PORT", 0)) < 65_536:
            raise ConfigError("ranks", "MASTER_PORT", port, "must be a port from 1 to 65535, as `torchrun` sets it")
        return cls(name, port)


def longest_wait() -> timedelta:
    """The time that a rank waits for another one: at the beginning, and for one that is stopped and not dead."""
    return timedelta(seconds=rank_wait_seconds())


def store_of_all(count: int, rank: int) -> dist.Store:
    """The store in which ``count`` ranks write to each other, once all of them have come. This one is number ``rank``.

    Raises ConfigError for variables that cannot be, RankLostError for a place that is not there, or where others do not
    come within ``longest_wait()``.
    """
    place = Place.of_environment()
    _refuse_no_machine(place)
    opens = rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    if not opens:
        _wait_until_open(place)
    store = _opened(place, count, opens)
    store.set_timeout(longest_wait())
    again = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    ours = dist.PrefixStore(f"nnasim/{again}/{next(_MEETINGS)}", store)
    come(ours, count, rank)
    wait_for_all(ours, count)
    return ours


def number(variable: str, default: int) -> int:
    """The whole number of at most six digits that ``variable`` holds. Raises ConfigError for anything else."""
    text = os.environ.get(variable, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 6:
        raise ConfigError("ranks", variable, text, "must be a whole number, as `torchrun` sets it")
    return int(text)


def _refuse(variable: str, value: object, why: str) -> NoReturn:
    """Raise RankLostError for a place that is not there. The first rank of each machine says it: others see no more."""
    line = str(ConfigError("ranks", variable, value, why))
    raise RankLostError(line, speaks=os.environ.get("LOCAL_RANK", "0") == "0")


def _refuse_no_machine(place: Place) -> None:
    try:
        within(ANSWER_SECONDS, lambda: socket.getaddrinfo(place.name, place.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        what = reason(error) if isinstance(error, OSError) else str(error)
        why = f"no machine of that name is known ({what or 'no answer'}); must be the machine of rank 0"
        _refuse("MASTER_ADDR", place.name, why)


def _wait_until_open(place: Place) -> None:
    """Return as soon as something listens at ``place``. A machine that says that nothing does may be too early."""
    last = time.monotonic() + rank_wait_seconds()
    while not _listens(place):
        if time.monotonic() > last:
            why = f"nothing listens there on {place.name} within {_patience()}; must be the port of rank 0"
            _refuse("MASTER_PORT", place.port, why)
        time.sleep(_LOOK_SECONDS)


def _listens(place: Place) -> bool:
    try:
        socket.create_connection(place, ANSWER_SECONDS, all_errors=True).close()
    except* OSError as errors:
        failures = list(_each(errors))
    else:
        return True
    if not any(isinstance(error, ConnectionRefusedError) for error in failures):
        why = f"does not answer ({reason(failures[0])}); must be the machine of rank 0"
        _refuse("MASTER_ADDR", place.name, why)
    return False


def _each(errors: BaseExceptionGroup[OSError]) -> Iterator[OSError]:
    """The errors of all addresses that the name has."""
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _each(error)
        else:
            yield error


def _opened(place: Place, count: int, opens: bool) -> dist.Store:
    """torch's store at ``place``. ``opens``: it is made here; else it is there already."""

    def make() -> dist.Store:
        return dist.TCPStore(
            place.name, place.port, count, opens, timedelta(seconds=ANSWER_SECONDS), False, multi_tenant=True
        )

    try:
        return within(ANSWER_SECONDS + _LOOK_SECONDS, make)
    except TimeoutError:
        what = f"no answer within {ANSWER_SECONDS:.0f} s"
    except RuntimeError as error:
        what = str(error).partition("\n")[0].rpartition("message: ")[2][:200]
        if "EADDRINUSE" in str(error):
            _refuse(
                "MASTER_PORT",
                place.port,
                "is used on this machine already, perhaps by another rank 0; must be a free port",
            )
    _refuse("MASTER_PORT", place.port, f"no ranks meet there on {place.name} ({what}); must be the port of rank 0")


def come(store: dist.Store, count: int, rank: int) -> None:
    """Write into ``store`` that this rank has come. Raises RankLostError if it contradicts one that came before."""
    first = int(store.compare_set(_COUNT, "", str(count)))
    why = None
    if first != count:
        why = "WORLD_SIZE", count, f"must be the same on all ranks; another has {first}"
    elif store.add(_key(rank), 1) > 1:
        why = "RANK", rank, "must be another on each rank; one of that number has come before"
    if why is not None:
        error = ConfigError("ranks", *why)
        store.set(_REFUSED, str(error))
        raise RankLostError(str(error), speaks=True)
    store.add(_COME, 1)


def wait_for_all(store: dist.Store, count: int) -> None:
    """Return as soon as all ranks have come. They are waited for in Python, where signals are handled.

    Raises RankLostError where one was refused, or has not come within ``longest_wait()``.
    """
    last = time.monotonic() + rank_wait_seconds()
    while store.add(_COME, 0) < count:
        if store.check([_REFUSED]):
            raise RankLostError(f"another rank was refused: {store.get(_REFUSED).decode(errors='replace')}", True)
        if time.monotonic() > last:
            missing = next(rank for rank in range(count) if not store.check([_key(rank)]))
            more = "" if store.add(_COME, 0) == count - 1 else f", and {count - 1 - store.add(_COME, 0)} more,"
            raise RankLostError(f"rank {missing}{more} has not come within {_patience()}", speaks=True)
        time.sleep(_LOOK_SECONDS)


def _key(rank: int) -> str:
    return f"rank/{rank}"


def _patience() -> str:
    return f"{rank_wait_seconds()} s (the wait is {RANK_WAIT})"
