"""The savings and the needs of moving operations from the CPU to the NNA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import CpuOp, Move
from nnasim.ir.trace import ALWAYS_ON_CPU, OpTrace
from nnasim.studies.explaining.variants import Variants

ALL = "all of them"
A_MODEL = "a model trained with the chip's own operators, or more word errors"
A_UNIT = "an activation unit: a section activation_unit, and numerics.activation other than none"
ALWAYS = {
    "input_quantise": "features made on the NNA",
    "host": "operators that the NNA has",
}
NOT_RUN = "no chip here has that, so nothing was run"
DEFAULT_UNIT = "lut8"


def moves(variants: Variants, chip: NnaConfig, ops: Sequence[CpuOp]) -> Iterator[Move]:
    """The run with each group of the CPU's operations on the NNA instead, one group at a time; last, with all
    of them.
    """
    trace, own = variants.trace, list(dict.fromkeys(op.group for op in ops))
    yield from (Move(group=group, needs=ALWAYS[group], refused=NOT_RUN) for group in own if group in ALWAYS_ON_CPU)
    groups = [group for group in own if group not in ALWAYS_ON_CPU]
    placed = _placed(trace, groups)
    fallen = _fallen(variants, chip, placed)  # which a chip without a unit for them gives back to the CPU
    for group in groups:
        if group not in fallen:
            yield _moved(variants, chip, group, _placed(trace, [group]))
    if fallen & set(groups):
        yield _with_unit(variants, chip, placed)
    elif len(groups) > 1:
        yield _moved(variants, chip, ALL, placed)


def _fallen(variants: Variants, chip: NnaConfig, trace: OpTrace) -> set[str]:
    """The groups with operations that ``trace`` wants on the NNA, which has no unit for them."""
    try:
        kinds = variants.compiled(chip, trace).fallen
    except NnasimError:  # told by the run of each group
        return set()
    return {group for kind in kinds for group in _groups_of(trace, kind)}


def _groups_of(trace: OpTrace, kind: str) -> set[str]:
    return {op.group for graph in trace.graphs.values() for op in graph.ops if op.kind == kind}


def _placed(trace: OpTrace, groups: Sequence[str]) -> OpTrace:
    """``trace`` with its operations of ``groups`` on the NNA."""
    own = {op.name for graph in trace.graphs.values() for op in graph.ops if op.group in groups}
    return trace.model_copy(
        update={
            "placement": {group: "nna" if group in groups else unit for group, unit in trace.placement.items()},
            "op_placement": {name: unit for name, unit in trace.op_placement.items() if name not in own},
        }
    )


def _moved(variants: Variants, chip: NnaConfig, group: str, trace: OpTrace) -> Move:
    try:
        return Move(group=group, needs=A_MODEL, figures=variants.figures(chip, trace))
    except NnasimError as error:
        return Move(group=group, needs=A_MODEL, refused=str(error)[:2000])


def _with_unit(variants: Variants, chip: NnaConfig, placed: OpTrace) -> Move:
    """The work of ``placed`` on a chip that has an activation unit too, of default rates."""
    from nnasim.sweeps.retarget import retarget  # brings the readers of foreign models, which take a while

    try:
        wider = chip.with_({"activation_unit": {}, "numerics.activation": DEFAULT_UNIT})
        trace = retarget(placed, wider.numerics, None, "trace")
        return Move(group=ALL, needs=A_UNIT, figures=variants.figures(wider, trace))
    except NnasimError as error:
        return Move(group=ALL, needs=A_UNIT, refused=str(error)[:2000])
