"""A torch module is read as one step of itself, under its own names; what has no place is refused with its line."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.utils import _pytree as trees

from nnasim.errors import InputError
from tests.workloads.importers.torch_modules import CASES, Case, case
from workloads.importers.torch_reader import read_torch
from workloads.importers.torch_states import paired
from workloads.stepgraph.graph import State, StepGraph, Tensor
from workloads.stepgraph.refusals import RefusedModelError, listing
from workloads.stepgraph.run import FloatRun, initial_states

STEPS = 5
X, H, C = Tensor((1, 9, 12)), Tensor((2, 1, 8)), Tensor((2, 1, 10))
BEFORE = {"x": X, "states.0": H, "states.1": C}
AFTER = {"output.0": Tensor((1, 1, 8)), "output.1.0": H, "output.1.1": C}
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


@cache
def read(name: str) -> StepGraph:
    made = case(name)
    return read_torch(made.module, made.example, made.states)


class Stream:
    """A module that is called again and again, each time with fresh audio and the states of the call before."""

    def __init__(self, made: Case, graph: StepGraph) -> None:
        self.module, self.graph = made.module, graph
        self.leaves, self.spec = trees.tree_flatten(made.example)
        self.names = list(graph.inputs)[: len(self.leaves)]
        self.states = {name: torch.from_numpy(values) for name, values in initial_states(graph).items()}
        self.generator = torch.Generator().manual_seed(11)

    def arriving(self) -> dict[str, torch.Tensor]:
        """What the next call gets, states that are arguments included."""
        audio = {
            name: torch.randn(leaf.shape, generator=self.generator)
            if leaf.is_floating_point()
            else torch.randint(0, 20, leaf.shape, generator=self.generator)
            for name, leaf in zip(self.names, self.leaves, strict=True)
        }
        return {name: self.states.get(name, values) for name, values in audio.items()}

    def call(self, arriving: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """One forward pass; its outputs by the names that the graph has for them."""
        with torch.no_grad():
            returned = self.module(*trees.tree_unflatten([arriving[name] for name in self.names], self.spec))
        outputs = dict(zip(self.graph.outputs, trees.tree_leaves(returned), strict=False))
        self.states |= {state.input: outputs[state.output] for state in self.graph.states if state.output in outputs}
        return outputs


@pytest.mark.parametrize("name", CASES)
def test_the_float_run_is_the_module_over_several_steps(name: str) -> None:
    graph = read(name)
    stream, run, states = Stream(case(name), graph), FloatRun(graph), initial_states(graph)
    for _ in range(STEPS):
        arriving = stream.arriving()
        found = run({**{name: values.numpy() for name, values in arriving.items()}, **states})
        states = {state.input: found[state.output] for state in graph.states}
        for output, values in stream.call(arriving).items():
            np.testing.assert_allclose(found[output], values.numpy(), atol=1e-5, err_msg=output)


def test_nodes_and_weights_have_the_names_of_the_users_modules() -> None:
    graph = read("lstm_spotter")
    lstm = next(node for node in graph.nodes if node.operator == "LSTM")
    assert lstm.name == "lstm.LSTM"
    assert [name for name in lstm.inputs if name] == [
        "lstm.Transpose", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "h", "c", "lstm.weight_hr_l0"
    ]  # fmt: skip
    assert [node.name for node in graph.nodes if node.operator in ("MatMul", "Add")] == ["head.MatMul", "head.Add"]
    layers = [node.name for node in read("icefall_encoder").nodes if node.operator == "LSTM"]
    assert layers == ["layers.0.lstm.LSTM", "layers.1.lstm.LSTM"]


def test_a_projection_is_the_ninth_operand_of_one_lstm() -> None:
    graph = read("lstm_spotter")
    lstm = next(node for node in graph.nodes if node.operator == "LSTM")
    assert (lstm.inputs.index("lstm.weight_hr_l0"), graph.tensor("lstm.weight_hr_l0").shape) == (8, (1, 6, 12))
    assert [graph.tensor(name).shape for name in lstm.outputs] == [(3, 1, 1, 6), (1, 1, 6), (1, 1, 12)]


def test_buffers_that_a_call_overwrites_are_states_with_what_they_hold_at_first() -> None:
    made = case("conv_block")
    graph = read_torch(made.module, made.example)
    assert graph.states == (State("cache", "cache_next", "cache.initial"),)
    assert graph.audio == ("x",)
    np.testing.assert_array_equal(graph.constants["cache.initial"], 0.5)
    np.testing.assert_array_equal(made.module.cache, 0.5)  # reading has not called it
    assert read("lstm_spotter").states == (State("h", "h_next"), State("c", "c_next"))


class Overwriting(nn.Module):
    def forward(self, x: torch.Tensor, past: torch.Tensor) -> torch.Tensor:
        y = x + past
        past.copy_(x)
        return y


def test_an_argument_that_a_call_overwrites_is_a_state_too() -> None:
    graph = read_torch(Overwriting(), (torch.ones(3), torch.ones(3)))
    assert graph.states == (State("past", "x"),)


def test_states_are_declared_by_position_key_or_path_and_a_tuple_as_a_whole() -> None:
    pairs = [("states.0", "output.1.0"), ("states.1", "output.1.1")]
    assert [(state.input, state.output) for state in read("icefall_encoder").states] == pairs
    assert read("gru_spotter").states == (State("h", "output.h"),)
    for states in ({"states": 1}, {"states": "output.1"}, [("states.0", "1.0"), ("states.1", "output.1.1")]):
        assert paired(states, BEFORE, AFTER) == (pairs, [])
    assert paired(["states.*:output.1.*"], BEFORE, AFTER) == (pairs, [])
    assert paired({"x": 0}, {"x": X}, {"output": X}) == ([("x", "output")], [])


def test_states_are_proposed_by_name_and_asked_for_where_no_name_says() -> None:
    by_key = {"output.words": Tensor((1, 5)), "output.h": H}
    assert paired(None, {"x": X, "h": H}, by_key) == ([("h", "output.h")], [])
    (asked,) = paired(None, {"x": X, "h": H}, {"output.0": X, "output.1": H})[1]
    assert "h:output.1" in asked.help
    assert read_torch(case("gru_spotter").module, case("gru_spotter").example).states == read("gru_spotter").states


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ({"hidden": 1}, "hidden:output.1 (state): the model has no input hidden; its inputs are x, states.0, states.1"),
        ({"states.0": 7}, "the model has no output output.7; its outputs are output.0, output.1.0, output.1.1"),
        ({"states.0": "1.1"}, "states.0 (state): is float32 (2, 1, 8), but output.1.1 is float32 (2, 1, 10)"),
        ({"states.0": 1}, "states.0:output.1 (state): the model has no output output.1"),
        ([("states.0", "1.0"), ("states.1", "1.0")], "output.1.0 (state): this output belongs to more than one state"),
    ],
)
def test_states_that_do_not_pair_are_refused(states: Any, message: str) -> None:
    assert message in listing(paired(states, BEFORE, AFTER)[1])[0]


def test_states_that_do_not_pair_refuse_the_module() -> None:
    with pytest.raises(RefusedModelError, match="hidden"):
        read_torch(case("joiner").module, case("joiner").example, {"hidden": 1})


def test_an_example_is_a_tensor_a_tuple_a_mapping_or_of_numpy() -> None:
    made = case("gru_spotter")
    x, h = made.example
    by_place = read_torch(made.module, (x, h), made.states)
    assert read_torch(made.module, {"h": h, "x": x}, made.states) == by_place
    assert read_torch(made.module, [x.numpy(), h.numpy()], made.states) == by_place
    assert read_torch(case("conv_block").module, case("conv_block").example[0]).audio == ("x",)


def test_one_tensor_given_twice_is_two_inputs() -> None:
    """As h and c of the same zeros: torch's export would take both for one."""
    zeros = torch.zeros(1, 1, 4)
    cell = nn.LSTM(4, 4)
    graph = read_torch(cell, (zeros, (zeros, zeros)), {"hx": 1})
    (lstm,) = (node for node in graph.nodes if node.operator == "LSTM")
    assert len({lstm.inputs[0], *lstm.inputs[5:7]}) == 3


def test_an_example_that_is_not_the_arguments_is_refused_with_the_signature() -> None:
    with pytest.raises(InputError, match=r"GruSpotter: example.*must be the arguments of forward.*missing"):
        read_torch(case("gru_spotter").module, torch.ones(1, 3, 10))


class Forgetting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spot = nn.ModuleDict({"gru": nn.GRU(4, 3, num_layers=2, batch_first=True)})
        self.lstm = nn.LSTM(3, 5, proj_size=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.spot["gru"](x)
        return self.lstm(y.transpose(0, 1))[0]


def test_a_layer_that_starts_from_zeros_at_each_call_is_refused_and_kept_where_its_name_is_said() -> None:
    module, x = Forgetting().eval(), torch.ones(1, 2, 4)
    with pytest.raises(RefusedModelError, match=r"forgets at every call.*keep_state` spot\.gru") as refused:
        read_torch(module, x)
    assert len(refused.value.refusals) == 2
    graph = read_torch(module, x, keep_state=("spot.gru", "lstm"))
    inputs = [state.input for state in graph.states]
    assert (inputs, [graph.inputs[name].shape for name in inputs]) == (
        ["spot.gru.h", "lstm.h", "lstm.c"], [(2, 1, 3), (1, 1, 2), (1, 1, 5)]
    )  # fmt: skip
    assert graph.audio == ("x",)
    with pytest.raises(RefusedModelError, match=r"is no layer that forgets; they are spot\.gru, lstm"):
        read_torch(module, x, keep_state=("spot.gru", "lstm", "gru"))


class Options(nn.Module):
    def forward(
        self, x: torch.Tensor, scale: float = 2.0, flag: bool = False, *, more: torch.Tensor | None = None
    ) -> Any:
        y = x * scale if flag else x
        return {"y": y if more is None else y + more, "scale": scale, "none": None}


def test_numbers_and_none_among_the_arguments_are_part_of_the_program() -> None:
    graph = read_torch(Options(), {"x": torch.ones(3), "scale": 3.0, "flag": True})
    assert (tuple(graph.inputs), graph.outputs) == (("x",), ("output.y",))
    assert [node.operator for node in graph.nodes] == ["Mul"]
    both = read_torch(Options(), {"more": torch.ones(3), "x": torch.ones(3)}, states=())
    assert tuple(both.inputs) == ("x", "more")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floating_types_are_read_as_float32_with_a_note(dtype: torch.dtype) -> None:
    made = case("joiner")
    graph = read_torch(made.module.to(dtype), tuple(value.to(dtype) for value in made.example))
    tensors = [*graph.inputs.values(), *graph.values.values(), *map(graph.tensor, graph.constants)]
    assert {tensor.dtype for tensor in tensors} == {"float32"}
    assert graph.origin["read as"] == f"float32, where the module has {str(dtype).removeprefix('torch.')}"


def test_the_origin_says_module_and_version() -> None:
    origin = read("joiner").origin
    assert origin["module"].endswith("torch_modules.Joiner")
    assert (origin["format"], origin["version"]) == ("torch.export", torch.__version__)


class Weighted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.arange(4) < 2
        return self.linear(x).masked_fill(mask, 0.0)


def test_what_follows_from_parameters_alone_is_a_constant_and_counted_as_folded() -> None:
    module = Weighted().eval()
    graph = read_torch(module, torch.ones(1, 4))
    assert [node.operator for node in graph.nodes] == ["MatMul", "Add", "Where"]
    weight = graph.constants[graph.nodes[0].inputs[1]]
    np.testing.assert_allclose(weight, module.linear.weight.detach().T, rtol=1e-6)
    assert {"aten.arange", "aten.lt"} <= {node.operator for node in graph.folded}


class Unread(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.linalg.svd(x)
        return x.exp()


def test_what_nobody_reads_is_not_asked_for() -> None:
    graph = read_torch(Unread(), torch.ones(2, 2))
    assert [node.operator for node in graph.nodes] == ["Exp"]


class Refused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.both = nn.GRU(4, 4, bidirectional=True)
        self.drop = nn.Dropout(0.5)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x: torch.Tensor) -> Any:
        y, _ = self.both(x)
        return torch.fft.rfft(y).abs(), self.drop(x), self.norm(x[None])[0], x + torch.randn(4), x[x > 0]


def test_all_refusals_come_at_once_by_module_operator_and_line() -> None:
    with pytest.raises(RefusedModelError) as refused:
        read_torch(Refused(), torch.ones(3, 4))
    by_operator = {refusal.operator: refusal for refusal in refused.value.refusals}
    assert set(by_operator) == {
        "aten.gru", "aten.native_dropout", "aten._native_batch_norm_legit_functional", "aten.randn", "aten.index",
        "aten.fft_rfft",
    }  # fmt: skip
    assert "cosines" in by_operator["aten.fft_rfft"].help
    gru = by_operator["aten.gru"]
    assert gru.name.startswith("both.gru [test_torch_reader.py, line ")
    assert "backward in time" in gru.why
    assert by_operator["aten.native_dropout"].help == "call module.eval() first"
    assert "as many elements as what arrives decides" in by_operator["aten.index"].why


class Branch(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:
            return x
        return -x


class Counting(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[: int(x.argmax())]


class Conditional(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x.cos(), (x,))


class Forgetful(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.past = torch.zeros(3)
        self.list = [torch.zeros(3)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x + self.past + self.list[0]
        self.past, self.list[0] = x, y
        return y


class Wrong(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ torch.ones(5, 5)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Branch(), r"Branch: forward \(test_torch_reader.py, line \d+: if x.sum\(\) > 0:\): decides by what arrives"),
        (Counting(), r"Counting: forward \(.*x.argmax.*\): decides by what arrives"),
        (Forgetful(), r"Forgetful: list\[0\], past: is assigned at each call, but no buffer"),
        (Wrong(), r"Wrong: forward \(.*x @ torch.ones.*\): cannot be exported: RuntimeError"),
    ],
)
def test_a_module_that_is_no_single_graph_is_refused_in_one_line(module: nn.Module, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_torch(module, torch.zeros(3))
    assert "\n" not in str(refused.value)


def test_an_if_of_torchs_own_is_refused_by_name() -> None:
    with pytest.raises(RefusedModelError, match=r"cond \[.*\] \(torch.cond\): decides by what arrives"):
        read_torch(Conditional(), torch.zeros(3))


class Mutating(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.past = torch.zeros(3)  # no buffer, and written in place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.past.add_(x)
        return self.past * 2


def test_a_plain_tensor_that_is_written_in_place_is_no_silent_constant() -> None:
    with pytest.raises((InputError, RefusedModelError), match="past"):
        read_torch(Mutating(), torch.zeros(3))
