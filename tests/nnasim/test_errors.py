"""Errors are copied: the event loop raises a copy of what a block raised, and workers send theirs to who waits."""

import copy
import errno

import pytest

from nnasim.errors import (
    ConfigError,
    FileError,
    MissingExtraError,
    NnasimError,
    PluginError,
    RankLostError,
    writing,
)
from workloads.stepgraph.refusals import Refusal, RefusedModelError

ERRORS = [
    NnasimError("no such thing"),
    ConfigError("chip.yaml", "clock_hz", -1, "must be a number above 0"),
    FileError("chip.yaml", "is a folder"),
    MissingExtraError("train", "torch"),
    RankLostError("rank 1 has ended", True),
    PluginError("the entry point odd of nnasim.drams (odd 1.2)", "end(0, 5)", None, "must be a whole number"),
    RefusedModelError("model.onnx", [Refusal("/swirl", "Swirl", "is unknown")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_copy_says_the_same(error: NnasimError) -> None:
    make, arguments, *_ = error.__reduce__()  # what a process sends to another
    for twin in (type(error)(*error.args), copy.copy(error), make(*arguments)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)


def test_an_error_of_the_system_names_the_file_that_was_written() -> None:
    with pytest.raises(FileError, match=r"^a\.csv: cannot be written \(the disk is full\)$"), writing("a.csv"):
        raise OSError(errno.ENOSPC, "x")


def test_a_library_that_cannot_be_loaded_meanwhile_is_not_laid_to_the_file() -> None:
    with pytest.raises(OSError, match=r"^b\.so: failed to map segment$"), writing("a.csv"):
        raise OSError("b.so: failed to map segment")


def test_an_object_that_cannot_be_shown_is_told_by_its_type() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    assert (
        str(ConfigError("train", "steps", Odd(), "must be a whole number"))
        == "train: steps = <Odd>: must be a whole number"
    )
