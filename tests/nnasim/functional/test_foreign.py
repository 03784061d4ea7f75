"""Models from anywhere on the functional chip: every output of every call and every last state is the reference's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnasim.compiler import CompiledTrace
from nnasim.errors import PlacementError, SimulationError, TraceError
from nnasim.functional import datapath
from nnasim.functional.cosimulate import CosimReport, cosimulate, observe_reference
from nnasim.functional.inputs import inputs_by_name
from nnasim.functional.stored import random_features
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.program import MatmulCommand
from nnasim.ir.trace import Op, OpGraph, OpTrace, Utterance
from nnasim.numerics.config import NumericsConfig
from nnasim.reference import Reference, computing
from tests.nnasim.functional.foreign import constants_of, rows, with_outputs
from tests.nnasim.ir.foreign_traces import TRACES, TraceBuilder

EXACT = [name for name in TRACES if name != "host"]
# A tile of a few rows at a time, whose weights stream; the SRAM is found by trying.
TILES = ["sram.weight_tile_bytes=64", "sram.banks=1"]
DEFAULT = [f"numerics.{name}={value}" for name, value in NumericsConfig() if value is not None]


def chip_of(preset: str = "edge256", *overrides: str) -> NnaConfig:
    """A preset with the arithmetic of the traces, whatever it has itself."""
    has_unit = load_preset(preset).has_activation_unit
    return load_preset(preset, [*(DEFAULT if has_unit else ()), *overrides])


def traced(name: str) -> OpTrace:
    return with_outputs(TRACES[name]())


def compared(trace: OpTrace, chip: NnaConfig) -> CosimReport:
    return cosimulate(trace, chip, constants_of(trace), random_features(trace))


def elements(trace: OpTrace, role: str) -> int:
    return sum(spec.elements for spec in trace.tensors.values() if spec.role == role)


def streaming(trace: OpTrace) -> NnaConfig:
    """The chip with the least SRAM that takes ``trace``, in steps of 64 bytes: so its weights stream, tile by tile."""
    sizes = range(256, 1 << 15, 64)
    for size in sizes:
        chip = chip_of("edge256", f"sram.bytes={size}", *TILES)
        try:
            CompiledTrace(trace, chip)
        except PlacementError:
            continue
        return chip
    raise AssertionError("no SRAM is large enough")


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("name", EXACT)
def test_every_output_and_every_last_state_equals_the_reference(name: str, preset: str) -> None:
    trace = traced(name)
    report = compared(trace, chip_of(preset))
    argmax = sum(trace.tensors[op.x].elements for op in trace.graphs["step"].ops if op.kind == "argmax")
    assert report.values == 3 * (elements(trace, "output") + argmax)
    assert report.states == elements(trace, "state")
    assert report.values + report.states > 0
    assert (report.mismatches, report.different) == (0, {})


@pytest.mark.parametrize("name", ["conv", "grouped conv", "depthwise", "attention", "two inputs"])
def test_weights_that_stream_in_small_tiles_give_the_same(name: str) -> None:
    trace = traced(name)
    chip = streaming(trace)
    programs = [CompiledTrace(trace, chip).program("step", ())]
    tiles = [c for program in programs for c in program.commands if isinstance(c, MatmulCommand)]
    assert sum(not tile.first for tile in tiles) > 0
    assert any(tile.transfer is not None for tile in tiles)
    assert compared(trace, chip).mismatches == 0


@pytest.mark.parametrize("name", EXACT)
def test_what_is_compared_is_lively(name: str) -> None:
    trace = traced(name)
    inputs = inputs_by_name(trace, trace.utterances[0], random_features(trace)[0])
    seen = observe_reference(Reference(trace, constants_of(trace)), trace.utterances[0], inputs)
    shown = [np.concatenate([v.ravel() for v in values]) for values in (seen.logits, *seen.outputs.values()) if values]
    for values in (*shown, *seen.states.values()):
        assert len(np.unique(values)) > 5 or "residual" in name


def stateless(output: bool) -> TraceBuilder:
    """A product whose result is an output, or nobody's."""
    build = TraceBuilder()
    x = build.quantised("x", 6)
    build.matmul("m", x, 4, out="y", role="output" if output else "activation")
    return build


class TestWhatIsCompared:
    """Without an argmax nothing was compared before, and everything passed."""

    def broken(self, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Op], bool]) -> None:
        """The array adds one to every accumulator of some operations."""
        right = datapath.product_of_tile

        def product(op: Op, *others: Any) -> np.ndarray:
            return right(op, *others) + (64 if wrong(op) else 0)

        monkeypatch.setattr(datapath, "product_of_tile", product)

    def test_an_output_that_no_argmax_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trace = stateless(output=True).trace()
        assert compared(trace, chip_of()).values == 12
        constants = constants_of(trace) | {"y/requantise.rescale": rows(2.0**-6)}
        self.broken(monkeypatch, lambda op: op.name == "m")
        report = cosimulate(trace, chip_of(), constants, random_features(trace))
        assert report.mismatches > 0
        assert report.different == {"y": report.mismatches}

    def test_a_last_state(self, monkeypatch: pytest.MonkeyPatch) -> None:
        build = TraceBuilder()
        x = build.quantised("x", 6)
        build.tensor("h", 4, role="state")
        build.tensor("w", 4, 6, role="weight")
        build.op("m", "matmul", [x, "w"], build.tensor("acc", 4, bits=32))
        build.op("keep", "requantise", ["acc"], "h")
        trace = build.trace()
        assert compared(trace, chip_of()).states == 4
        self.broken(monkeypatch, lambda op: op.name == "m")
        constants = constants_of(trace) | {"keep.rescale": rows(2.0**-6)}
        report = cosimulate(trace, chip_of(), constants, random_features(trace))
        assert set(report.different) == {"h"}

    def test_nothing_to_compare_is_an_error_and_no_success(self) -> None:
        with pytest.raises(TraceError, match=r"there is nothing to compare: no output, argmax or state"):
            compared(stateless(output=False).trace(), chip_of())

    def test_the_reference_does_not_compute_as_the_chip_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tiles are the chip's own: a reference that convolves wrongly is found out."""
        right = computing.conv
        monkeypatch.setattr(computing, "conv", lambda x, *others, **form: right(x[..., ::-1], *others, **form))
        assert compared(traced("grouped conv"), chip_of()).mismatches > 0


def test_what_only_the_cpu_can_do_is_refused_by_name() -> None:
    trace = TRACES["host"]()
    with pytest.raises(TraceError, match=r"functional run: body/top = 'host': only the CPU can do it, in float"):
        compared(trace, chip_of())


def test_the_chip_does_not_quantise_real_numbers() -> None:
    trace = TRACES["residual"]()
    moved = OpTrace.model_validate(trace.model_dump() | {"op_placement": {"x/quantise": "nna"}})
    with pytest.raises(TraceError, match=r"x/quantise = 'nna': quantises real numbers, which only the CPU can"):
        compared(moved, chip_of())


class TestInputs:
    def test_several_of_different_size_are_heard_by_name(self) -> None:
        trace = traced("two inputs")
        heard = {"x": np.ones((3, 12)), "energy": np.full((3, 2), -1.0)}
        report = cosimulate(trace, chip_of(), constants_of(trace), [heard])
        assert (report.values, report.mismatches) == (24, 0)

    @pytest.mark.parametrize(
        ("heard", "message"),
        [
            ({"x": np.ones((3, 12))}, r"features of 3 calls: energy = None: is missing"),
            ({"x": np.ones((3, 12)), "energy": np.ones((3, 3))}, r"energy = \[3, 3\]: must have the shape \[3, 2\]"),
            ({"x": np.ones((2, 12)), "energy": np.ones((3, 2))}, r"x = \[2, 12\]: must have the shape \[3, 12\]"),
            (
                {"x": np.ones((3, 12)), "energy": np.ones((3, 2)), "z": np.ones((3, 2))},
                r"z = None: is no input of the trace; may be x, energy",
            ),
        ],
    )
    def test_others_than_the_trace_has_are_refused(self, heard: dict[str, np.ndarray], message: str) -> None:
        trace = traced("two inputs")
        with pytest.raises(TraceError, match=message):
            cosimulate(trace, chip_of(), constants_of(trace), [heard])

    def test_one_of_several_axes_may_come_flat(self) -> None:
        trace = traced("depthwise")
        shaped = np.random.default_rng(0).normal(size=(3, 16, 10))
        flat = shaped.reshape(3, 160)
        for heard in (shaped, flat, {"x": shaped}):
            assert cosimulate(trace, chip_of(), constants_of(trace), [heard]).mismatches == 0
        utterance = trace.utterances[0]
        both = (inputs_by_name(trace, utterance, heard)["x"] for heard in (shaped, flat))
        assert np.array_equal(*both)

    def test_tokens_are_drawn_from_the_vocabulary(self) -> None:
        trace = tokens()
        assert random_features(trace)[0].max() < 5
        assert compared(trace, chip_of()).mismatches == 0
        bad = np.array([[0, 1, 2], [3, 4, 0], [1, 2, 5]])
        with pytest.raises(SimulationError, match=r"look-up looks up token 5, which must be 0\.\.4"):
            cosimulate(trace, chip_of(), constants_of(trace), [bad])


def tokens() -> OpTrace:
    """A look-up of three tokens at a time."""
    build = TraceBuilder()
    build.tensor("tokens", 3, bits=16, role="input")
    weight = build.tensor("rows", 5, 4, role="weight")
    build.op("look-up", "embedding", ["tokens", weight], build.tensor("y", 3, 4, role="output"))
    return build.trace()


@pytest.mark.parametrize("resident", [True, False])
def test_every_token_is_looked_up_wherever_its_row_stands(resident: bool) -> None:
    trace = tokens()
    chip = chip_of("edge256", *([] if resident else ["sram.resident_weights=[]"]))
    assert bool(CompiledTrace(trace, chip).memory.resident) == resident
    assert compared(trace, chip).mismatches == 0


def test_an_input_stands_from_the_beginning_of_a_call_though_it_is_read_late() -> None:
    """Else what is made before the look-up would lie where the tokens are."""
    build = TraceBuilder()
    build.tensor("tokens", 3, bits=16, role="input")
    build.op("arrival", "quantise", [build.tensor("x", 3, 4, bits=32, role="input")], build.tensor("a", 3, 4))
    build.op("first", "concat", ["a", "a"], build.tensor("b", 6, 4), axis=0)
    build.op("second", "slice", ["b"], build.tensor("c", 3, 4), axis=0, start=1)
    weight = build.tensor("rows", 5, 4, role="weight")
    build.op("look-up", "embedding", ["tokens", weight], build.tensor("e", 3, 4))
    build.op("both", "concat", ["c", "e"], build.tensor("y", 6, 4, role="output"), axis=0)
    trace = build.trace()
    assert compared(trace, chip_of()).mismatches == 0


@pytest.mark.parametrize("chunk", [2, 3])
@pytest.mark.parametrize("name", ["movement", "two inputs", "residual", "conv", "attention"])
def test_chunks_of_calls_show_the_very_same(name: str, chunk: int) -> None:
    trace = traced(name)
    report = compared(trace, chip_of("edge256", f"compiler.chunk_frames={chunk}"))
    alone = compared(trace, chip_of())
    assert (report.values, report.states, report.mismatches) == (alone.values, alone.states, 0)


def two_graphs() -> OpTrace:
    """An encoder that runs ahead, and a joint that reads its state and has a state and an output of its own."""
    encoder, joint = TraceBuilder(), TraceBuilder()
    x = encoder.quantised("x", 6)
    encoder.tensor("h", 1, 4, role="state")
    encoder.matmul("e", x, 4, out="fed")
    encoder.op("e/join", "add", ["fed", "h"], "h")
    joint.tensors = encoder.tensors
    joint.tensor("n", 1, 4, role="state")
    joint.op("j/count", "add", ["h", "n"], "n", subtract=True)
    joint.op("j/out", "copy", ["n"], joint.tensor("y", 4, role="output"))
    calls = Utterance(
        id="u", audio_seconds=1, arrivals=(0.1, 0.2, 0.3, 0.4, 0.5), call_frames=(0, 0, 1, 1, 1, 2, 3, 3, 4, 4),
        call_graphs=tuple({"e": "encoder", "j": "joint"}[which] for which in "ejejjeejej"),
    )  # fmt: skip
    graphs = {"encoder": OpGraph(ops=tuple(encoder.ops)), "joint": OpGraph(ops=tuple(joint.ops))}
    return encoder.trace(graphs=graphs, utterances=(calls, calls))


@pytest.mark.parametrize("chunk", [1, 2, 4, 5])
def test_an_encoder_may_run_ahead_of_those_who_read_its_states(chunk: int) -> None:
    report = compared(two_graphs(), chip_of("edge256", f"compiler.chunk_frames={chunk}"))
    assert (report.values, report.states, report.mismatches) == (2 * 5 * 4, 2 * 8, 0)


@pytest.mark.parametrize("preset", ["edge256", "nvdla_small"])
def test_views_cost_nothing_and_show_the_right_bytes(preset: str) -> None:
    """Of what never leaves the array, of an activation, of a state, and as an output."""
    build = TraceBuilder()
    x = build.quantised("x", 3, 6)
    build.tensor("h", 12, role="state")
    build.tensor("w", 4, 6, role="weight")
    build.op("m", "matmul", [x, "w"], build.tensor("acc", 3, 4, bits=32))
    build.op("m/flat", "copy", ["acc"], build.tensor("flat", 12, bits=32), view=True)
    build.op("m/narrow", "requantise", ["flat"], build.tensor("narrow", 12))
    build.op("sum", "add", ["narrow", "h"], build.tensor("sum", 12))
    build.op("seen", "copy", ["sum"], build.tensor("y", 4, 3, role="output"), view=True)
    build.op("old", "copy", ["h"], build.tensor("before", 2, 6), view=True)
    build.op("late", "copy", ["before"], build.tensor("z", 6, 2, role="output"), perm=(1, 0))
    build.op("keep", "copy", ["sum"], "h")
    trace = build.trace()
    report = compared(trace, chip_of(preset))
    assert (report.values, report.states, report.mismatches) == (3 * 24, 12, 0)


def test_a_weight_that_the_chip_and_the_cpu_both_multiply_with_serves_both() -> None:
    build = TraceBuilder()
    x = build.quantised("x", 6)
    for name in ("weight", "other"):
        build.op(f"m/{name}", "matmul", [x, build.tensor("w", 4, 6, role="weight")], build.tensor(name, 4, bits=32))
        build.requantised(name, f"{name}.y", role="output")
    trace = OpTrace.model_validate(build.trace().model_dump() | {"op_placement": {"m/other": "cpu"}})
    assert compared(trace, chip_of()).mismatches == 0


def test_integers_that_do_not_fit_their_bits_are_refused_before_anything_runs() -> None:
    trace = stateless(output=True).trace()
    constants = constants_of(trace) | {"m.w": np.full((4, 6), 128)}
    with pytest.raises(TraceError, match=r"weights: m\.w = 128: must fit 8 bits"):
        cosimulate(trace, chip_of(), constants, random_features(trace))
