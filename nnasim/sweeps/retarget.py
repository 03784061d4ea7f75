"""The same work under another arithmetic or another system: a trace's graphs are built again for it.

Those of this package's recogniser are built from its sizes, those of a model from elsewhere from its own files. Another
system of such a model has its operations elsewhere, in the same integers: cpu_int8 is the CPU alone.

Calls and arrival times stay as they are. So the timing does not show what a chip of other numerics would have decoded
differently; the word errors do, since `accuracy` decodes again.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnasim.errors import TraceError
from nnasim.ir.operands import Role
from nnasim.ir.trace import OP_GROUPS, OpTrace, System, TensorSpec, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from workloads.importers.recipes import made_again
from workloads.rnnt.builder import build_graphs
from workloads.rnnt.shapes import RnntShape

_ELSEWHERE = "operations run elsewhere than where their integers were compared"
IMPORTED_SYSTEMS: tuple[System, ...] = ("cpu_int8", "cpu_fallback", "naive")


def retarget(trace: OpTrace, numerics: NumericsConfig, system: System | None, source: object) -> OpTrace:
    """``trace`` with the graphs that ``system`` on a chip of ``numerics`` performs.

    Raises TraceError if its other graphs are not known: it belongs neither to a recogniser of this package nor to files
    that are still what they were.
    """
    system = system or trace.system
    if trace.numerics == numerics and trace.system == system:
        return trace
    if trace.imported is not None:
        again = trace if trace.numerics == numerics else made_again(trace, numerics, source)
        return as_system(again, system, source)
    tensors, graphs = build_graphs(shape_of(trace, source), numerics, system)
    changes: dict[str, object] = {"system": system, "numerics": numerics, "weights_file": None}
    if system != trace.system:  # else operations stay where the trace has them
        changes |= {"placement": placement_of(system, trace.placement), "op_placement": {}}
    return trace.model_copy(update={**changes, "tensors": tensors, "graphs": graphs})


def as_system(trace: OpTrace, system: System, source: object) -> OpTrace:
    """An imported ``trace`` with its operations where ``system`` has them.

    Raises TraceError for a system that it cannot be.
    """
    if system not in IMPORTED_SYSTEMS:
        allowed = f"an imported model can be {', '.join(IMPORTED_SYSTEMS)}"
        raise TraceError(source, "system", system, allowed)
    if trace.system == system:
        return trace
    assert trace.imported is not None
    described = trace.imported.model_copy(update={"claim": "time only", "reason": _ELSEWHERE, "distances": ()})
    return trace.model_copy(
        update={
            "system": system,
            "placement": placement_of(system, OP_GROUPS),
            "weights_file": None,
            "imported": described,
        }
    )


def shape_of(trace: OpTrace, source: object) -> RnntShape:
    """The shape whose graphs the trace has, read off its weights. Raises TraceError unless they agree in everything."""
    try:
        shape = _read_off(trace)
        tensors, graphs = build_graphs(shape, trace.numerics, trace.system)
        same = (_declared(tensors), graphs) == (_declared(trace.tensors), trace.graphs)
    except (KeyError, ValueError):
        same = False
    if not same:
        why = "another arithmetic or system needs a trace of this package's own RNN-T"
        raise TraceError(source, "graphs", ", ".join(trace.graphs), why)
    return shape


def _declared(tensors: Mapping[str, TensorSpec]) -> dict[str, tuple[tuple[int, ...], Role]]:
    """Shapes and roles; bits follow from the arithmetic, and version 0.1 counted some of them otherwise."""
    return {name: (spec.shape, spec.role) for name, spec in tensors.items()}


def _read_off(trace: OpTrace) -> RnntShape:
    sizes = {name: spec.shape for name, spec in trace.tensors.items()}
    before, after = _layers(trace, "encoder", "enc"), _layers(trace, "encoder_top", "enc")
    units = sizes["enc0.wh"][1]
    outputs, embedding = sizes["embedding.w"]
    joint, prediction = sizes["joint_pred.w"]
    return RnntShape(
        input_features=sizes["features"][0], frame_ms=1.0, encoder_units=units, encoder_before=before,
        reduction=sizes["enc.stack"][0] // units if after else 1, encoder_after=after, embedding=embedding,
        prediction_units=prediction, prediction_layers=_layers(trace, "prediction", "pred"), joint_units=joint,
        outputs=outputs, layer_norm="enc0.norm_x" in {op.name for op in trace.graphs["encoder"].ops},
    )  # fmt: skip


def _layers(trace: OpTrace, graph: str, prefix: str) -> int:
    """The number of LSTM layers in ``graph``: those that have a matmul over h."""
    if graph not in trace.graphs:
        return 0
    return sum(op.name.startswith(prefix) and op.name.endswith(".h_mm") for op in trace.graphs[graph].ops)


def shortened(trace: OpTrace, frames: int) -> OpTrace:
    """``trace`` with only the first ``frames`` frames of each utterance: what a search looks at first."""
    return trace.model_copy(update={"utterances": tuple(_first(utterance, frames) for utterance in trace.utterances)})


def _first(utterance: Utterance, frames: int) -> Utterance:
    calls = sum(frame < frames for frame in utterance.call_frames)
    if calls == len(utterance.call_frames):
        return utterance
    return Utterance(
        id=utterance.id,
        audio_seconds=utterance.audio_seconds * frames / len(utterance.arrivals),
        arrivals=utterance.arrivals[:frames],
        call_graphs=utterance.call_graphs[:calls],
        call_frames=utterance.call_frames[:calls],
        emissions=tuple(frame for frame in utterance.emissions if frame < frames),
    )
