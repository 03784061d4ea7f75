"""Models of others, as a user of Python reads them."""

import pytest

import nnasim
from nnasim.errors import ConfigError

pytest.importorskip("torch")

import torch


class Counter(torch.nn.Module):
    """Adds what arrives to what it was."""

    def forward(self, x: torch.Tensor, total: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        total = total + x
        return total.tanh(), total


EXAMPLE = (torch.ones(1, 3), torch.zeros(1, 3))


@pytest.mark.parametrize("states", [{"total": 1}, [("total", "output.1")], ("total:output.1",)])
def test_a_torch_module_is_read_with_its_states(states: object) -> None:
    graph = nnasim.read_torch(Counter(), EXAMPLE, states=states)
    assert [node.operator for node in graph.nodes] == ["Add", "Tanh"]
    assert [(state.input, state.output) for state in graph.states] == [("total", "output.1")]


@pytest.mark.parametrize("states", ["total", {"total": None}, {"total": True}, [("total",)], 3])
def test_states_that_are_none_are_refused_with_an_example(states: object) -> None:
    with pytest.raises(ConfigError, match=r"read_torch: states = .*\{'h': 1\}"):
        nnasim.read_torch(Counter(), EXAMPLE, states=states)
