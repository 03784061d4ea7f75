"""The costs of placements, chips, sizes and symbol rates: waterfalls, policies, and the map of the claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnasim.analysis.change import gain_pct
from nnasim.compiler.policies import POLICIES, placed
from nnasim.fast_latency import Cost, cost, schedule
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import RECOGNISER_GROUPS, OpGroup, OpTrace, System, Unit, placement_of
from reports.study_record import EfficiencyGain, GainMap, Placed, RateGain
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import RnntShape

PAIR: tuple[System, System] = ("aat", "cpu_fallback")
# Matrix products first, as every product begins; then what surrounds them in the order of the data flow.
WATERFALL_ORDER: tuple[OpGroup, ...] = (
    "matmul",
    "output_layer",
    "gate_activation",
    "element_wise",
    "cell_tanh",
    "joint_tanh",
    "argmax",
    "embedding",
    "input_quantise",
)


def cost_of(trace: OpTrace, chip: NnaConfig) -> Cost:
    """The cost of ``trace`` on ``chip``."""
    return cost(schedule(trace, chip), chip)


def gain(fast: Cost, slow: Cost) -> float | None:
    """The percentage by which the mean engine latency of ``fast`` is lower than that of ``slow``."""
    before = float(np.mean(slow.engine_latency_ms))
    return gain_pct(before, float(np.mean(fast.engine_latency_ms))) if before > 0 else None


def gain_map(
    traces: Mapping[System, OpTrace], chip: NnaConfig, handoffs_us: Sequence[float], bandwidths: Sequence[float]
) -> GainMap:
    """The gain on ``chip`` and at every hand-off and bandwidth; the order of programs is found once per system."""
    plans = [schedule(traces[system], chip) for system in PAIR]

    def costs(variant: NnaConfig) -> tuple[Cost, Cost]:
        fast, slow = (cost(plan, variant) for plan in plans)
        return fast, slow

    cells = [[costs(with_times(chip, handoff, bandwidth)) for bandwidth in bandwidths] for handoff in handoffs_us]
    return GainMap(
        handoffs_us=tuple(handoffs_us),
        bandwidths=tuple(bandwidths),
        gains_pct=tuple(tuple(gain(*pair) for pair in row) for row in cells),
        here_pct=gain(*costs(chip)),
        engine_mean_ms={
            system: tuple(tuple(float(np.mean(pair[place].engine_latency_ms)) for pair in row) for row in cells)
            for place, system in enumerate(PAIR)
        },
    )


def with_times(chip: NnaConfig, handoff_us: float, bandwidth: float) -> NnaConfig:
    """``chip`` with another hand-off and DRAM bandwidth."""
    return chip.with_({"host.handoff_us": handoff_us, "dram.bytes_per_second": bandwidth})


def efficiency_gains(
    traces: Mapping[System, OpTrace], chip: NnaConfig, efficiencies: Sequence[float]
) -> tuple[EfficiencyGain, ...]:
    """Every system's latency, and the gain, if the DRAM of ``chip`` delivered another part of its peak rate."""
    plans = {system: schedule(trace, chip) for system, trace in traces.items()}

    def at(efficiency: float) -> EfficiencyGain:
        costs = {system: cost(plan, chip.with_({"dram.efficiency": efficiency})) for system, plan in plans.items()}
        means: dict[str, float] = {
            system: float(np.mean(system_cost.engine_latency_ms)) for system, system_cost in costs.items()
        }
        return EfficiencyGain(efficiency, means, gain(*(costs[system] for system in PAIR)))

    return tuple(at(efficiency) for efficiency in efficiencies)


def rate_gains(
    traces: Mapping[System, OpTrace], shape: RnntShape, chip: NnaConfig, pieces: Sequence[int]
) -> tuple[RateGain, ...]:
    """The gain on ``chip`` if every symbol of the decodes were as many pieces of a word; ``traces``: the decodes."""
    return tuple(_rate_gain(traces, shape, chip, count) for count in pieces)


def _rate_gain(traces: Mapping[System, OpTrace], shape: RnntShape, chip: NnaConfig, pieces: int) -> RateGain:
    spoken = [retimed_trace(traces[system].utterances, shape, system, chip.numerics, pieces) for system in PAIR]
    fast, slow = (cost_of(trace, chip) for trace in spoken)
    seconds = sum(utterance.audio_seconds for utterance in spoken[0].utterances)
    symbols = sum(len(utterance.emissions) for utterance in spoken[0].utterances)
    busy = gain_pct(slow.busy_ms, fast.busy_ms)
    return RateGain(
        pieces=pieces,
        symbols_per_s=symbols / seconds,
        engine_pct=gain(fast, slow),
        busy_pct=busy,
        aat_busy_ms_per_s=fast.busy_ms / seconds,
    )


def waterfall_steps() -> Iterator[tuple[str, dict[OpGroup, Unit]]]:
    """(label, placement) from everything on the CPU to everything on the chip, one group of operations at a time."""
    placement: dict[OpGroup, Unit] = dict.fromkeys(RECOGNISER_GROUPS, "cpu")
    yield "all on the CPU", placement
    for group in WATERFALL_ORDER:
        placement = {**placement, group: "nna"}
        yield group, placement


def waterfall_traces(trace: OpTrace) -> Iterator[tuple[str, OpTrace]]:
    """``trace`` under each step of the waterfall."""
    for label, placement in waterfall_steps():
        yield label, trace.model_copy(update={"placement": placement, "op_placement": {}})


def by_system(traces: Mapping[System, OpTrace], chip: NnaConfig, seconds: float) -> list[Placed]:
    """The cost of each system."""
    return [placed_cost(system, trace, chip, seconds) for system, trace in traces.items()]


def policy_traces(trace: OpTrace) -> Iterator[tuple[str, OpTrace]]:
    """``trace`` under every policy, between "all on the chip" and "cpu_fallback"."""
    yield "all on the chip", trace.model_copy(update={"placement": placement_of("aat")})
    for name, policy in POLICIES.items():
        yield name, placed(trace, policy)
    yield "cpu_fallback", trace.model_copy(update={"placement": placement_of("cpu_fallback")})


def waterfall(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """The cost of each step of the waterfall."""
    return [placed_cost(label, placed_trace, chip, seconds) for label, placed_trace in waterfall_traces(trace)]


def by_policy(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """The cost of each policy."""
    return [placed_cost(label, placed_trace, chip, seconds) for label, placed_trace in policy_traces(trace)]


def placed_cost(label: str, trace: OpTrace, chip: NnaConfig, seconds: float) -> Placed:
    """One placement's figures per second of audio."""
    trace_cost = cost_of(trace, chip)
    mean = float(np.mean(trace_cost.engine_latency_ms))
    return Placed(label, mean, trace_cost.busy_ms / seconds, trace_cost.handoffs / seconds)
