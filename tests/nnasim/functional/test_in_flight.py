"""Commands that overtake compute the reference's integers; a schedule that forgets a dependency does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from nnasim.compiler import CompiledTrace
from nnasim.functional.cosimulate import CosimReport, cosimulate
from nnasim.functional.stored import random_features
from nnasim.hardware import load_preset
from nnasim.ir.program import Ahead, Program
from nnasim.sim import windows
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.random_traces import random_trace

AHEAD = ["sequencer.in_flight=64"]
STREAMS = ["sram.bytes=9216", "sram.weight_tile_bytes=512", "sram.banks=1"]
Mutate = Callable[[Program, Ahead], Ahead]


@contextmanager
def mutated(monkeypatch: pytest.MonkeyPatch, mutate: Mutate) -> Iterator[None]:
    """Programs whose look-ahead is what ``mutate`` makes of it, in the largest window, whatever it costs."""
    right = CompiledTrace.program
    known: dict[int, Program] = {}

    def program(self: CompiledTrace, graph: str, entry: Any) -> Program:
        found = right(self, graph, entry)
        if id(found) not in known and found.ahead is not None:
            known[id(found)] = replace(found, ahead=mutate(found, found.ahead))
        return known.get(id(found), found)

    with monkeypatch.context() as patch:
        patch.setattr(CompiledTrace, "program", program)
        patch.setattr(windows.Windows, "of", lambda self, program: 64 if program.ahead else 1)
        yield


def run(work: Any, *overrides: str) -> CosimReport:
    return cosimulate(work.trace, load_preset("edge256", [*AHEAD, *overrides]), work.constants, work.features)


def shuffled(seed: int) -> Mutate:
    """Any other order of entering in which nothing comes before what it needs."""
    rng = Random(seed)

    def mutate(program: Program, ahead: Ahead) -> Ahead:
        places: dict[int, list[int]] = {}
        for place, command in enumerate(program.commands):
            places.setdefault(command.op, []).append(place)
        left = {op: {program.commands[need].op for need in ahead.needs[own[0]]} for op, own in places.items()}
        order: list[int] = []
        while left:
            op = rng.choice([op for op, needs in left.items() if not needs])
            del left[op]
            order += places[op]
            for needs in left.values():
                needs.discard(op)
        return Ahead(tuple(order), ahead.needs)

    return mutate


@pytest.mark.parametrize("overrides", [[], STREAMS, [*STREAMS, "sram.weight_buffers=1"], ["compiler.chunk_frames=3"]])
def test_every_logit_equals_the_reference_with_commands_in_flight(recogniser, overrides: list[str]) -> None:
    report = run(recogniser(), *overrides)
    assert (report.values, report.mismatches) == (12 * 7, 0)


@pytest.mark.parametrize("seed", range(8))
def test_random_models_compute_the_reference_with_commands_in_flight(seed: int) -> None:
    trace = with_outputs(random_trace(seed))
    for overrides in ([], ["sram.resident_weights=[]", "sram.weight_tile_bytes=64"]):
        chip = load_preset("edge256", [*AHEAD, *overrides])
        report = cosimulate(trace, chip, constants_of(trace), random_features(trace))
        assert (report.mismatches, report.different) == (0, {})


@pytest.mark.parametrize("seed", range(6))
def test_any_order_that_keeps_the_dependencies_computes_the_reference(recogniser, monkeypatch, seed: int) -> None:
    with mutated(monkeypatch, shuffled(seed)):
        assert run(recogniser(), *STREAMS).mismatches == 0


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_a_random_model_computes_the_reference(monkeypatch, seed: int) -> None:
    trace = with_outputs(random_trace(seed))
    with mutated(monkeypatch, shuffled(seed)):
        chip = load_preset("edge256", AHEAD)
        report = cosimulate(trace, chip, constants_of(trace), random_features(trace))
    assert report.mismatches == 0


def test_a_schedule_that_forgets_its_dependencies_computes_other_integers(recogniser, monkeypatch) -> None:
    def forget(program: Program, ahead: Ahead) -> Ahead:
        return replace(ahead, needs=((),) * len(ahead.needs))

    with mutated(monkeypatch, forget):
        assert run(recogniser()).mismatches > 0


@pytest.mark.parametrize(
    ("name", "seen"),
    [("enc0.gates", True), ("enc1.gates", True), ("enc0.sigmoid", False), ("pred0.gates", True), ("output.mm", True)],
)
def test_forgetting_what_one_operation_reads_shows(recogniser, monkeypatch, name: str, seen: bool) -> None:
    """Not of one that its unit takes behind what it reads anyway, as ``enc0.sigmoid`` behind ``enc0.gates``."""

    def forget(program: Program, ahead: Ahead) -> Ahead:
        names = [program.ops[command.op].name for command in program.commands]
        needs = (() if own == name else waits for own, waits in zip(names, ahead.needs, strict=True))
        return replace(ahead, needs=tuple(needs))

    with mutated(monkeypatch, forget):
        assert (run(recogniser()).mismatches > 0) == seen


@pytest.mark.parametrize("in_flight", [1, 64])
def test_weights_fetched_ahead_of_their_call_are_those_that_it_reads(recogniser, in_flight: int) -> None:
    ahead = ["dma.prefetch_across_calls=true", f"sequencer.in_flight={in_flight}"]
    for overrides in (STREAMS, [*STREAMS, "sram.weight_buffers=1"], [*STREAMS, "dma.channels=4"]):
        report = run(recogniser(), *overrides, *ahead)
        assert (report.values, report.mismatches) == (12 * 7, 0)


@pytest.mark.parametrize("seed", range(6))
def test_random_models_compute_the_reference_with_weights_fetched_ahead(seed: int) -> None:
    trace = with_outputs(random_trace(seed))
    chip = load_preset("edge256", ["dma.prefetch_across_calls=true", "sram.resident_weights=[]"])
    report = cosimulate(trace, chip, constants_of(trace), random_features(trace))
    assert (report.mismatches, report.different) == (0, {})
