"""Tables of NVDLA's full configuration: passes of the output stage, products with work behind them, LSTM steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from nnasim import limits
from nnasim.hardware import load_preset
from nnasim.sim.nvdla.layer import Design, Layer, Memory
from nnasim.sim.nvdla.lstm import Chain, lstm_step
from nnasim.sim.nvdla.passes import Pass, run_pass
from nnasim.sim.nvdla.pipeline import FULL_CONFIGURATION, run_layer
from nnasim.sim.nvdla.steps import Host, HostMode, Operation, OperationTiming, run_chain
from nnasim.units import ceil_div
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.nvdla import LARGEST_SIZE, MOST_BEATS, checked, design_of, layer_roofline, memory_of
from workloads.validation.nvdla_names import fused_path, pass_path
from workloads.validation.prediction import Prediction, TableKind

CHAIN_NAMES: dict[str, Chain] = {"unfused10": "unfused10", "fused7": "fused7"}
HOST_MODES: dict[str, HostMode] = {"one": "one", "pingpong": "pingpong"}
PRESET = "nvdla_full"
LARGEST_LSTM = limits.NVDLA_LSTM
STEPS = 2  # the second one begins in the state in which every later one does


def predict_pass(row: MeasuredRow) -> Prediction:
    """The prediction of a pass by itself. Raises InputError if it is too large to be simulated.

    One position of N channels and N / 8 of 8 take the same: the same beats.
    """
    row.choice("layout", ("channel", "line"))
    design, memory = design_of(row), memory_of(row)
    elementwise = Pass(design, row.integer("N", 1, LARGEST_SIZE), pass_path(row, "op"))
    if elementwise.read_beats > MOST_BEATS:
        raise row.refuse("N", f"cannot be simulated: more than {MOST_BEATS:,} beats")
    return Prediction(
        group=row.text("op"),
        simulated=run_pass(elementwise, memory).total,
        measured=row.integer("total_cycles"),
        roofline=pass_roofline(elementwise, memory),
    )


def pass_roofline(elementwise: Pass, memory: Memory) -> int:
    """Cycles of the slowest of reading, computing and writing, each at its peak rate."""
    rate = elementwise.path.values_per_cycle(elementwise.design.outputs_per_cycle)
    beat = max(memory.cycles_per_read_beat, 1.0)
    return max(int(beat * elementwise.read_beats), ceil_div(elementwise.values, rate), elementwise.write_beats)


def predict_fused(row: MeasuredRow) -> Prediction:
    """The prediction of a product with work behind it."""
    m, k, n = (row.integer(column, 1, LARGEST_SIZE) for column in ("M", "K", "N"))
    layer = checked(row, Layer(design_of(row), m, k, n, path=fused_path(row, "variant")))
    memory = memory_of(row)
    return Prediction(
        group=row.text("variant"),
        simulated=run_layer(layer, memory, FULL_CONFIGURATION).total,
        measured=row.integer("total_cycles"),
        roofline=layer_roofline(layer, memory),
    )


@dataclass(frozen=True)
class Lstm:
    """Steps of an LSTM as a row describes them."""

    chain: Chain
    host_mode: HostMode
    design: Design
    memory: Memory
    inputs: int
    units: int

    @property
    def operations(self) -> list[Operation]:
        """The operations of one step."""
        return lstm_step(self.chain, self.design, self.inputs, self.units)

    @property
    def group(self) -> str:
        """The group that its rows belong to."""
        return f"{self.chain}_{self.host_mode}"


@lru_cache(maxsize=64)
def timings(lstm: Lstm) -> list[OperationTiming]:
    """Every operation of two steps, with the host of the preset."""
    sequencer = load_preset(PRESET).sequencer
    host = Host(
        cycles_per_write=sequencer.register_write_cycles,
        cycles_per_interrupt=sequencer.interrupt_cycles,
        groups=1 if lstm.host_mode == "one" else 2,
    )
    return run_chain(lstm.operations * STEPS, lstm.memory, host)


def lstm_of(row: MeasuredRow) -> Lstm:
    """The steps that the row ran."""
    lstm = Lstm(
        chain=CHAIN_NAMES[row.choice("chain", tuple(CHAIN_NAMES))],
        host_mode=HOST_MODES[row.choice("host_mode", tuple(HOST_MODES))],
        design=design_of(row),
        memory=memory_of(row),
        inputs=row.integer("I", 1, LARGEST_LSTM),
        units=row.integer("H", 1, LARGEST_LSTM),
    )
    for operation in lstm.operations:
        if isinstance(operation.work, Layer):
            checked(row, operation.work, "H")
    return lstm


def predict_step(row: MeasuredRow) -> Prediction:
    """The prediction of a chain's second step, from the interrupt of the first one's last operation to its own."""
    lstm = lstm_of(row)
    ends = [timing.interrupt for timing in timings(lstm)]
    return Prediction(
        group=lstm.group,
        simulated=round(ends[-1] - ends[len(lstm.operations) - 1]),
        measured=row.integer("step1_cycles"),
        roofline=sum(_roofline(operation.work, lstm.memory) for operation in lstm.operations),
    )


def predict_operation(row: MeasuredRow) -> Prediction:
    """The prediction of one operation of a chain, from its last register write to its interrupt."""
    lstm, step = lstm_of(row), row.integer("step", 0, STEPS - 1)
    operations = lstm.operations
    index = row.integer("layer_index", 0, len(operations) - 1)
    row.choice("layer", (operations[index].name,))
    return Prediction(
        group=lstm.group,
        simulated=round(timings(lstm)[step * len(operations) + index].cycles),
        measured=row.integer("enable_to_interrupt_cycles"),
        roofline=_roofline(operations[index].work, lstm.memory),
    )


def _roofline(work: Layer | Pass, memory: Memory) -> int:
    return layer_roofline(work, memory) if isinstance(work, Layer) else pass_roofline(work, memory)


_LSTM_NOTES = {
    f"{chain}_{mode}": f"{operations}; {host}"
    for chain, operations in (
        ("unfused10", "ten operations a step"),
        ("fused7", "seven a step, sums and tables behind the recurrent products"),
    )
    for mode, host in (
        ("one", "registers are written after the interrupt of the operation before"),
        ("pingpong", "registers are written ahead, in the group that is free"),
    )
}
_MEMORY = ("read_latency", "cycles_per_read_beat", "write_latency")
_HARDWARE = ("atomC", "atomK", "bus_bytes", "outputs_per_cycle", "buffer_bytes")
_LSTM = frozenset({*_HARDWARE, *_MEMORY, "chain", "host_mode", "I", "H"})
KINDS = (
    TableKind(
        "nvdla_full_passes",
        frozenset({*_HARDWARE, *_MEMORY, "op", "layout", "N", "max_outstanding_reads", "total_cycles"}),
        predict_pass,
        usual_note="a pass of the output stage, memory to memory",
    ),
    TableKind(
        "nvdla_full_fused",
        frozenset({*_HARDWARE, *_MEMORY, "variant", "M", "K", "N", "max_outstanding_reads", "total_cycles"}),
        predict_fused,
        usual_note="a product with this work behind it",
    ),
    TableKind("nvdla_full_lstm", _LSTM | {"step1_cycles"}, predict_step, _LSTM_NOTES),
    TableKind(
        "nvdla_full_lstm_layers",
        _LSTM | {"step", "layer_index", "layer", "enable_to_interrupt_cycles"},
        predict_operation,
        _LSTM_NOTES,
    ),
)
