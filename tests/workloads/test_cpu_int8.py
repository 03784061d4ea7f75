"""What an int8 CPU performs and costs: int8 weights, an operand quantised before each product, float around them."""

from itertools import pairwise

import pytest

from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

PAPER = SHAPES["rnnt-paper"]


def test_weights_and_operands_of_products_have_8_bits_and_everything_else_32() -> None:
    trace = build_trace(PAPER, 2, 1, system="cpu_int8")
    for graph in trace.graphs.values():
        for op in graph.ops:
            bits = [trace.tensors[name].bits for name in op.inputs]
            assert bits[:2] == ([8, 8] if op.kind == "matmul" else [32, 8] if op.kind == "embedding" else bits[:2])
    wide = {spec.bits for name, spec in trace.tensors.items() if spec.role != "weight" and not name.endswith(".int8")}
    assert wide == {32}
    assert set(trace.placement.values()) == {"cpu"}


def test_every_product_quantises_its_own_operand_first() -> None:
    ops = build_trace(PAPER, 2, 1, system="cpu_int8").graphs["encoder"].ops
    for before, op in pairwise(ops):
        if op.kind == "matmul":
            assert (before.kind, before.outputs) == ("quantise", op.data)


@pytest.mark.parametrize("weight_bits", [4, 8])
def test_the_chips_weights_do_not_change_the_cpus(weight_bits: int) -> None:
    numerics = load_preset("edge256", [f"numerics.weight_bits={weight_bits}"]).numerics
    trace = build_trace(PAPER, 2, 1, system="cpu_int8", numerics=numerics)
    assert trace.tensors["enc0.wx"].bits == 8


def test_a_paper_sized_recogniser_waits_for_its_weights_on_an_int8_cpu_as_on_the_chip() -> None:
    chip = load_preset("edge256")
    cpu, nna = (simulate(build_trace(PAPER, 20, 5, system=system), chip) for system in ("cpu_int8", "aat"))
    rate = chip.dram_bytes_per_cycle
    for result in (cpu, nna):
        waited = result.totals.dram_bytes / rate
        assert 1 <= result.extra.busy_cycles / waited < 1.03
    assert cpu.totals.handoffs == 0
    assert cpu.totals.energy_mj > nna.totals.energy_mj


def test_products_follow_the_int8_rate_and_only_the_integer_ones() -> None:
    def cpu_ms(system: str, *overrides: str) -> float:
        fast = ("dram.bytes_per_second=1e14", "host.memory_bytes_per_second=1e14", *overrides)
        return simulate(build_trace(PAPER, 2, 1, system=system), load_preset("edge256", list(fast))).totals.cpu_ms

    assert cpu_ms("cpu_int8", "host.int8_matmul_gops=64") < cpu_ms("cpu_int8", "host.int8_matmul_gops=16")
    assert cpu_ms("float", "host.int8_matmul_gops=64") == cpu_ms("float", "host.int8_matmul_gops=16")
    no_kernels = cpu_ms("cpu_int8", "host.int8_matmul_gops=null")
    assert no_kernels == cpu_ms("cpu_int8", "host.int8_matmul_gops=8", "host.float_matmul_gflops=8")
