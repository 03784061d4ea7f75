"""An interrupt is known as one, whatever a library has made of it, and no other error is taken for one."""

import pytest

from nnasim.cli.interrupts import was_interrupt
from nnasim.cli.signals import EndedError


@pytest.mark.parametrize("kind", [KeyboardInterrupt, EndedError])
def test_an_interrupt_is_known_by_its_cause_and_by_its_name(kind: type[BaseException]) -> None:
    error = ValueError("no record")
    error.__cause__ = RuntimeError()
    error.__cause__.__cause__ = kind()
    assert was_interrupt(error)
    assert was_interrupt(ValueError(f"Error extracting the attribute: {kind.__name__}: "))
    assert not was_interrupt(ValueError("no record"))


def test_an_error_without_words_and_without_a_first_cause_is_no_interrupt() -> None:
    class HidingError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    one, other = HidingError(), HidingError()
    one.__cause__, other.__cause__ = other, one
    assert not was_interrupt(one)
