"""What placements, chips and sizes cost: waterfalls, policies, and the map of the claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nnasim.compiler.policies import POLICIES, placed
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OP_GROUPS, OpGroup, OpTrace, System, Unit, placement_of
from nnasim.service import Cost, cost, schedule
from reports.study_record import GainMap, Placed

PAIR: tuple[System, System] = ("aat", "cpu_fallback")
HANDOFFS_US = (5.0, 10.0, 20.0, 35.0, 50.0, 70.0, 100.0, 200.0)
BANDWIDTHS = (1e9, 2e9, 3.75e9, 6e9, 12e9, 25e9)
Progress = Callable[[str, int, int], None]


def cost_of(trace: OpTrace, chip: NnaConfig) -> Cost:
    """What ``trace`` costs on ``chip``."""
    return cost(schedule(trace, chip), chip)


def gain(fast: Cost, slow: Cost) -> float | None:
    """How much lower the median engine latency of ``fast`` is [%]."""
    before = float(np.median(slow.engine_latency_ms))
    return 100 * (1 - float(np.median(fast.engine_latency_ms)) / before) if before > 0 else None


def gain_map(models: Mapping[System, Mapping[str, OpTrace]], name: str, chip: NnaConfig, progress: Progress) -> GainMap:
    """The gain at every hand-off and bandwidth; the order of programs is found once per system."""
    plans = [schedule(models[system][name], chip) for system in PAIR]
    rows = []
    for done, handoff in enumerate(HANDOFFS_US, start=1):
        chips = [with_times(chip, handoff, bandwidth) for bandwidth in BANDWIDTHS]
        rows.append(tuple(gain(*(cost(plan, one) for plan in plans)) for one in chips))
        progress(f"map {name}", done, len(HANDOFFS_US))
    return GainMap(HANDOFFS_US, BANDWIDTHS, tuple(rows))


def with_times(chip: NnaConfig, handoff_us: float, bandwidth: float) -> NnaConfig:
    """``chip`` with another hand-off and DRAM bandwidth."""
    host = chip.host.model_copy(update={"handoff_us": handoff_us})
    dram = chip.dram.model_copy(update={"bytes_per_second": bandwidth})
    return chip.model_copy(update={"host": host, "dram": dram})


def waterfall(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """From everything on the CPU to everything on the chip, one group of operations at a time."""
    placement: dict[OpGroup, Unit] = dict.fromkeys(OP_GROUPS, "cpu")
    steps = [placed_cost("all on the CPU", trace.model_copy(update={"placement": placement}), chip, seconds)]
    for group in WATERFALL_ORDER:
        placement = {**placement, group: "nna"}
        steps.append(placed_cost(group, trace.model_copy(update={"placement": placement}), chip, seconds))
    return steps


# Matrix products first, as every product begins; then what surrounds them in the order of the data flow.
WATERFALL_ORDER: tuple[OpGroup, ...] = (
    "matmul", "output_layer", "gate_activation", "element_wise", "cell_tanh", "joint_tanh", "argmax", "embedding",
    "input_quantise",
)  # fmt: skip


def placed_cost(label: str, trace: OpTrace, chip: NnaConfig, seconds: float) -> Placed:
    """One placement's figures per second of audio."""
    found = cost_of(trace, chip)
    p50 = float(np.median(found.engine_latency_ms))
    return Placed(label, p50, found.busy_ms / seconds, found.handoffs / seconds)


def by_policy(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """Every policy, between the two systems that it lies between."""
    fallback = trace.model_copy(update={"placement": placement_of("cpu_fallback")})
    return [
        placed_cost("all on the chip", trace, chip, seconds),
        *(placed_cost(name, placed(trace, policy), chip, seconds) for name, policy in POLICIES.items()),
        placed_cost("cpu_fallback", fallback, chip, seconds),
    ]
