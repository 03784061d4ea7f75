"""An operation's operands have names, and a trace that has not those that its operations need is refused when read."""

from typing import Any, get_args

import pytest

from nnasim.errors import TraceError
from nnasim.ir.io import parse_record
from nnasim.ir.operands import OPERANDS, OpKind
from nnasim.ir.trace import Op, OpTrace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=8, frame_ms=20.0, encoder_units=8, encoder_before=1, reduction=1, encoder_after=0, embedding=4,
    prediction_units=8, prediction_layers=1, joint_units=8, outputs=5, layer_norm=True,
)  # fmt: skip
TRACE = build_trace(SHAPE, 2, 1)


def op(name: str) -> Op:
    return next(op for graph in TRACE.graphs.values() for op in graph.ops if op.name == name)


def read_with(name: str, inputs: list[str]) -> OpTrace:
    data: dict[str, Any] = TRACE.model_dump(mode="json")
    for graph in data["graphs"].values():
        for other in graph["ops"]:
            other["inputs"] = inputs if other["name"] == name else other["inputs"]
    return parse_record(OpTrace, data, "bad.json")


def test_every_kind_of_operation_says_what_it_reads() -> None:
    assert set(OPERANDS) == set(get_args(OpKind))


def test_operands_have_names() -> None:
    product, without = op("enc0.x"), op("enc0.h_mm")
    assert (product.x, product.weight, product.bias) == ("enc.x", "enc0.wx", "enc0.x.bias")
    assert (without.weight, without.bias, without.data) == ("enc0.wh", None, ("enc0.h",))
    assert (op("embedding.lookup").x, op("embedding.lookup").weight) == ("token", "embedding.w")
    assert (op("enc0.tanh").x, op("enc0.tanh").table) == ("enc0.z_g", "enc0.tanh.table")
    assert (op("enc0.norm_x").x, op("enc0.norm_x").gain) == ("enc0.gx", "enc0.norm_x.gain")
    assert (product.constants, op("joint.add").constants) == (("enc0.wx", "enc0.x.bias"), ())
    assert op("joint.add").data == ("joint.enc", "joint.pred")
    assert [name for name in ("enc0.x", "embedding.lookup", "joint.add") if op(name).reads_weight] == [
        "enc0.x",
        "embedding.lookup",
    ]


@pytest.mark.parametrize(
    ("name", "inputs", "what"),
    [
        ("enc0.x", [], "matmul must have the inputs (x, weight[, bias]), and has 0"),
        ("enc0.x", ["enc.x"], "and has 1"),
        ("enc0.x", ["enc.x", "enc0.x.bias"], "its weight must have the role weight, not bias"),
        ("enc0.x", ["enc0.wx", "enc0.wx"], "what flows is no weight"),
        ("enc0.tanh", ["enc0.z_g", "enc0.c"], "its table must have the role table, not state"),
        ("enc0.tanh", ["enc0.z_g", "enc0.tanh.table", "enc0.c"], "(x[, table]), and has 3"),
        ("joint.add", ["joint.enc"], "add must have the inputs (a, b), and has 1"),
        ("enc0.norm_x", ["enc0.gx"], "layer_norm must have the inputs (x, gain[, bias]), and has 1"),
        ("enc.quantise", [], "quantise must have the inputs (x), and has 0"),
    ],
)
def test_a_trace_of_other_operands_is_refused_in_one_line_that_names_graph_and_operation(
    name: str, inputs: list[str], what: str
) -> None:
    with pytest.raises(TraceError) as refused:
        read_with(name, inputs)
    line = str(refused.value)
    assert line.startswith("bad.json: ")
    assert "\n" not in line
    assert f", op {name}: " in line
    assert what in line


def test_a_concatenation_reads_as_many_as_it_likes_but_one_at_least() -> None:
    data = OPERANDS["concat"]
    assert data.complaint(("state",)) is data.complaint(("state",) * 9) is None
    assert data.complaint(()) == "must have the inputs (x, ...), and has 0"
