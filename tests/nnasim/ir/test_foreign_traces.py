"""Traces of version 2: what operations are told, and that shapes, roles and order contradict nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nnasim.errors import TraceError
from nnasim.ir.attributes import ATTRIBUTES, MUST_BE_TOLD, Conv
from nnasim.ir.io import parse_record, read_trace, record_digest, write_record
from nnasim.ir.operands import FIRST_KINDS
from nnasim.ir.shapes import RULES, macs_of
from nnasim.ir.trace import OP_GROUPS, RECOGNISER_GROUPS, OpTrace
from tests.nnasim.ir.foreign_traces import (
    GROUPS,
    TRACES,
    attention_trace,
    conv_trace,
    depthwise_trace,
    host_trace,
    movement_trace,
    residual_trace,
    two_inputs_trace,
)
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

Data = dict[str, Any]


def op_in(data: Data, name: str) -> Data:
    op: Data = next(op for graph in data["graphs"].values() for op in graph["ops"] if op["name"] == name)
    return op


def refusal(trace: OpTrace, change: Callable[[Data], object]) -> str:
    data: Data = trace.model_dump(mode="json")
    change(data)
    with pytest.raises(TraceError) as refused:
        parse_record(OpTrace, data, "bad.json")
    line = str(refused.value)
    assert line.startswith("bad.json: ")
    assert "\n" not in line
    return line


def told(name: str, **attributes: object) -> Callable[[Data], object]:
    return lambda data: op_in(data, name).__setitem__("attributes", attributes)


def shaped(tensor: str, *shape: int) -> Callable[[Data], object]:
    return lambda data: data["tensors"][tensor].__setitem__("shape", shape)


def having(name: str, part: str, *tensors: str) -> Callable[[Data], object]:
    return lambda data: op_in(data, name).__setitem__(part, list(tensors))


def test_every_kind_has_a_rule_for_shapes_and_a_group() -> None:
    assert set(RULES) == set(GROUPS)
    assert set(ATTRIBUTES) >= MUST_BE_TOLD
    assert set(GROUPS.values()) < set(OP_GROUPS)


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_of_version_2_is_read_back_as_it_was_written(tmp_path, name: str) -> None:
    trace = TRACES[name]()
    write_record(tmp_path / "trace.json", trace)
    assert read_trace(tmp_path / "trace.json") == trace


def test_attributes_are_written_only_where_there_are_any() -> None:
    data = json.loads(conv_trace().model_dump_json())
    assert op_in(data, "encoder/push")["attributes"] == {"axis": 1, "shift": True}
    assert "attributes" not in op_in(data, "mel/quantise")


def test_a_recognisers_own_trace_is_of_version_1_and_has_the_bytes_that_it_had() -> None:
    trace = build_trace(SHAPES["rnnt-paper"], 4, 1)
    assert trace.schema_version == 1
    assert record_digest(trace) == "ba5b7cd2435b520f"
    assert set(trace.placement) == set(RECOGNISER_GROUPS)


def test_an_operation_is_asked_for_what_it_is_told() -> None:
    ops = {op.name: op for op in conv_trace(4).graphs["step"].ops}
    assert (ops["encoder/conv"].told(Conv).groups, ops["encoder/conv"].told(Conv).out((6,))) == (4, (3,))
    assert (ops["encoder/push"].axis(2), ops["mel/quantise"].axis(2)) == (1, 1)


@pytest.mark.parametrize("kind", ["conv", "bmm", "table", "softmax", "mean", "copy", "slice", "split", "host"])
def test_version_1_has_no_kind_but_its_own(kind: str) -> None:
    assert kind not in FIRST_KINDS
    trace = next(
        trace
        for make in TRACES.values()
        for trace in [make()]
        if any(op.kind == kind for op in trace.graphs["step"].ops)
    )
    assert "needs version 2" in refusal(trace, lambda data: data.update(schema_version=1))


@pytest.mark.parametrize("version", [0, 3, True, None, "2", []])
def test_a_version_that_nobody_knows_is_refused(version: object) -> None:
    assert "reads 1 and 2" in refusal(conv_trace(), lambda data: data.update(schema_version=version))


@pytest.mark.parametrize(
    ("make", "change", "what"),
    [
        (conv_trace, told("encoder/conv", kernel=[3], stride=[1, 1], dilation=[1], pads=[0, 0]), "attributes.stride: "),
        (conv_trace, told("encoder/conv", kernel=[3], stride=[1], dilation=[1], pads=[0]), "attributes.pads"),
        (conv_trace, told("encoder/conv", kernel=[0], stride=[1], dilation=[1], pads=[0, 0]), "at least 1"),
        (conv_trace, told("encoder/conv", kernel=[3], stride=[1], dilation=[1], pads=[0, 0], groop=2), "mean groups?"),
        (conv_trace, told("encoder/push", axis=1, shift=1), "attributes.shift: must be true or false"),
        (conv_trace, told("encoder/push", axis=-1, shift=True), "attributes.axis: must be a whole number"),
        (movement_trace, told("m/mean", axes=[1, 0]), "attributes.axes: must ascend"),
        (movement_trace, told("m/last", axis=0, start=2, step=0), "attributes.step: must not be 0"),
        (attention_trace, told("attention/back", perm=[0, 0, 2]), "attributes.perm: must hold each of 0..2 once"),
        (attention_trace, told("attention/back", perm=[1, 0, 2], view=True), "a transpose moves its elements"),
        (conv_trace, told("mel/quantise", axis=0), "attributes: quantise has none"),
        (conv_trace, lambda data: op_in(data, "encoder/conv").pop("attributes"), "conv must have kernel, stride"),
        (conv_trace, lambda data: op_in(data, "encoder/push").pop("attributes"), "concat must have the attribute axis"),
        (host_trace, told("body/top", operator=""), "attributes.operator: must be text of 1 to 200 characters"),
    ],
)
def test_what_an_operation_is_told_is_checked_by_its_kind(
    make: Callable[[], OpTrace], change: Callable[[Data], object], what: str
) -> None:
    assert what in refusal(make(), change)


@pytest.mark.parametrize(
    ("make", "change", "op", "tensor", "what"),
    [
        (conv_trace, shaped("encoder/conv.acc", 32, 9), "encoder/conv", "encoder/conv.acc", "makes the shape [32, 3]"),
        (conv_trace, shaped("encoder/conv.w", 32, 8, 3), "encoder/conv", "encoder/conv.w", "(N, 16, 3)"),
        (conv_trace, shaped("encoder/conv.b", 31), "encoder/conv", "encoder/conv.b", "32 output channels"),
        (conv_trace, shaped("mel.q", 16, 3), "mel/quantise", "mel.q", "makes the shape [16, 2]"),
        (conv_trace, shaped("encoder.cache", 16, 1), "encoder/push", "encoder.cache", "concat makes the shape [16, 2]"),
        (conv_trace, shaped("encoder.cache", 4, 6), "encoder/push", "mel.q", "cannot be put into [4, 6] along axis 1"),
        (attention_trace, shaped("attention/q.w", 16, 9), "attention/q", "attention/q.w", "rows of 16 elements"),
        (attention_trace, shaped("a.q.parted", 4, 2, 9), "attention/q/part", "a.q.parted", "copy makes the shape"),
        (attention_trace, shaped("a.q.turned", 4, 2, 8), "attention/q/turn", "a.q.turned", "makes the shape [2, 4, 8]"),
        (attention_trace, told("attention/scores"), "attention/scores", "a.k.cache", "cannot be multiplied"),
        (attention_trace, told("attention/softmax", axis=3), "attention/softmax", "a.scores", "has no axis 3"),
        (movement_trace, shaped("left", 4, 3), "m/split", "left", "split makes the shape [4, 6], not [4, 7]"),
        (movement_trace, shaped("bottom", 3, 5), "m/rows", "bottom", "is no part of the same"),
        (movement_trace, shaped("reversed", 5, 2), "m/reverse", "left", "are not all among 4"),
        (movement_trace, told("m/last", axis=0, start=3), "m/last", "bottom", "are not all among 3"),
        (movement_trace, shaped("right", 4, 5), "m/split", "left", "not [4, 7]"),
        (movement_trace, told("m/scale"), "m/scale", "mean", "mul is not told to broadcast"),
        (movement_trace, shaped("wide", 4, 5), "m/stretch", "top", "do not broadcast"),
        (movement_trace, shaped("mean", 1, 6), "m/mean", "mean", "makes the shape [4, 1]"),
        (residual_trace, shaped("block.gain", 15), "block/norm", "block.gain", "one element for each of the 16"),
        (residual_trace, shaped("best", 4), "block/best", "best", "makes the shape [3]"),
    ],
)  # fmt: skip
def test_shapes_that_contradict_are_refused_with_operation_and_tensor(
    make: Callable[[], OpTrace], change: Callable[[Data], object], op: str, tensor: str, what: str
) -> None:
    line = refusal(make(), change)
    assert f"op {op}: tensor" in line
    assert tensor in line
    assert what in line


def test_what_cannot_be_handed_out_in_parts_is_one_tensor() -> None:
    def parted(data: Data) -> None:
        data["tensors"]["more"] = data["tensors"]["best"]
        op_in(data, "block/best")["outputs"].append("more")

    assert "op block/best: tensor more: argmax makes one tensor" in refusal(residual_trace(), parted)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (having("cell/tanh", "outputs", "cell.table"), "writes tensor 'cell.table', whose role is table"),
        (having("cell/tanh", "outputs", "cell/update.w"), "whose role is weight; may be state, activation, output"),
        (having("cell/out", "outputs", "x"), "whose role is input"),
        (having("cell/update", "inputs", "seen", "h"), "its weight must have the role weight, not state"),
        (having("cell/row", "inputs", "update"), "reads tensor 'update', which no operation before it writes"),
        (having("cell/row", "inputs", "y"), "reads tensor 'y', which no operation before it writes"),
        (having("cell/out", "outputs", "both"), "writes tensor 'both', which cell/join has written"),
        (lambda data: op_in(data, "cell/out").update(name="cell/row"), "2 operations are called 'cell/row'"),
        (lambda data: data["placement"].pop("movement"), "lacks movement"),
        (lambda data: data["tensors"].update(z={"shape": [1], "bits": 8, "role": "output"}), "no operation writes 'z'"),
        (lambda data: data["tensors"]["h"].update(shape=[1] * 9), "must be a list of 1 to 8 values"),
        (
            lambda data: data["tensors"]["h"].update(shape=[2**41]),
            "shape.0 = 2199023255552: must be a whole number of at",
        ),
        (lambda data: data["tensors"].update({"n" * 501: data["tensors"]["h"]}), "must be text of at most 500 charact"),
        (lambda data: op_in(data, "cell/out").update(inputs=["n" * 501]), "must be text of at most 500 characters"),
        (lambda data: data["tensors"]["h"].update(role="activation"), "reads tensor 'h', which no operation before"),
    ],
)
def test_roles_and_order_are_checked(change: Callable[[Data], object], what: str) -> None:
    assert what in refusal(two_inputs_trace(), change)


def test_a_cycle_cannot_be_said_since_every_order_of_its_operations_reads_what_is_not_there_yet() -> None:
    def cycle(data: Data) -> None:
        """cell/join makes ``both`` of ``row``, and cell/row makes ``row`` of ``both``."""
        op_in(data, "cell/join")["inputs"] = ["row"]
        data["tensors"]["row"]["shape"] = [14]

    line = refusal(two_inputs_trace(), cycle)
    assert "op cell/join: reads tensor 'row', which no operation before it writes" in line

    def other_order(data: Data) -> None:
        cycle(data)
        ops = data["graphs"]["step"]["ops"]
        place = next(index for index, op in enumerate(ops) if op["name"] == "cell/join")
        ops[place], ops[place + 1] = ops[place + 1], ops[place]

    assert "op cell/row: reads tensor 'both', which no" in refusal(two_inputs_trace(), other_order)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: data["tensors"]["row"].update(role="state"), "a state is no view of another tensor"),
        (lambda data: data["tensors"]["row"].update(bits=16), "tensor 'row': a view has the 8 bits of 'both'"),
        (having("cell/row", "inputs", "h"), "tensor row: copy makes the shape"),
    ],
)
def test_a_view_shows_the_bytes_of_another_tensor(change: Callable[[Data], object], what: str) -> None:
    assert what in refusal(two_inputs_trace(), change)


def test_a_view_of_a_state_is_not_read_once_the_state_has_been_overwritten() -> None:
    def late(data: Data) -> None:
        data["tensors"]["old"] = {"shape": [8], "bits": 8, "role": "activation"}
        ops = data["graphs"]["step"]["ops"]
        ops.insert(2, {**ops[-1], "name": "old", "inputs": ["h"], "outputs": ["old"], "attributes": {"view": True}})
        op_in(data, "cell/out")["inputs"] = ["old"]

    line = refusal(two_inputs_trace(), late)
    assert "op cell/out: reads tensor 'old', a view of 'h', which cell/tanh has overwritten" in line


def test_multiply_accumulates_follow_from_shapes() -> None:
    def counted(trace: OpTrace) -> dict[str, int]:
        ops = trace.graphs["step"].ops
        return {op.name: macs for op in ops if (macs := macs_of(op, trace.tensors))}

    assert counted(conv_trace()) == {"encoder/conv": 32 * 3 * 16 * 3, "front/conv": 6 * 5 * 6 * 3 * 6}
    assert counted(conv_trace(4))["encoder/conv"] == 32 * 3 * 4 * 3
    assert counted(depthwise_trace()) == {"block/depthwise": 16 * 6 * 5, "block/pointwise": 24 * 6 * 16}
    assert counted(attention_trace()) == {
        "attention/q": 4 * 16 * 16, "attention/k": 4 * 16 * 16, "attention/v": 4 * 16 * 16,
        "attention/scores": 2 * 4 * 6 * 8, "attention/mix": 2 * 4 * 6 * 8,
    }  # fmt: skip
