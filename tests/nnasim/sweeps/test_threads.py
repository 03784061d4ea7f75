"""A thread of the pool that ends with an error ends all that wait for its futures, with that error and no traceback."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from nnasim.sweeps.local import LocalBackend
from nnasim.sweeps.threads import Threads


def fails(error: Exception) -> None:
    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_futures_of_before_and_after_end_with_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    threads, done = Threads(), Future[int]()
    try:
        before = threads.watch(Future[int]())
        done.set_result(3)
        threads.watch(done)
        fails(RuntimeError("can't start new thread"))
        after = threads.watch(Future[int]())
        for future in (before, after):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                future.result(timeout=0)
        assert done.result() == 3
        assert capfd.readouterr().err == ""
    finally:
        threads.leave()


def test_later_errors_are_left_to_whoever_had_them_before() -> None:
    before = threading.excepthook
    threads = Threads()
    threads.watch(Future[int]())
    assert threading.excepthook != before
    threads.leave()
    threads.leave()
    assert threading.excepthook is before


def test_an_error_before_any_future_is_there_ends_the_first(capfd: pytest.CaptureFixture[str]) -> None:
    threads = Threads()
    threads.begin()
    try:
        fails(MemoryError("used up"))
        with pytest.raises(MemoryError, match="used up"):
            threads.watch(Future[int]()).result(timeout=0)
        assert capfd.readouterr().err == ""
    finally:
        threads.leave()


def test_a_pool_whose_own_thread_is_gone_is_told_as_lost_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even an error of a thread finds memory, nobody is told of it, and no future ends."""
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    pool = SimpleNamespace(
        submit=lambda *call: Future[int](), shutdown=lambda **how: None, _executor_manager_thread=ended
    )
    monkeypatch.setattr("joblib.externals.loky.get_reusable_executor", lambda **how: pool)
    monkeypatch.setattr("nnasim.sweeps.local.LOOK_SECONDS", 0)
    backend = LocalBackend(1)
    try:
        with pytest.raises(MemoryError, match="workers' thread has ended"):
            next(backend.run("{}", iter([[("key", {})]])))
    finally:
        backend.close()
