"""What a beam's hypotheses copy: named operations that cost what their bytes cost, where element-wise work runs."""

from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace, placement_of
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.hypotheses import COPIES, slot_bytes, with_hypotheses, without_copies
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=8, frame_ms=30, encoder_units=16, encoder_before=1, embedding=8, prediction_units=12,
    prediction_layers=2, joint_units=10, outputs=5,
)  # fmt: skip


def branching(system: str = "aat") -> OpTrace:
    """One frame: another hypothesis is extended, saved, and the first one looked at again."""
    trace = build_trace(SHAPE, 1, 0, system=system)  # type: ignore[arg-type]
    tensors, graphs = with_hypotheses(trace.tensors, trace.graphs)
    calls = ("prediction", "hypothesis_save", "encoder", "joint", "hypothesis_load", "prediction", "hypothesis_save",
             "joint", "projection_load", "joint")  # fmt: skip
    (utterance,) = trace.utterances
    branched = utterance.model_copy(update={"call_graphs": calls, "call_frames": (0,) * len(calls)})
    placement = {**placement_of(trace.system), "argmax": "cpu"}
    parts = {"tensors": tensors, "graphs": graphs, "utterances": (branched,), "placement": placement}
    return OpTrace.model_validate({**trace.model_dump(), **parts})


def test_a_slot_holds_h_and_c_of_every_layer_and_the_projection() -> None:
    assert slot_bytes(branching()) == 2 * (12 + 12) + 4 * 10  # int8 h and c, an int32 projection
    assert slot_bytes(build_trace(SHAPE, 1, 0)) == 0


def test_copies_are_named_and_run_where_element_wise_operations_do() -> None:
    for system, unit in (("aat", "nna"), ("float", "cpu")):
        copies = [op for op in simulate(branching(system), load_preset("edge256")).ops if op.graph in COPIES]
        counts = {op.op: op.count for op in copies if op.kind == "concat"}
        assert {op.unit for op in copies if op.kind == "concat"} == {unit}
        assert counts["hypothesis_save.slot.pred1.c"] == 2
        assert counts["hypothesis_load.pred0.h"] == 1
        assert counts["projection_load.joint.pred"] == 1


def test_copies_take_time_and_nothing_else_changes() -> None:
    chip, trace = load_preset("edge256"), branching()
    with_them, without = simulate(trace, chip), simulate(without_copies(trace), chip)
    assert with_them.totals.cycles > without.totals.cycles
    assert with_them.totals.macs == without.totals.macs
    assert with_them.totals.handoffs == without.totals.handoffs
