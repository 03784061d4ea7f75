"""A thread of the pool that ends with an error ends all that wait for its futures, with that error and no traceback."""

import threading
from concurrent.futures import Future

import pytest

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
