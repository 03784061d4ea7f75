"""What computes on one device computes on another: no tensor is left behind, and the integers are the same."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from aat_training.config import Recipe
from aat_training.data.batches import Batch, Example, collate, stacked
from aat_training.decode.beam import BeamDecoder
from aat_training.decode.corpus import decode_corpus
from aat_training.decode.greedy import GreedyDecoder
from aat_training.devices import CPU, ROUNDING_VARIABLES, label, make_exact, open_device, refuse_inexact
from aat_training.export import constants_of
from aat_training.model.build import build_model, model_tensors
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from aat_training.quant.placed_arithmetic import PlacedArithmetic
from aat_training.recipes import tiny, with_layer_norm
from aat_training.tokens import WordTokens
from nnasim.errors import ConfigError
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import silent
from tests.aat_training.conftest import WORDS
from tests.aat_training.other_device import THERE
from tests.aat_training.quant.chips import CHIPS
from tests.aat_training.test_trainer import trainer
from workloads.rnnt.builder import build_graphs


def batch_of(examples: list[Example], recipe: Recipe) -> Batch:
    shape = recipe.model
    return collate([e.x_TD for e in examples], [e.tokens for e in examples], shape.stack, shape.reduction)


def integers(model: Rnnt, batch: Batch) -> list[torch.Tensor]:
    """What every layer puts out of a batch of teacher-forced speech, on the CPU."""
    with torch.no_grad():
        encoded, _ = model.encode(batch.x_TBF)
        predicted, _ = model.predict(torch.nn.functional.pad(batch.tokens_BU, (1, 0)).T)
        enc, pred = model.project_encoder(encoded), model.project_prediction(predicted)
        logits = model.logits(enc[:, None], pred[None])
    return [tensor.to(CPU) for tensor in (encoded, predicted, enc, pred, logits)]


def gradients(model: Rnnt, batch: Batch) -> dict[str, torch.Tensor]:
    """Of the whole loss but for torchaudio's part, whose kernels know the CPU and CUDA alone."""
    model.zero_grad()
    encoded, _ = model.encode(batch.x_TBF)
    predicted, _ = model.predict(batch.tokens_BU.T)
    enc, pred = model.project_encoder(encoded), model.project_prediction(predicted)
    model.logits(enc[:, None], pred[None]).square().mean().backward()
    return {name: p.grad.to(CPU) for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
@pytest.mark.parametrize("fallback", [False, True], ids=["chip", "fallback"])
def test_every_integer_and_gradient_of_a_model_is_the_one_of_the_cpu(
    on_chip: Callable[..., Rnnt], recipe: Recipe, examples: list[Example], chip: dict[str, object], fallback: bool
) -> None:
    model, batch = on_chip(NumericsConfig(**chip), fallback=fallback), batch_of(examples[:3], recipe)
    expected, slopes = integers(model, batch), gradients(model, batch)
    model.to(THERE)
    found, moved = integers(model, batch.to(THERE)), gradients(model, batch.to(THERE))
    for ours, theirs in zip(expected, found, strict=True):
        assert torch.equal(ours, theirs)
    assert slopes.keys() == moved.keys()
    for name, slope in slopes.items():
        torch.testing.assert_close(moved[name], slope, rtol=1e-4, atol=1e-6)


def other_models(float_model: Rnnt, on_chip: Callable[..., Rnnt], histograms: dict[str, object]) -> dict[str, Rnnt]:
    """One of each arithmetic that is not on the chip alone, and the chip's with layer norm."""
    dynamic, placed = copy.deepcopy(float_model), on_chip(NumericsConfig())
    dynamic.arithmetic = DynamicArithmetic()
    _, graphs = build_graphs(placed.shape, NumericsConfig(), "aat")
    units = {op.name: "cpu" if op.group == "gates" else "nna" for graph in graphs.values() for op in graph.ops}
    placed.arithmetic = PlacedArithmetic(placed.arithmetic.scheme, units)
    recipe = with_layer_norm(tiny())
    chip = ChipArithmetic(calibrate(histograms, NumericsConfig(), "mse", ""))
    norm = build_model(recipe, float_model.shape.outputs, chip)
    return {"float": copy.deepcopy(float_model), "cpu_int8": dynamic, "placed": placed, "norm": norm.eval()}


@pytest.mark.parametrize("arithmetic", ["float", "cpu_int8", "placed", "norm"])
def test_other_arithmetics_leave_no_tensor_behind(
    float_model: Rnnt,
    on_chip: Callable[..., Rnnt],
    histograms: dict[str, object],
    recipe: Recipe,
    examples: list[Example],
    arithmetic: str,
) -> None:
    model, batch = other_models(float_model, on_chip, histograms)[arithmetic], batch_of(examples[:3], recipe)
    expected = integers(model, batch)
    found = integers(model.to(THERE), batch.to(THERE))
    for ours, theirs in zip(expected, found, strict=True):
        assert torch.equal(ours, theirs)


def test_every_decoder_finds_the_words_of_the_cpu(
    on_chip: Callable[..., Rnnt], recipe: Recipe, examples: list[Example]
) -> None:
    model, tokens = on_chip(NumericsConfig()), WordTokens(WORDS)

    def decoded() -> tuple[object, ...]:
        streams = GreedyDecoder(model, recipe.model.max_symbols), BeamDecoder(model, recipe.model.max_symbols, 3)
        frames = stacked(examples[0].x_TD, recipe.model.stack)
        return *(stream.feed(frames) for stream in streams), decode_corpus(model, examples[:4], recipe, tokens)

    expected = decoded()
    assert expected[0]
    model.to(THERE)
    assert decoded() == expected


@pytest.mark.parametrize("first", ["cpu", "there"])
def test_a_run_goes_on_on_another_device(recipe: Recipe, examples: list[Example], tmp_path: Path, first: str) -> None:
    class Killed(Exception):
        pass

    def kill(what: str, step: int, steps: int | None, note: str = "") -> None:
        if step == 6:
            raise Killed

    settings = {"average": 0.9, "dropout": 0.2, "flat_start": 5, "delay_penalty": 0.01, "accumulate": 2}
    whole = trainer(recipe, examples, tmp_path / "whole", **settings).fit(resume=False)
    places = (CPU, THERE) if first == "cpu" else (THERE, CPU)
    for place, progress in zip(places, (kill, silent), strict=True):
        torch.manual_seed(0)
        run = trainer(recipe, examples, tmp_path / "moved", progress=progress, place=place, **settings)
        with suppress(Killed):
            best = run.fit(resume=True)
    assert best.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_allclose(best[name], value, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_checkpoint_knows_no_device(on_chip: Callable[..., Rnnt]) -> None:
    model = on_chip(NumericsConfig())
    before, constants = model_tensors(model), constants_of(model)
    model.to(THERE)
    for own, here in ((model_tensors(model), before), (constants_of(model), constants)):
        assert own.keys() == here.keys()
        assert all(np.array_equal(own[name], here[name]) for name in here)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "cuda:100", "CPU", "cuda:01", ""])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="must be cpu, cuda, or cuda:N"):
        open_device(name)


def test_the_cpu_is_always_there() -> None:
    assert open_device("cpu", ranks=7) == CPU
    assert label(CPU) == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:3"])
def test_a_gpu_that_is_not_there_is_told_in_one_line(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device = '{name}': is not there: .* on this machine; must be cpu"):
        open_device(name)


def test_several_ranks_name_no_gpu_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="each of them has its own GPU"):
        open_device("cuda:1", ranks=2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ConfigError, match="for rank 2 of this machine: this machine has cuda:0 to cuda:1"):
        open_device("cuda", ranks=3)


@pytest.mark.parametrize("variable", ROUNDING_VARIABLES)
def test_a_variable_that_makes_products_round_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigError, match=f"only with {variable} unset"):
        open_device("cuda")


@pytest.mark.skipif(torch.version.cuda is None, reason="this torch has no allocator for GPUs")
@pytest.mark.parametrize(
    ("settings", "why"),
    [("heat:9", "Unrecognized key 'heat'"), ("garbage_collection_threshold:2", "set it in (0.0, 1.0)")],
)
def test_settings_of_the_allocator_that_torch_does_not_know_are_refused_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, settings: str, why: str
) -> None:
    monkeypatch.delenv("PYTORCH_ALLOC_CONF", raising=False)
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", settings)
    with pytest.raises(
        ConfigError, match=f"the environment: PYTORCH_CUDA_ALLOC_CONF = '{settings}': .*{re.escape(why)}"
    ):
        open_device("cuda")


def test_what_rounds_is_switched_off_and_what_is_left_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    make_exact()
    assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"
    refuse_inexact(CPU)
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: a.bfloat16().float().mm(b.bfloat16().float()))
    with pytest.raises(ConfigError, match="rounds products of float32"):
        refuse_inexact(CPU)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_gpu_computes_the_integers_of_the_cpu(
    on_chip: Callable[..., Rnnt], recipe: Recipe, examples: list[Example], chip: dict[str, object]
) -> None:
    gpu, model, batch = open_device("cuda"), on_chip(NumericsConfig(**chip)), batch_of(examples[:20], recipe)
    expected, slopes = integers(model, batch), gradients(model, batch)
    model.to(gpu)
    for ours, theirs in zip(expected, integers(model, batch.to(gpu)), strict=True):
        assert torch.equal(ours, theirs)
    for name, slope in gradients(model, batch.to(gpu)).items():
        torch.testing.assert_close(slope, slopes[name], rtol=1e-3, atol=1e-5)
