"""A limit that a refusal names is itself accepted, and the next value is not."""

from collections.abc import Callable

import pytest

from nnasim.compiler.placement import place
from nnasim.errors import NnasimError
from nnasim.hardware import load_preset
from nnasim.sweeps.constraints import parse_constraint
from nnasim.sweeps.job import make_job
from nnasim.sweeps.space import Space
from nnasim.sweeps.spec import parse_sweep_file
from workloads.rnnt.builder import LONGEST_TRACE, build_trace, symbolic_utterance
from workloads.rnnt.shapes import SHAPES

CHIP = load_preset("edge256")
TRACE = build_trace(SHAPES["rnnt-mlperf"], 2, 0)


def constraint_of(characters: int) -> object:
    return parse_constraint("clock_hz >".ljust(characters - 1) + "0", "test")


def grid_of(points: int) -> object:
    """Two axes; 1,000,000 is 1,000 x 1,000."""
    counts = (1_000, points // 1_000) if points % 1_000 == 0 else (points, 1)
    axes = {
        "host.handoff_us": {"range": [1, 50, counts[0]]},
        "dram.bytes_per_second": {"range": [1e9, 2e9, counts[1]]},
    }
    data = {"base": "edge256", "traces": ["t"], "axes": axes, "objectives": ["rtf"]}
    return Space(make_job(parse_sweep_file(data, "test"), CHIP.model_dump(mode="json"), (TRACE,), "test"), "test")


def graph_of(operations: int) -> object:
    graph = TRACE.graphs["joint"]
    last = graph.ops[-1]
    more = tuple(last.model_copy(update={"name": f"{last.name}.{n}"}) for n in range(operations - len(graph.ops)))
    longer = graph.model_copy(update={"ops": (*graph.ops, *more)})
    return place(TRACE.model_copy(update={"graphs": TRACE.graphs | {"joint": longer}}), CHIP)


def tensor_of(elements: int) -> object:
    spare = TRACE.tensors["features"].model_copy(update={"shape": (elements,)})
    return place(TRACE.model_copy(update={"tensors": TRACE.tensors | {"spare": spare}}), CHIP)


def trace_of(invocations: int) -> object:
    return symbolic_utterance(SHAPES["rnnt-paper"], invocations, 0)


def alignment_of(bytes: int) -> object:
    return CHIP.with_({"sram.weight_tile_bytes": 64, "dma.alignment_bytes": bytes})


def other_load_of(us: float) -> object:
    """Of other work, 1,000 times a second."""
    return CHIP.with_({"host.other_load_per_second": 1000, "host.other_load_us": us})


@pytest.mark.parametrize(
    ("make", "accepted", "refused"),
    [
        (constraint_of, 500, 501),
        (grid_of, 1_000_000, 1_001_000),
        (graph_of, 50_000, 50_001),
        (tensor_of, 2**40, 2**40 + 1),
        (trace_of, LONGEST_TRACE, LONGEST_TRACE + 1),
        (alignment_of, 64, 128),
        (other_load_of, 999.9, 1000.0),
    ],
)
def test_the_last_value_that_is_allowed_is_accepted(
    make: Callable[[float], object], accepted: float, refused: float
) -> None:
    make(accepted)
    with pytest.raises(NnasimError):
        make(refused)
