"""A crossing stands where an operation reads what only the other unit holds, and nowhere else."""

import pytest

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.hardware import load_preset
from nnasim.ir.program import HandoffCommand, Program


def crossings(program: Program) -> list[str]:
    """Where crossings go, in order."""
    return [command.to for command in program.commands if isinstance(command, HandoffCommand)]


def compiled(trace, *overrides: str, preset: str = "edge256") -> CompiledTrace:
    return CompiledTrace(trace, load_preset(preset, list(overrides)))


def frame(work: CompiledTrace, *graphs: str) -> int:
    """Crossings of one frame that runs ``graphs``, its return included, in the steady state."""
    holders, count = AT_START, 0
    for _ in range(2):
        count = 0
        for graph in graphs:
            program = work.program(graph, holders)
            count, holders = count + program.handoffs, program.exit
        if end := work.frame_end(holders):
            count, holders = count + end.handoffs, end.exit
    return count


def test_all_on_the_cpu_never_crosses(small) -> None:
    work = compiled(small(system="float"))
    assert frame(work, "encoder", "joint", "prediction", "joint") == 0


def test_all_on_the_chip_crosses_once_for_the_audio_and_once_for_the_result(small) -> None:
    work = compiled(small(system="aat"))
    assert crossings(work.program("encoder", AT_START)) == ["nna"]
    assert frame(work, "encoder", "joint") == 2
    assert frame(work, "encoder", "joint", "prediction", "joint") == 2


def test_gates_on_the_cpu_cross_twice_per_layer(small) -> None:
    work = compiled(small(system="cpu_fallback"))
    # audio in, gates of layer 0 out and in, gates of layer 1 out and in (for the joint's projection)
    assert crossings(work.program("encoder", AT_START)) == ["nna", "cpu", "nna", "cpu", "nna"]
    # joint: sum and tanh on the CPU, output layer on the chip, argmax on the CPU
    assert frame(work, "encoder", "joint") == 5 + 3


def test_a_chip_without_activation_unit_sends_the_gates_to_the_cpu(small) -> None:
    work = compiled(small(system="aat"), preset="nvdla_small")
    fallback = compiled(small(system="cpu_fallback"))
    assert frame(work, "encoder", "joint") == frame(fallback, "encoder", "joint")


def test_one_group_on_the_cpu_costs_two_crossings_per_layer(small) -> None:
    trace = small(system="aat")
    moved = trace.model_copy(update={"placement": trace.placement | {"cell_tanh": "cpu"}})
    assert frame(compiled(moved), "encoder", "joint") == 2 + 2 * 2


def test_a_host_that_decides_reads_each_argmax_and_starts_what_follows(small) -> None:
    work = compiled(small(system="aat"), "sequencer.on_chip_decode=false")
    assert frame(work, "encoder", "joint") == 2  # the host reads the blank: that is the frame's result
    assert frame(work, "encoder", "joint", "prediction", "joint") == 2 + 2  # read the symbol, start the prediction


def test_the_state_after_a_frame_is_the_state_after_every_frame(small) -> None:
    """Otherwise a replay would never find a state that it knows."""
    work, holders, seen = compiled(small(system="cpu_fallback")), AT_START, []
    for _ in range(4):
        for graph in ("encoder", "joint"):
            holders = work.program(graph, holders).exit
        seen.append(holders)
    assert seen[1] == seen[2] == seen[3]


@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "naive", "aat"])
def test_a_program_is_made_once_per_graph_and_state(small, system: str) -> None:
    work = compiled(small(system=system))
    assert work.program("joint", AT_START) is work.program("joint", AT_START)
