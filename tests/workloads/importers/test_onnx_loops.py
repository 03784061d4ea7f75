"""Scan, and Loop of a constant trip count, are so many times their body, and compute what onnxruntime computes."""

from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, floats, read
from tests.workloads.importers.test_onnx_graphs import reasons
from tests.workloads.onnx_models import close, helper, model, onnx, onnxruntime_says
from tests.workloads.stepgraph.imports import lowered
from workloads.stepgraph.concrete.repetition import MOST_UNROLLED
from workloads.stepgraph.run import FloatRun

T, C = 4, 3
FRAMES, H = floats(T, C), floats(C)
W = floats(C, C)
node = helper.make_node


def typed(name: str, kind: int = onnx.TensorProto.FLOAT, shape: list[int] | None = None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def scan(**attributes: Any) -> Any:
    """h = tanh(W h + x) over frames, with all h and their doubles; W stands around the body."""
    body = helper.make_graph(
        [
            node("MatMul", ["h", "w"], ["wh"]),
            node("Add", ["wh", "x"], ["sum"]),
            node("Tanh", ["sum"], ["next"]),
            node("Add", ["next", "next"], ["double"]),
            node("Identity", ["next"], ["every"]),
        ],
        "body", [typed("h", shape=[C]), typed("x", shape=[C])],
        [typed("next", shape=[C]), typed("every", shape=[C]), typed("double", shape=[C])],
    )  # fmt: skip
    made = node("Scan", ["h0", "frames"], ["last", "all", "doubles"], name="scan", body=body, num_scan_inputs=1,
                **attributes)  # fmt: skip
    outputs = [node("Identity", [name], [f"{name}_out"]) for name in ("last", "all", "doubles")]
    return made, outputs


def same(proto: Any, inputs: dict[str, Any]) -> Any:
    graph = read(proto, states=())
    found = FloatRun(graph)(inputs)
    for ours, theirs in zip(graph.outputs, onnxruntime_says(proto, inputs), strict=True):
        close(found[ours], theirs)
    return graph


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"scan_input_directions": [1]},
        {"scan_output_axes": [1, -1], "scan_output_directions": [0, 1]},
        {"scan_input_axes": [-2]},
    ],
    ids=str,
)
def test_a_scan_is_its_body_frame_by_frame(attributes: dict[str, Any]) -> None:
    made, outputs = scan(**attributes)
    proto = model([made, *outputs], {"h0": H, "frames": FRAMES}, ["last_out", "all_out", "doubles_out"], {"w": W})
    graph = same(proto, {"h0": H, "frames": FRAMES})
    assert [each.operator for each in graph.nodes].count("MatMul") == T
    assert lowered(graph).ledger.counts["refused"] == 0


def loop(trips: str, condition: str, *ends: Any, outputs: tuple[str, ...] = ("y", "rows")) -> Any:
    """v = relu(v + the step's number) again and again, and each v."""
    body = helper.make_graph(
        [
            node("Cast", ["step"], ["number"], to=onnx.TensorProto.FLOAT),
            node("Add", ["v", "number"], ["sum"]),
            node("Relu", ["sum"], ["out"]),
            node("Neg", ["out"], ["row"]),
            *ends,
        ],
        "body",
        [typed("step", onnx.TensorProto.INT64, []), typed("going", onnx.TensorProto.BOOL, []), typed("v", shape=[C])],
        [typed("kept", onnx.TensorProto.BOOL, []), typed("out", shape=[C]), typed("row", shape=[C])],
    )  # fmt: skip
    return node("Loop", [trips, condition, "x"], list(outputs), name="again", body=body)


GOES_ON = node("Identity", ["going"], ["kept"])
STOPS = [node("Less", ["step", "two"], ["kept"])]
BY_DATA = [node("ReduceMax", ["out"], ["most"], keepdims=0), node("Less", ["most", "limit"], ["kept"])]
CONSTANTS = {
    "n": np.array(3),
    "yes": np.array(True),
    "two": np.array(2),
    "limit": np.array(5, F),
    "no": np.array(False),
}


def test_a_loop_of_a_constant_trip_count_is_so_many_steps() -> None:
    proto = model([loop("n", "yes", GOES_ON)], {"x": H}, ["y", "rows"], CONSTANTS)
    graph = same(proto, {"x": H})
    assert [each.operator for each in graph.nodes].count("Relu") == 3


def test_a_condition_that_constants_decide_ends_a_loop() -> None:
    proto = model([loop("many", "yes", *STOPS)], {"x": H}, ["y", "rows"], {**CONSTANTS, "many": np.array(50)})
    assert [each.operator for each in same(proto, {"x": H}).nodes].count("Relu") == 3


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (loop("trips", "yes", GOES_ON), "what arrives decides its trip count, so its steps differ from call to call"),
        (loop("", "yes", GOES_ON), "has no trip count, so its steps differ from call to call"),
        (loop("n", "yes", *BY_DATA), "may stop early, by what arrives at each call"),
        (loop("far", "yes", GOES_ON), f"repeats 5 nodes 9000 times, more than {MOST_UNROLLED:,} nodes together"),
        (loop("n", "no", GOES_ON), "makes no step, so what it collects has no elements"),
    ],
)
def test_a_loop_whose_steps_are_not_decided_or_too_many_is_refused_by_name(made: Any, why: str) -> None:
    inputs = {"x": H, "trips": np.array(2)}
    assert reasons(model([made], inputs, ["y", "rows"], {**CONSTANTS, "far": np.array(9000)})) == {"again": why}


def test_what_cannot_enter_in_a_body_is_said_of_one_step() -> None:
    odd = node("NonZero", ["sum"], ["places"], name="odd")
    cast = node("Cast", ["places"], ["real"], to=onnx.TensorProto.FLOAT, name="cast")
    made = loop("n", "yes", GOES_ON, odd, cast)
    assert reasons(model([made], {"x": H}, ["y"], CONSTANTS)) == {"again.0.odd": "what arrives decides its operand"}
