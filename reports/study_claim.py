"""The claim's section: the gain over hand-off and bandwidth, and how it depends on the rate of symbols."""

from __future__ import annotations

from reports.blocks import Figure, Section, Table
from reports.charts.placement import handoff_chart, map_chart
from reports.figures.placement import gain_map
from reports.study_record import GainMap, LatencyStudy


def claim(study: LatencyStudy) -> Section:
    """Maps of the gain as pictures and as numbers, one for each model."""
    return Section(
        "claim",
        "The claim: 5 to 7 % of engine latency",
        (
            "How much lower the mean engine latency is when everything stays on the chip (aat) than when "
            "activations, gates and the joint go to the CPU (cpu_fallback). Every percentage belongs to its hand-off "
            "and bandwidth.",
            "The CPU alone, with int8 weights and products (cpu_int8), stands beside them: a recogniser that waits for "
            "its weights waits for the same DRAM on either unit, so there the accelerator buys energy and a free CPU, "
            "not speed.",
            *_fallen(study),
            *(_map(study, place, name, grid) for place, (name, grid) in enumerate(study.maps.items())),
            _here(study),
            _systems(study),
            _efficiencies(study),
            _symbol_rates(study),
            _maps(study),
        ),
    )


def _map(study: LatencyStudy, place: int, model: str, grid: GainMap) -> Figure:
    """The map of one model; beside the first one the gains of all models at one hand-off."""
    name, title = f"map-{model}", f"{model}: gain of aat over cpu_fallback [%]"
    caption = "Mean engine latency. Framed and bold: 5 to 7 %, as the paper reports; dashed line 5 %, solid line 7 %."
    charts = (*map_chart(name, title, model, grid), *(handoff_chart(study.maps) if place == 0 else ()))
    return Figure(name, gain_map(name, title, grid), caption, charts)


def _fallen(study: LatencyStudy) -> tuple[str, ...]:
    if not study.fallen:
        return ()
    kinds = ", ".join(kind.replace("_", " ") for kind in study.fallen)
    return (
        f"{study.preset} has no unit for {kinds}: in aat and naive too they fell back to the CPU, at its hand-offs.",
    )


def _here(study: LatencyStudy) -> Table:
    rows = tuple((name, study.weights[name], grid.here_pct) for name, grid in study.maps.items())
    return Table("gain", f"Gain on {study.preset} as it is", ("model", "weights", "gain [%]"), rows)


_SYSTEMS = (
    "model", "system", "engine latency mean [ms]", "processing [ms per s of audio]", "hand-offs [1/s]",
)  # fmt: skip


def _systems(study: LatencyStudy) -> Table:
    rows = tuple(
        (name, placement.label, placement.engine_mean_ms, placement.busy_ms_per_s, placement.handoffs_per_s)
        for name, systems in study.systems.items()
        for placement in systems
    )
    return Table("systems", f"Every system on {study.preset}", _SYSTEMS, rows)


def _efficiencies(study: LatencyStudy) -> Table:
    systems = list(next(iter(study.efficiencies.values()))[0].engine_mean_ms)
    rows = tuple(
        (name, gain.efficiency, *(gain.engine_mean_ms[system] for system in systems), gain.gain_pct)
        for name, gains in study.efficiencies.items()
        for gain in gains
    )
    return Table(
        "efficiency",
        f"What the DRAM really delivers: {study.preset} at other values of dram.efficiency",
        ("model", "part of the peak rate [1]", *(f"engine latency of {system} [ms]" for system in systems), "gain [%]"),
        rows,
        "No DRAM delivers its peak. How much arrives depends on the controller and on what else reads, so the range is "
        "assumed.",
    )


def _maps(study: LatencyStudy) -> Table:
    rates = next(iter(study.maps.values())).bandwidths
    rows = tuple(
        (name, handoff, *gains)
        for name, grid in study.maps.items()
        for handoff, gains in zip(grid.handoffs_us, grid.gains_pct, strict=True)
    )
    return Table(
        "gain_map",
        "The maps as numbers: gain [%] at each DRAM bandwidth",
        ("model", "hand-off [us]", *(f"gain [%] at {rate / 1e9:g} GB/s" for rate in rates)),
        rows,
        "Where cpu_fallback can no longer keep up with the speech, its backlog makes the gain jump.",
    )


_RATES = (
    "model", "pieces per symbol", "symbols [1/s]", "gain in engine latency [%]", "gain in processing time [%]",
    "processing of aat [ms per s of audio]",
)  # fmt: skip


def _symbol_rates(study: LatencyStudy) -> Table:
    rows = tuple(
        (name, gain.pieces, gain.symbols_per_s, gain.engine_pct, gain.busy_pct, gain.aat_busy_ms_per_s)
        for name, gains in study.rates.items()
        for gain in gains
    )
    return Table(
        "symbol_rates",
        f"How the gain on {study.preset} hangs on the rate of symbols",
        _RATES,
        rows,
        "A sub-word recogniser emits several pieces a word. How many a second is assumed, not measured: the real "
        "decodes' symbols, each as 1 to 8 pieces. Pieces leave one encoder output apart, the last when the symbol "
        "really left.",
    )
