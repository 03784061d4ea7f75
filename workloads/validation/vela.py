"""Tables of Arm's Vela 5.2: its own estimates for Ethos-U, predicted by weights, feature maps and lanes.

A network's cycles are bound by the slowest of: multiplying, decoding weights, reading weights from their memory, and
moving feature maps if those are in DRAM. Vela's block search, command stream and compression are not imitated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nnasim.units import ceil_div
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind

BIAS_BYTES = 10  # source: Ethos-U's packed bias and scale per output channel
# Output channels of a block, so how often feature maps in DRAM are read again: derived, twice that for few rows.
BLOCK_DEPTH = {"ethos-u85-2048": 32}
USUAL_BLOCK_DEPTH = 16
FEW_ROWS = 16
OUTPUT_BURST = 4  # derived: bytes moved per output byte that is written to DRAM in short bursts

MACS_PER_CYCLE = {name: int(name.rsplit("-", 1)[1]) for name in (
    "ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512",
    "ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048",
)}  # fmt: skip
# derived from Vela's code: 8 decoded weights per cycle and core; the U85's decoder grows with its lanes
DECODED_PER_CYCLE = {"u55": 8.0, "u65": 16.0, "u85": 16.0}
WIDE_DECODER = {"ethos-u85-512": 32.0, "ethos-u85-1024": 64.0, "ethos-u85-2048": 64.0}

# Bytes per core cycle from the memory that holds the weights. U55, U65: source, Vela's system configurations
# (flash 0.5 GB/s at 500 MHz, DRAM 12 GB/s at 1 GHz). U85: derived from Vela's cycles for 4096 x 1024 weights.
WEIGHT_BYTES_PER_CYCLE = {
    ("ethos-u85-256", "Ethos_U85_SYS_DRAM_Mid"): 3.2768,
    ("ethos-u85-1024", "Ethos_U85_SYS_DRAM_Mid"): 10.48576,
    ("ethos-u85-2048", "Ethos_U85_SYS_DRAM_Mid"): 10.48576,
    ("ethos-u85-2048", "Ethos_U85_SYS_DRAM_High"): 13.1072,
}
# The same for feature maps, if it differs: derived from Vela's cycles for 512 x 512 x 512.
MAP_BYTES_PER_CYCLE = {"ethos-u85-1024": 13.1072, "ethos-u85-2048": 13.1072}
WEIGHTS_DOMINATE = 4  # how much longer weights must take than anything else for a network to count as bound by them
SYSTEM_BYTES_PER_CYCLE = {"Ethos_U55_High_End_Embedded": 1.0, "Ethos_U65_Client_Server": 12.0}


@dataclass(frozen=True)
class Network:
    """The work of one run: ``weights`` bytes over all steps, ``macs``, and M x N x K if it is one matmul."""

    weights: int
    macs: int
    matmul: tuple[int, int, int] | None

    @property
    def weight_bytes(self) -> int:
        """Weights and, if the channels are known, their biases."""
        return self.weights + (BIAS_BYTES * self.matmul[1] if self.matmul else 0)

    def feature_map_bytes(self, block_depth: int) -> tuple[int, int]:
        """(inputs with every further read per block of output channels, outputs)."""
        if self.matmul is None:
            return 0, 0
        m, n, k = self.matmul
        depth = 2 * block_depth if m <= FEW_ROWS else block_depth
        return m * k * ceil_div(n, depth), m * n


def network(row: MeasuredRow) -> Network:
    """The network that ``layer`` names: ``gN`` and ``gMxNxK`` are matmuls, ``..._tT`` runs T steps, all at batch 1."""
    name, macs = row.text("layer"), row.integer("macs")
    weights = row.integer("weights_KiB")  # bytes, whatever the column's name says
    if match := re.fullmatch(r"g(\d{1,7})(?:x(\d{1,7})x(\d{1,7}))?", name):
        m, n, k = (int(part or match[1]) for part in match.groups())
        if not m * n * k or m * n * k != macs:
            raise row.refuse("macs", f"layer {name} has {m * n * k}")
        return Network(weights, macs, (m, n, k))
    steps = re.search(r"_t(\d{1,6})$", name)
    return Network(weights * int(steps[1] if steps else 1), macs, None)


def _bytes_per_cycle(row: MeasuredRow, config: str, system: str) -> float:
    rate = SYSTEM_BYTES_PER_CYCLE.get(system) or WEIGHT_BYTES_PER_CYCLE.get((config, system))
    if rate is None:
        systems = ", ".join(sorted({*SYSTEM_BYTES_PER_CYCLE, *(key[1] for key in WEIGHT_BYTES_PER_CYCLE)}))
        raise row.refuse("system_config", f"cannot be simulated on {config}: no bandwidth known; known are {systems}")
    return rate


def bounds(row: MeasuredRow, bytes_per_cycle: float | None = None) -> dict[str, float]:
    """Cycles that each bottleneck alone would take.

    ``bytes_per_cycle``: the rate of the memory, in place of the one that the row's system has.
    """
    config = row.choice("config", tuple(MACS_PER_CYCLE))
    family, net = config.split("-")[1], network(row)
    rate = bytes_per_cycle or _bytes_per_cycle(row, config, row.text("system_config"))
    map_rate = bytes_per_cycle or MAP_BYTES_PER_CYCLE.get(config, rate)
    on_chip = row.text("memory_mode") == "Sram_Only"
    inputs, outputs = net.feature_map_bytes(BLOCK_DEPTH.get(config, USUAL_BLOCK_DEPTH))
    map_bytes = inputs + (OUTPUT_BURST if family == "u65" else 1) * outputs
    return {
        "lanes": net.macs / MACS_PER_CYCLE[config],
        "decode": net.weights / WIDE_DECODER.get(config, DECODED_PER_CYCLE[family]),
        "weights": 0.0 if on_chip else net.weight_bytes / rate,
        "maps": 0.0 if family == "u55" else map_bytes / map_rate,
    }


def predict(row: MeasuredRow, bytes_per_cycle: float | None = None) -> Prediction:
    """The prediction of a network. On the U65, weights and feature maps take turns on a DRAM port; else they overlap.

    ``bytes_per_cycle``: as in ``bounds``.
    """
    cost = bounds(row, bytes_per_cycle)
    family = row.text("config").split("-")[1]
    moved = cost["weights"] + cost["maps"] if family == "u65" else max(cost["weights"], cost["maps"])
    cycles = max(cost["lanes"], cost["decode"], moved)
    from_weights = max(cost["weights"], cost["decode"]) > WEIGHTS_DOMINATE * max(cost["lanes"], cost["maps"])
    group = "weight_bound" if from_weights else "feature_maps_or_lanes"
    roofline = max(cost["lanes"], cost["weights"])
    return Prediction(group, round(cycles), row.integer("cycles_total"), round(roofline))


KIND = TableKind(
    "vela",
    frozenset({"config", "system_config", "memory_mode", "layer", "cycles_total", "weights_KiB", "macs"}),
    predict,
    {
        "weight_bound": "reading or decoding weights takes more than four times any other bound",
        "feature_maps_or_lanes": "Vela searches block shapes and reads feature maps from DRAM again per block; "
        "this law knows the lanes and a fixed block depth only",
    },
)
