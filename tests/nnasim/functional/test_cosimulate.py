"""The chip computes the reference's integers, through its SRAM, whatever streams and whatever stays."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nnasim.compiler import CompiledTrace
from nnasim.compiler.addresses import AddressMap, Region, address_map
from nnasim.errors import NumericsError, TraceError
from nnasim.functional.cosimulate import cosimulate, run_on_chip, run_reference
from nnasim.functional.datapath import SramDatapath
from nnasim.hardware import load_preset
from nnasim.ir.program import MatmulCommand, Program
from nnasim.reference import Reference
from nnasim.sim.blocks.dma import Dma

STREAMS = ["sram.bytes=9000", "sram.weight_tile_bytes=512", "sram.banks=1"]


def agreement(work: Any, *overrides: str, preset: str = "edge256") -> tuple[int, int]:
    report = cosimulate(work.trace, load_preset(preset, list(overrides)), work.constants, work.features)
    return report.values, report.mismatches


@pytest.mark.parametrize("overrides", [[], STREAMS, [*STREAMS, "dma.channels=4"], [*STREAMS, "dma.channels=1"]])
@pytest.mark.parametrize("preset", ["edge256", "systolic", "nvdla_small", "nvdla_full"])
def test_every_logit_of_an_utterance_equals_the_reference(recogniser, preset: str, overrides: list[str]) -> None:
    values, mismatches = agreement(recogniser(), *overrides, preset=preset)
    assert (values, mismatches) == (12 * 7, 0)


@pytest.mark.parametrize(
    "numerics",
    [
        {"weight_bits": 4},
        {"cell_bits": 16},
        {"activation": "lut16", "cell_bits": 16},
        {"activation": "hard"},
        {"activation_bits": 16, "accumulator_bits": 48},
    ],
)
def test_every_format_travels_through_sram_unharmed(recogniser, numerics: dict[str, Any]) -> None:
    tight = ["sram.bytes=14000", "sram.weight_tile_bytes=512"]
    chip = [f"numerics.{field}={value}" for field, value in numerics.items()]
    values, mismatches = agreement(recogniser(**numerics), *tight, *chip)
    assert (values, mismatches) == (12 * 7, 0)


def test_integers_of_another_arithmetic_than_the_chips_are_refused(recogniser) -> None:
    with pytest.raises(NumericsError, match=r"numerics.weight_bits = 8: but the chip edge256 has 4"):
        agreement(recogniser(), "numerics.weight_bits=4")


def test_the_logits_are_lively_so_that_equality_means_something(recogniser) -> None:
    work = recogniser()
    logits = run_reference(Reference(work.trace, work.constants), work.trace.utterances[0], work.features[0])
    assert len({tuple(row) for row in logits}) > 3
    assert np.ptp(logits[-1]) > 100


def logits_differ(work: Any, compiled: CompiledTrace) -> bool:
    datapath = SramDatapath(compiled, work.constants)
    run_on_chip(compiled, datapath, work.trace.utterances[0], work.features[0])
    expected = run_reference(Reference(work.trace, work.constants), work.trace.utterances[0], work.features[0])
    return any((a != b).any() for a, b in zip(datapath.logits, expected, strict=True))


def test_reading_before_the_transfer_has_ended_gives_wrong_data(recogniser, monkeypatch) -> None:
    """A DMA that reports a transfer when it begins: the array reads what the buffer holds by then."""
    work, chip = recogniser(), load_preset("edge256", STREAMS)
    compiled = CompiledTrace(work.trace, chip)
    assert not logits_differ(work, compiled)

    def signal_at_begin(self: Dma, transfers: Any, arrived: Any, order: Any) -> Iterator[Any]:
        for transfer, event in zip(transfers, arrived, strict=True):
            buffer, _ = yield from self.sram.take_buffer()
            self.datapath.begin_transfer(transfer, buffer)
            event.succeed(buffer)
            yield from self._move(0, transfer, int(self.env.now))
            self.datapath.end_transfer(transfer, buffer)

    monkeypatch.setattr(Dma, "_run", signal_at_begin)
    assert logits_differ(work, compiled)


def test_a_schedule_that_waits_for_the_wrong_transfer_gives_wrong_data(recogniser) -> None:
    """Two tiles of one matmul swap their transfers."""
    work = recogniser()
    compiled = CompiledTrace(work.trace, load_preset("edge256", STREAMS))
    right = compiled.program

    def wrong(graph: str, entry: Any) -> Program:
        program = right(graph, entry)
        streamed = [
            (i, c) for i, c in enumerate(program.commands) if isinstance(c, MatmulCommand) and c.transfer is not None
        ]
        neighbours = ((i, j) for (i, a), (j, b) in pairwise(streamed) if (a.op, a.n) == (b.op, b.n))
        pair = next(neighbours, None)
        if pair is None:
            return program
        commands = list(program.commands)
        first, second = (commands[i] for i in pair)
        commands[pair[0]] = first._replace(transfer=second.transfer)
        commands[pair[1]] = second._replace(transfer=first.transfer)
        return replace(program, commands=tuple(commands))

    compiled.program = wrong  # type: ignore[method-assign]
    assert logits_differ(work, compiled)


def test_a_float_system_is_refused(recogniser) -> None:
    work = recogniser()
    floating = work.trace.model_copy(update={"system": "cpu_fallback"})
    with pytest.raises(TraceError, match="only naive and aat"):
        cosimulate(floating, load_preset("edge256"), work.constants, work.features)


def test_features_of_another_length_are_refused(recogniser) -> None:
    work = recogniser()
    with pytest.raises(TraceError, match=r"features = \[3, 24\]: must have the shape \[8, 24\]"):
        cosimulate(work.trace, load_preset("edge256"), work.constants, [work.features[0][:3]])


def test_addresses_never_overlap(recogniser) -> None:
    for overrides in ([], STREAMS):
        chip = load_preset("edge256", overrides)
        address_map(CompiledTrace(recogniser().trace, chip)).check(chip.sram.bytes)


def test_the_address_check_sees_an_overlap_and_an_end_beyond_the_sram() -> None:
    two = {"a": Region("a", 0, 20), "b": Region("b", 16, 8)}
    with pytest.raises(ValueError, match="a and b overlap at 16"):
        AddressMap(two, (), {"g": {}}).check(100)
    with pytest.raises(ValueError, match="beyond the SRAM's 20 bytes"):
        AddressMap({}, (), {"g": {"b": two["b"]}}).check(20)


@pytest.mark.parametrize("preset", ["edge256", "systolic", "nvdla_small"])
@pytest.mark.parametrize("chunk", [2, 3, 5, 8])
@pytest.mark.parametrize("memory", [[], ["sram.bytes=16000", "sram.weight_tile_bytes=512", "sram.banks=1"]])
def test_chunks_of_frames_compute_the_very_same_logits(recogniser, preset: str, chunk: int, memory: list[str]) -> None:
    """Against the reference of the trace as it was given, frame by frame."""
    values, mismatches = agreement(recogniser(), *memory, f"compiler.chunk_frames={chunk}", preset=preset)
    assert (values, mismatches) == (12 * 7, 0)


@pytest.mark.parametrize("chunk", [1, 3])
def test_layer_norm_works_row_by_row_in_a_chunk(recogniser, chunk: int) -> None:
    values, mismatches = agreement(recogniser(layer_norm=True), f"compiler.chunk_frames={chunk}")
    assert (values, mismatches) == (12 * 7, 0)


def test_a_chunk_whose_frames_are_swapped_computes_other_logits(recogniser) -> None:
    work = recogniser()
    compiled = CompiledTrace(work.trace, load_preset("edge256", ["compiler.chunk_frames=4"]))
    datapath = SramDatapath(compiled, work.constants)
    features = work.features[0].copy()
    features[[1, 2]] = features[[2, 1]]
    run_on_chip(compiled, datapath, compiled.trace.utterances[0], features)
    expected = run_reference(Reference(work.trace, work.constants), work.trace.utterances[0], work.features[0])
    assert any((a != b).any() for a, b in zip(datapath.logits, expected, strict=True))
