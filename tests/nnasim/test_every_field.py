"""Every field of a chip changes some figure of some run, or is refused, or is declared to describe and nothing else."""

from typing import Any, get_args

import pytest

from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.hardware.units import NEAREST
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from tests.nnasim.hardware.other_values import fields, other_chips
from tests.nnasim.ir.foreign_traces import TRACES
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8, layer_norm=True,
)  # fmt: skip

DESCRIPTIVE = {"name", "description", "validated"}
WITH_ITS_TABLE = {"energy.node_nm", "area.node_nm"}  # refused alone: tests of the tables
IN_INTEGERS = {  # what decides integers and not cycles is tested where integers are
    "numerics.activation_range", "numerics.pwl_segments", "numerics.pwl_fit", "numerics.cell_range",
    "numerics.accumulator_bits", "numerics.overflow", "numerics.multiplier_bits", "numerics.rounding",
    "numerics.per_channel",
}  # fmt: skip

OF_OTHER_KINDS = {  # no recogniser has such an operation, other models have
    "mac_array.flowing_macs_per_cycle", "host.conv_ratio", "host.bmm_ratio", "host.host_ns_per_element",
    *(f"{unit}.{kind}_{rate}_per_element" for kind in NEAREST for unit, rate in
      (("activation_unit", "cycles"), ("host", "ns"))),
}  # fmt: skip

# Weights stream through a narrow SRAM, other software takes the CPU and crossings have a price for each byte.
TIGHT: dict[str, Any] = {
    "sram.bytes": 16384, "sram.weight_tile_bytes": 512, "dma.outstanding_bursts": 1, "host.handoff_copy_ns_per_byte": 1,
    "host.cache_bytes": 4096,
}  # fmt: skip
LOADED = {"host.other_load_per_second": 20_000, "host.other_load_us": 20}
SYSTOLIC = {"mac_array.kind": "systolic", "mac_array.macs_per_cycle": None, "mac_array.decoded_weights_per_cycle": None}
WRITTEN = {
    "sequencer.register_writes_per_pass": 4, "sequencer.register_writes_per_product": 8,
    "sequencer.register_write_cycles": 2,
}  # fmt: skip
BESIDE: dict[str, dict[str, Any]] = {
    **dict.fromkeys((*WRITTEN, "sequencer.register_groups"), WRITTEN),
    **{
        field: {**SYSTOLIC, "mac_array.rows": 16, "mac_array.cols": 8} for field in ("mac_array.rows", "mac_array.cols")
    },
    "mac_array.dataflow": {**SYSTOLIC, "mac_array.rows": 16, "mac_array.cols": 8},
    **dict.fromkeys(("host.other_load_per_second", "host.other_load_us", "host.other_load_seed"), LOADED),
    **{f"energy.dram_pj_per_byte.{kind}": {"dram.kind": kind} for kind in ("ddr3", "ddr4", "lpddr5", "hbm2", "flash")},
}


def figures(chip: NnaConfig) -> dict[str, Any]:
    """What every system costs on ``chip``, without what only says which chip it was."""
    by_system = {}
    traces = {system: build_trace(SHAPE, 4, 2, system=system, numerics=chip.numerics) for system in get_args(System)}
    for system, trace in [*traces.items(), ("mixed", mixed(traces["aat"]))]:
        result = simulate(trace, chip).model_dump(mode="json")
        for name in ("preset", "hardware", "hardware_hash", "numerics_hash", "trace_hash", "versions", "clock_hz"):
            result.pop(name)
        by_system[system] = result
    return by_system


def mixed(trace: OpTrace) -> OpTrace:
    """The input is quantised on the chip, and one product runs on the CPU whose accumulators the chip rescales."""
    products = {op.name: "cpu" for op in trace.graphs["joint"].ops if op.kind == "matmul"}
    return trace.model_copy(
        update={"placement": {**trace.placement, "input_quantise": "nna"}, "op_placement": products}
    )


@pytest.mark.parametrize(
    "field", [field for field in fields() if field not in DESCRIPTIVE | WITH_ITS_TABLE | IN_INTEGERS | OF_OTHER_KINDS]
)
def test_changing_a_field_changes_a_figure_or_is_refused(field: str) -> None:
    chip = load_preset("edge256").with_({**TIGHT, **BESIDE.get(field, {})})
    before, tried = figures(chip), 0
    for other in other_chips(chip, field):
        tried += 1
        try:
            if figures(other) != before:
                return
        except NnasimError:
            return
    pytest.fail(f"{field}: {tried} other values, and no figure moved")


@pytest.mark.parametrize("field", sorted(OF_OTHER_KINDS & set(fields())))
def test_changing_a_rate_of_a_kind_that_recognisers_lack_changes_a_figure_of_other_models(field: str) -> None:
    chip = load_preset("edge256")
    before = of_other_models(chip)
    assert any(of_other_models(other) != before for other in other_chips(chip, field)), field


def of_other_models(chip: NnaConfig) -> list[int]:
    """Cycles of small models with every kind of operation on ``chip``, as placed and all on the CPU."""
    cycles = []
    for name in TRACES:
        trace = TRACES[name]().model_copy(update={"numerics": chip.numerics})
        for placement in (trace.placement, dict.fromkeys(trace.placement, "cpu")):
            cycles.append(simulate(trace.model_copy(update={"placement": placement}), chip).totals.cycles)
    return cycles


@pytest.mark.parametrize("field", sorted(DESCRIPTIVE))
def test_what_describes_changes_nothing(field: str) -> None:
    chip = load_preset("edge256").with_(TIGHT)
    other = chip.with_({field: "another"})
    assert figures(other) == figures(chip)
    assert other.digest() == chip.digest()
