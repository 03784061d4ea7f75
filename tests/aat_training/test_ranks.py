"""One process alone is a rank that talks to nobody; what the launcher says is checked before anybody is waited for."""

from __future__ import annotations

import pytest
import torch

from aat_training.ranks import Ranks, joined_ranks
from aat_training.resume import refuse_other_rank
from nnasim.errors import ConfigError, NnasimError


def test_alone_everything_is_as_it_was():
    alone = Ranks()
    model = torch.nn.Linear(2, 2)
    model.weight.grad = torch.ones(2, 2)
    assert alone.first
    assert alone.agreed(lambda: "result") == "result"
    assert alone.of_first(lambda: 7) == 7
    assert alone.add(1, 2) == [1, 2]
    assert alone.add_gradients(model.parameters(), 0.25, None) == 0.25
    assert torch.equal(model.weight.grad, torch.ones(2, 2))
    assert model.bias.grad is None
    alone.copy_from_first(model)
    alone.refuse_other_weights(model.parameters(), 1)


def test_alone_a_complaint_is_raised_as_it_is():
    complaint = ConfigError("a", "b", 1, "c")
    with pytest.raises(ConfigError) as caught:
        Ranks().add_gradients([], 0.0, complaint)
    assert caught.value is complaint


def test_without_a_launcher_there_is_one_rank(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    with joined_ranks() as ranks:
        assert ranks == Ranks(0, 1)


@pytest.mark.parametrize(
    ("count", "rank", "what"),
    [("two", "0", "WORLD_SIZE"), ("2", "-1", "RANK"), ("2", "2", "RANK = 2: must be less than WORLD_SIZE, 2")],
)
def test_variables_that_cannot_be_are_refused(monkeypatch, count, rank, what):
    monkeypatch.setenv("WORLD_SIZE", count)
    monkeypatch.setenv("RANK", rank)
    with pytest.raises(ConfigError, match=what), joined_ranks():
        pass


@pytest.mark.parametrize(
    ("name", "port", "what"),
    [
        (None, "29500", "MASTER_ADDR = ''"),
        ("", "29500", "MASTER_ADDR = ''"),
        ("a" * 5000, "29500", "MASTER_ADDR = 'aaa"),
        ("\x1b[2J", "29500", "MASTER_ADDR"),
        ("localhost", "abc", "MASTER_PORT = 'abc': must be a whole number"),
        ("localhost", "-1", "MASTER_PORT = '-1'"),
        ("localhost", "0", "MASTER_PORT = 0: must be a port from 1 to 65535"),
        ("localhost", "65536", "MASTER_PORT = 65536: must be a port"),
        ("localhost", None, "MASTER_PORT = 0: must be a port"),
        ("localhost", "1e308", "MASTER_PORT = '1e308'"),
    ],
)
def test_ranks_that_cannot_meet_do_not_wait(monkeypatch, name, port, what):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    for variable, value in (("MASTER_ADDR", name), ("MASTER_PORT", port)):
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=f"ranks: {what}"), joined_ranks():
        pass


def test_a_setting_that_differs_is_named_with_both_values():
    refuse_other_rank('{"seed": 1}', {"seed": 1})
    with pytest.raises(NnasimError, match="seed = 2: must be the same on all ranks; rank 0 has 1"):
        refuse_other_rank('{"seed": 1}', {"seed": 2})
