"""A decoded utterance on the functional chip: torch, the numpy reference and the simulated SRAM hold one truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.export import constants_of
from aat_training.quant.chip_arithmetic import LOGIT_STEP
from nnasim.compiler import CompiledTrace
from nnasim.functional.cosimulate import run_on_chip
from nnasim.functional.datapath import SramDatapath
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from workloads.rnnt.builder import build_graphs

TIGHT = ["sram.bytes=16000", "sram.banks=1", "sram.weight_tile_bytes=1024"]


@pytest.mark.parametrize("overrides", [[], TIGHT])
def test_the_chip_computes_the_decoders_logits(on_chip, examples, recipe, overrides) -> None:
    numerics = NumericsConfig()
    model, frames = on_chip(numerics), stacked(examples[0].x_TD, recipe.model.stack)
    decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
    decoder.feed(frames)
    done = decoder.decoded
    tensors, graphs = build_graphs(model.shape, numerics, "aat")
    utterance = Utterance(
        id="u", audio_seconds=len(frames) * 0.03, arrivals=tuple((t + 1) * 0.03 for t in range(len(frames))),
        call_graphs=tuple(done.call_graphs), call_frames=tuple(done.call_frames),
    )  # fmt: skip
    trace = OpTrace(
        system="aat", placement=placement_of("aat"), numerics=numerics, tensors=tensors, graphs=graphs,
        utterances=(utterance,),
    )  # fmt: skip
    compiled = CompiledTrace(trace, load_preset("edge256", overrides))
    assert bool(compiled.memory.buffers) == bool(overrides)  # weights stream where the SRAM is small
    chip = SramDatapath(compiled, constants_of(model))
    features = ((frames - model.feature_mean) * model.feature_scale).numpy().astype(np.float64)
    run_on_chip(compiled, chip, utterance, features)
    ours = torch.stack(done.logits).double().numpy() / LOGIT_STEP
    np.testing.assert_array_equal(np.stack(chip.logits), ours)
    assert done.tokens  # something was said
