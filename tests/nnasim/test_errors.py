"""Errors are copied: the event loop raises a copy of what a block raised, and workers send theirs to who waits."""

import copy

import pytest

from nnasim.errors import ConfigError, FileError, MissingExtraError, NnasimError, PluginError, RankLostError
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
