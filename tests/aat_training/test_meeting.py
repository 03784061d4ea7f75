"""Ranks that cannot meet say so within seconds, by the variable that is wrong; nobody waits for what never comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

pytest.importorskip("torch")

from torch.distributed import HashStore

from aat_training import meeting
from aat_training.meeting import come, store_of_all, wait_for_all
from nnasim.errors import ConfigError, RankLostError
from nnasim.switches import rank_wait_seconds


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the variables of the place: a name, a port, and how many seconds ranks wait."""

    def place(name: str, port: int, wait: int = 1) -> None:
        monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
        monkeypatch.setattr(meeting, "ANSWER_SECONDS", 1.0)
        for variable, value in (("MASTER_ADDR", name), ("MASTER_PORT", port), ("NNASIM_RANK_WAIT", wait)):
            monkeypatch.setenv(variable, str(value))

    return place


@pytest.fixture
def listening() -> Iterator[Callable[[bytes], int]]:
    """The port of a server that sends these bytes to whoever comes, and nothing more; it never hangs up."""
    servers, guests = [], []

    def start(sent: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer() -> None:
            with suppress(OSError):
                while True:
                    guests.append(server.accept()[0])
                    guests[-1].sendall(sent)

        threading.Thread(target=answer, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for each in (*servers, *guests):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)  # ends `accept`, and torch's look at silence
        each.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def refused(rank: int = 1) -> str:
    with pytest.raises(RankLostError) as caught:
        store_of_all(2, rank)
    return str(caught.value)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("name", ["no-such-machine.invalid", "a..b", "a" * 200])
def test_a_name_that_no_machine_has_is_refused(name: str, rank: int, place: Callable[..., None]) -> None:
    place(name, 29500)
    assert refused(rank).startswith("ranks: MASTER_ADDR = ")
    assert "no machine of that name is known" in refused(rank)
    assert refused(rank).endswith("; must be the machine of rank 0")


def test_a_machine_that_cannot_be_reached_is_refused(place: Callable[..., None]) -> None:
    place("255.255.255.255", 29500)
    line = refused()
    assert line.startswith("ranks: MASTER_ADDR = '255.255.255.255': does not answer (")


def test_a_port_on_which_nothing_listens_is_waited_for_as_long_as_the_setting_says(
    place: Callable[..., None],
) -> None:
    place("127.0.0.1", port := free_port())
    why = "nothing listens there on 127.0.0.1 within 1 s (the wait is NNASIM_RANK_WAIT); must be the port of rank 0"
    assert refused() == f"ranks: MASTER_PORT = {port}: {why}"


@pytest.mark.parametrize("sent", [b"", bytes(4096), b"HTTP/1.0 200 OK\r\n\r\n" * 10])
def test_what_listens_and_is_no_meeting_of_ranks_is_refused(
    sent: bytes, place: Callable[..., None], listening: Callable[[bytes], int]
) -> None:
    place("127.0.0.1", port := listening(sent))
    line = refused()
    assert line.startswith(f"ranks: MASTER_PORT = {port}: no ranks meet there on 127.0.0.1 (")
    assert line.endswith("); must be the port of rank 0")


def test_a_port_that_is_in_use_is_refused_by_the_rank_that_opens_it(
    place: Callable[..., None], listening: Callable[[bytes], int]
) -> None:
    place("127.0.0.1", port := listening(b""))
    assert refused(rank=0).startswith(f"ranks: MASTER_PORT = {port}: is used on this machine already")


def test_a_rank_that_never_comes_is_named(place: Callable[..., None]) -> None:
    place("127.0.0.1", free_port())
    assert refused(rank=0) == "rank 1 has not come within 1 s (the wait is NNASIM_RANK_WAIT)"


@pytest.mark.parametrize(
    ("count", "rank", "why"),
    [
        (3, 1, "ranks: WORLD_SIZE = 3: must be the same on all ranks; another has 2"),
        (2, 0, "ranks: RANK = 0: must be another on each rank; one of that number has come before"),
    ],
)
def test_a_rank_that_contradicts_another_is_refused_and_the_other_told(count: int, rank: int, why: str) -> None:
    store = HashStore()
    come(store, 2, 0)
    with pytest.raises(RankLostError, match=f"^{why}$"):
        come(store, count, rank)
    with pytest.raises(RankLostError, match=f"^another rank was refused: {why}$"):
        wait_for_all(store, 2)


def test_ranks_that_agree_have_all_come() -> None:
    store = HashStore()
    for rank in (1, 2, 0):
        come(store, 3, rank)
    wait_for_all(store, 3)


@pytest.mark.parametrize(("first", "speaks"), [("0", True), ("1", False), (None, True)])
def test_the_first_rank_of_each_machine_says_what_is_wrong_with_the_place(
    first: str | None, speaks: bool, place: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place("a..b", 29500)
    if first is None:
        monkeypatch.delenv("LOCAL_RANK", raising=False)
    else:
        monkeypatch.setenv("LOCAL_RANK", first)
    with pytest.raises(RankLostError) as caught:
        store_of_all(4, 3)
    assert caught.value.speaks is speaks


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "abc", "86401", "9" * 400, "inf"])
def test_a_wait_that_is_no_time_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNASIM_RANK_WAIT", text)
    with pytest.raises(ConfigError, match=r"NNASIM_RANK_WAIT = .*must be a whole number of seconds from 1 to 86,"):
        rank_wait_seconds()


def test_ranks_wait_ten_minutes_unless_the_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    for text in ("", "1", "86400"):
        monkeypatch.setenv("NNASIM_RANK_WAIT", text)
        waits.append(rank_wait_seconds())
    assert waits == [600, 1, 86_400]
