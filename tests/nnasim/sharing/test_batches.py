"""Batched streams: the same integers as each stream alone, from weights that are read once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnasim.functional.cosimulate import CosimReport
from nnasim.functional.stored import random_features
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.sharing import integers
from nnasim.sharing.integers import compare_streams
from nnasim.sharing.run import Model, Sharing, SharingOptions, least_sharing, share
from tests.nnasim.functional.conftest import random_constants
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.foreign_traces import TRACES
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=16, frame_ms=2, encoder_units=64, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=8, layer_norm=True,
)  # fmt: skip
DEFAULT = [f"numerics.{name}={value}" for name, value in NumericsConfig() if value is not None]
# Weights stream in small tiles, so that a batch has something to read once.
STREAMING = {"sram.bytes": 65536, "sram.weight_tile_bytes": 1024}


def chip_of(batch: int, **changes: Any) -> NnaConfig:
    return load_preset("edge256", DEFAULT).with_({"compiler.batch_streams": batch, **STREAMING, **changes})


def recogniser(frames: int = 10, system: str = "aat") -> OpTrace:
    return build_trace(SHAPE, frames, 4, system=system)  # type: ignore[arg-type]


def shared(trace: OpTrace, chip: NnaConfig, streams: int, starts: str = "together") -> Sharing:
    return least_sharing([Model("a", trace, streams)], chip, SharingOptions(starts=starts))[0]  # type: ignore[arg-type]


def compared(trace: OpTrace, constants: dict[str, np.ndarray], sharing: Sharing) -> CosimReport:
    return compare_streams(sharing.tenants[0], 0, sharing.served, constants, random_features(trace))


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("chunk", [1, 2])
def test_a_batched_recogniser_computes_what_each_stream_computes_alone(layer_norm: bool, chunk: int) -> None:
    trace = build_trace(SHAPE.model_copy(update={"layer_norm": layer_norm}), 10, 4, system="aat")
    sharing = shared(trace, chip_of(3, **{"compiler.chunk_frames": chunk}), 4)
    report = compared(trace, random_constants(trace, 3), sharing)
    assert report.mismatches == 0
    assert report.values > 0
    assert report.states > 0
    assert max(sharing.served.batches_of(0)) == 3


def test_commands_of_batches_overtake_without_a_wrong_integer() -> None:
    trace = recogniser()
    sharing = shared(trace, chip_of(3, **{"sequencer.in_flight": 6}), 3)
    assert compared(trace, random_constants(trace, 3), sharing).mismatches == 0


@pytest.mark.parametrize("starts", ["even", "random"])
def test_streams_that_meet_by_chance_do_too(starts: str) -> None:
    trace = recogniser()
    slow = chip_of(4, **{"host.handoff_us": 1000})
    sharing = shared(trace, slow, 4, starts)
    assert len(sharing.served.batches_of(0)) > 2
    assert compared(trace, random_constants(trace, 5), sharing).mismatches == 0


@pytest.mark.parametrize("name", [name for name in TRACES if name != "host"])
def test_models_from_anywhere_compute_the_same_in_batches(name: str) -> None:
    trace = with_outputs(TRACES[name]())
    sharing = shared(trace, chip_of(3), 3)
    report = compared(trace, constants_of(trace), sharing)
    assert report.mismatches == 0
    assert report.values + report.states > 0
    assert max(sharing.served.batches_of(0)) == 3


@pytest.mark.parametrize("name", ["conv", "grouped conv", "depthwise"])
def test_convolutions_in_batches_read_their_weights_once(name: str) -> None:
    trace = with_outputs(TRACES[name]())
    single, batch = (shared(trace, chip_of(size, **{"sram.resident_weights": []}), 3) for size in (1, 3))
    assert batch.dram_bytes == single.dram_bytes / 3
    assert compared(trace, constants_of(trace), batch).mismatches == 0


def test_a_wrong_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = recogniser()
    sharing = shared(trace, chip_of(2), 2)
    heard = integers.StreamsDatapath._heard
    monkeypatch.setattr(
        integers.StreamsDatapath, "_heard", lambda self, row, frame: heard(self, row, frame) + (row.stream == 1)
    )
    assert compared(trace, random_constants(trace, 3), sharing).mismatches > 0


@pytest.mark.parametrize("system", ["aat", "cpu_fallback", "naive"])
def test_a_batch_reads_its_weights_once_and_is_never_slower_than_its_calls_one_by_one(system: str) -> None:
    trace = recogniser(system=system)
    single, batch = (shared(trace, chip_of(size), 4) for size in (1, 4))
    assert batch.dram_bytes < 0.5 * single.dram_bytes
    assert batch.served.end <= single.served.end
    handoffs = [sum(call.run.program.handoffs for call in each.served.calls) for each in (single, batch)]
    assert handoffs[1] <= handoffs[0]


def test_a_batch_multiplies_as_often_as_its_calls_do() -> None:
    trace = recogniser()
    results = [share([Model("a", trace, 4)], chip_of(size), SharingOptions(starts="together")) for size in (1, 4)]
    assert results[0].totals.macs == results[1].totals.macs
    assert sum(int(size) * count for size, count in results[1].models[0].batches.items()) == results[0].models[0].calls


def test_models_do_not_share_a_batch() -> None:
    trace = recogniser()
    result = share([Model("a", trace), Model("b", trace)], chip_of(2), SharingOptions(starts="together"))
    assert all(model.batches == {"1": model.calls} for model in result.models)
