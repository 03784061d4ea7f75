"""Hypotheses of a beam search share one buffer of the prediction network: the copies that this takes, as graphs.

Modelling assumptions. One slot stands for all: copies between a slot and the buffer cost the same whichever slot it is,
and the SRAM that further slots take is not reserved. Copies are ``concat`` of one operand and run where element-wise
operations do.
"""

from __future__ import annotations

from nnasim.ir.trace import Op, OpGraph, OpTrace, TensorSpec

HYPOTHESIS_SAVE, HYPOTHESIS_LOAD, PROJECTION_LOAD = "hypothesis_save", "hypothesis_load", "projection_load"
COPIES = (HYPOTHESIS_SAVE, HYPOTHESIS_LOAD, PROJECTION_LOAD)
PROJECTION = "joint.pred"


def with_hypotheses(
    tensors: dict[str, TensorSpec], graphs: dict[str, OpGraph]
) -> tuple[dict[str, TensorSpec], dict[str, OpGraph]]:
    """Tensors and graphs of a greedy decoder, and with them a slot and the three copies of a beam search."""
    outputs = {name for op in graphs["prediction"].ops for name in op.outputs}
    state_outputs = [name for name in outputs if tensors[name].role == "state"]
    states = sorted(name for name in state_outputs if name != PROJECTION)
    slots = {_slot(name): tensors[name] for name in (*states, PROJECTION)}
    copies = {
        HYPOTHESIS_SAVE: [(name, _slot(name)) for name in (*states, PROJECTION)],
        HYPOTHESIS_LOAD: [(_slot(name), name) for name in states],
        PROJECTION_LOAD: [(_slot(PROJECTION), PROJECTION)],
    }
    return {**tensors, **slots}, {**graphs, **{name: _graph(name, pairs) for name, pairs in copies.items()}}


def slot_bytes(trace: OpTrace) -> int:
    """Bytes of one hypothesis's slot; 0 in the trace of a greedy decoder."""
    return sum(spec.bytes for name, spec in trace.tensors.items() if name.startswith("slot."))


def without_copies(trace: OpTrace) -> OpTrace:
    """The same decoding if states were passed by reference: what copies cost is the difference."""
    utterances = []
    for utterance in trace.utterances:
        calls = zip(utterance.call_graphs, utterance.call_frames, strict=True)
        decoding_calls = [(graph, frame) for graph, frame in calls if graph not in COPIES]
        graphs, frames = zip(*decoding_calls, strict=True)
        utterances.append(utterance.model_copy(update={"call_graphs": graphs, "call_frames": frames}))
    return trace.model_copy(update={"utterances": tuple(utterances)})


def _slot(name: str) -> str:
    return f"slot.{name}"


def _graph(name: str, pairs: list[tuple[str, str]]) -> OpGraph:
    return OpGraph(
        ops=tuple(
            Op(name=f"{name}.{target}", kind="concat", group="element_wise", layer=name, inputs=(source,),
               outputs=(target,))
            for source, target in pairs
        )
    )  # fmt: skip
