"""No node is lost, and every multiply-accumulate is counted twice."""

from dataclasses import replace

import pytest

from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import lowered
from workloads.stepgraph.graph import Node, StepGraph
from workloads.stepgraph.lowering import lowering
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.ledger import LedgerError
from workloads.stepgraph.normal.rewriting import Normal


def model() -> StepGraph:
    sheet = Sheet(x=(1, 6))
    y = sheet.op("Add", sheet.op("MatMul", "x", sheet.weight(6, 4), name="product"), sheet.weight(4), name="bias")
    return sheet.graph(sheet.reshape(sheet.op("Relu", y, name="relu"), 4))


def test_each_node_has_one_fate() -> None:
    ledger = lowered(model()).ledger
    assert {row.node: row.fate for row in ledger.rows} == {
        "product": "chip", "bias": "folded", "relu": "chip", "reshape3": "view",
    }  # fmt: skip
    assert ledger.counts == {"chip": 2, "cpu": 0, "view": 1, "folded": 1, "refused": 0}
    assert ledger.of("chip")[0].ops == ("product", "product.rq")


def test_a_lowering_that_leaves_a_product_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(low: GraphLowering, node: Node) -> None:
        low.arrive(node.outputs[0], low.wire(node.inputs[0]).tensor)

    monkeypatch.setitem(lowering.RULES, "Linear", nothing)  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match=r"product \(MatMul\) takes 24 multiply-accumulates.*0 in the trace"):
        lowered(model())


def test_a_lowering_that_multiplies_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    once = lowering.RULES["Linear"]

    def twice(low: GraphLowering, node: Node) -> None:
        once(low, node)
        once(low, node)

    monkeypatch.setitem(lowering.RULES, "Linear", twice)  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="and 48 in the trace"):
        lowered(model())


def test_a_rewriting_that_loses_a_node_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lowering.normalised

    def with_a_loss(graph: StepGraph) -> Normal:
        normal = whole(graph)
        lost = {value: tuple(name for name in names if name != "relu") for value, names in normal.made_of.items()}
        return replace(normal, made_of=lost)

    monkeypatch.setattr(lowering, "normalised", with_a_loss)
    with pytest.raises(LedgerError, match=r"relu \(Relu\) is accounted for nowhere"):
        lowered(model())
