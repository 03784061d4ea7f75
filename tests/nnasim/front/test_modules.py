"""`nnasim.train_module`: a module of anybody's loses on a harsh chip, wins back by training, and the chip agrees."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import nnasim
from nnasim.cli.main import main
from nnasim.functional.cosimulate import cosimulate

# torch says so of every LSTM with projection, once in a process.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
FEATURES, CLASSES, CALLS, HARSH = 6, 3, 12, {"numerics.activation": "hard", "numerics.weight_bits": 4}


class Spotter(torch.nn.Module):
    """Which of three sounds was heard; an LSTM with projection."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = torch.nn.LSTM(FEATURES, 16, proj_size=8)
        self.out = torch.nn.Linear(8, CLASSES)

    def forward(self, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y, (h, c) = self.rnn(x, (h, c))
        return self.out(y), h, c


def speech(streams: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with one sound in each stream."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.randn(CLASSES, FEATURES, generator=torch.Generator().manual_seed(1)) * 2
    x, y = torch.randn(streams, CALLS, FEATURES, generator=generator), torch.arange(streams) % CLASSES
    x[torch.arange(streams), torch.randint(2, CALLS - 3, (streams,), generator=generator)] += sounds[y]
    return x, y


def last(outputs: torch.Tensor) -> torch.Tensor:
    return outputs.reshape(len(outputs), CALLS, CLASSES)[:, -1]


def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(last(outputs), target)


@pytest.fixture(scope="module")
def float_module() -> torch.nn.Module:
    torch.manual_seed(0)
    module = Spotter()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    for step in range(150):
        x, y = speech(48, step)
        states = torch.zeros(1, 48, 8), torch.zeros(1, 48, 16)
        optimizer.zero_grad()
        loss(module(x.transpose(0, 1), *states)[0].transpose(0, 1), y).backward()
        optimizer.step()
    return module.eval()


@pytest.fixture(scope="module")
def trained(float_module: torch.nn.Module) -> "nnasim.front.modules.TrainedModule":
    example = {"x": torch.zeros(1, 1, FEATURES), "h": torch.zeros(1, 1, 8), "c": torch.zeros(1, 1, 16)}
    data = [speech(48, 1000 + number) for number in range(8)]
    chip = nnasim.preset("edge256").with_(HARSH)
    return nnasim.train_module(
        float_module, example, data, loss, chip=chip, states={"h": 1, "c": 2}, steps=60, learning_rate=0.15
    )


def test_what_calibration_alone_loses_training_wins_back(trained) -> None:
    x, y = speech(300, 5)
    losses = {system: float(loss(trained.run(x, system=system), y)) for system in ("naive", "aat")}
    assert losses["aat"] < 0.7 * losses["naive"]
    assert len(trained.losses) == 60


def test_the_chip_computes_what_training_did_integer_by_integer(trained) -> None:
    x, _ = speech(2, 6)
    chip = nnasim.preset("edge256").with_(HARSH)
    trace = trained.trace
    (name,) = (name for name, spec in trace.tensors.items() if spec.role == "input")
    for stream in range(2):
        heard = {name: x[stream].double().numpy().reshape(CALLS, *trace.tensors[name].shape)}
        report = cosimulate(trace, chip, trained.aat.constants, [heard])
        assert (report.mismatches, report.values > 0) == (0, True)


def test_trace_and_integers_are_written_and_run_on_the_functional_chip(trained, tmp_path: Path, capsys) -> None:
    out = tmp_path / "trained.json"
    trained.write(out)
    harsh = [f"{field}={value}" for field, value in HARSH.items()]
    options = [word for change in harsh for word in ("--set", change)]
    assert main(["simulate", str(out), "--functional", *options, "--out", str(tmp_path / "r.json")]) == 0
    result = nnasim.read_result(tmp_path / "r.json")
    assert result.record.system == "aat"
    assert "trained for it" in trained.trace.imported.calibration
    with pytest.raises(nnasim.NnasimError, match="exists already"):
        trained.write(out)


def test_cycles_do_not_change_by_training(trained) -> None:
    chip = nnasim.preset("edge256").with_(HARSH)
    totals = [nnasim.simulate(trace, chip).record.totals for trace in (trained.trace, trained.naive.trace)]
    assert totals[0] == totals[1]
    changed = [
        name for name, values in trained.naive.constants.items()
        if not np.array_equal(values, trained.aat.constants[name])
    ]  # fmt: skip
    assert changed
    assert all(trained.trace.tensors[name].role in ("weight", "bias") for name in changed)


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        (torch.zeros(4, CALLS, FEATURES + 1), r"must be \(streams, calls, 1, 1, 6\)"),
        (torch.full((4, CALLS, FEATURES), float("nan")), "must be finite"),
        ({"y": torch.zeros(4, CALLS, FEATURES)}, "is missing; give a tensor for each of x"),
    ],
)
def test_data_that_does_not_fit_is_refused_in_one_line(float_module, inputs, complaint: str) -> None:
    example = {"x": torch.zeros(1, 1, FEATURES), "h": torch.zeros(1, 1, 8), "c": torch.zeros(1, 1, 16)}
    with pytest.raises(nnasim.NnasimError, match=complaint):
        nnasim.train_module(float_module, example, [(inputs, None)], loss, states={"h": 1, "c": 2}, steps=1)


def test_a_chip_that_leaves_work_to_the_cpu_is_refused() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(FEATURES, CLASSES)).eval()
    batch = [(torch.zeros(2, CALLS, 1, 1, FEATURES), torch.zeros(2, CALLS))]
    with pytest.raises(nnasim.NnasimError, match="cannot be trained: the chip has no activation unit"):
        nnasim.train_module(module, torch.zeros(1, 1, FEATURES), batch, lambda y, t: y.sum(), chip="nvdla_small")


def test_no_data_is_refused(float_module) -> None:
    example = {"x": torch.zeros(1, 1, FEATURES), "h": torch.zeros(1, 1, 8), "c": torch.zeros(1, 1, 16)}
    with pytest.raises(nnasim.NnasimError, match="at least one"):
        nnasim.train_module(float_module, example, [], loss, states={"h": 1, "c": 2}, steps=1)


class Mixed(torch.nn.Module):
    """An embedding, a depthwise and a point-wise convolution over a cache, SiLU, layer norm, a GRU, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(10, 12)
        self.depthwise, self.pointwise = torch.nn.Conv1d(12, 12, 3, groups=12), torch.nn.Conv1d(12, 16, 1)
        self.norm, self.rnn, self.out = torch.nn.LayerNorm(16), torch.nn.GRU(16, 16), torch.nn.Linear(16, 2)

    def forward(self, token: torch.Tensor, cache: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, ...]:
        window = torch.cat([cache, self.embedding(token).transpose(1, 2)], 2)
        mixed = torch.nn.functional.silu(self.pointwise(torch.relu(self.depthwise(window))))
        y, h = self.rnn(self.norm(mixed.transpose(1, 2)).transpose(0, 1), h)
        return self.out(y), window[:, :, 1:], h


def test_every_kind_of_layer_is_trained_and_stays_equal_to_the_chip() -> None:
    torch.manual_seed(0)
    example = {
        "token": torch.zeros(1, 1, dtype=torch.long), "cache": torch.zeros(1, 12, 2), "h": torch.zeros(1, 1, 16),
    }  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    tokens = [torch.randint(0, 10, (32, 6, 1, 1), generator=generator) for _ in range(4)]
    data = [(batch, (batch.double().mean((1, 2, 3)) > 4.5).long()) for batch in tokens]
    trained = nnasim.train_module(
        Mixed().eval(), example, data,
        lambda outputs, target: torch.nn.functional.cross_entropy(outputs.reshape(32, 6, 2)[:, -1], target),
        states={"cache": 1, "h": 2}, steps=40, learning_rate=3.0,
    )  # fmt: skip
    assert trained.losses[-1] < 0.92 * trained.losses[0]  # ranges stay those of untrained layers
    moved = {
        name for name, values in trained.naive.constants.items()
        if not np.array_equal(values, trained.aat.constants[name])
    }  # fmt: skip
    layers = {op.kind for graph in trained.trace.graphs.values() for op in graph.ops if moved & set(op.inputs)}
    assert layers >= {"embedding", "conv", "layer_norm", "matmul"}
    (name,) = (name for name, spec in trained.trace.tensors.items() if spec.role == "input")
    heard = {name: tokens[0][0].numpy().reshape(6, *trained.trace.tensors[name].shape)}
    report = cosimulate(trained.trace, nnasim.preset("edge256"), trained.aat.constants, [heard])
    assert (report.mismatches, report.values > 0) == (0, True)
