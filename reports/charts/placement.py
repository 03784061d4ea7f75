"""Waterfalls of placement, maps of gain, and the gain at one hand-off that a slider chooses among the simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.chart import INK, PAPER, SHADE, Chart, Columns, Entry, Legend, Slider, Spec
from reports.charts.bars import Bar, Mark, bars
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, colored, told, tooltip
from reports.figures.placement import ADDED, CLAIM_PCT, MAP_TOP_PCT, SAVED, WHOLE, where_the_claim_holds, wrong
from reports.figures.style import BLUE, GREEN, ORANGE, RED, SKY
from reports.study_record import GainMap, Placed
from reports.text import NOT_COMPUTED, number

_COLORS = (BLUE, ORANGE, GREEN, RED, SKY)
_CELL = 30  # pixels
_HEADINGS = ("model", "one hand-off [us]", "DRAM [GB/s]", "gain [%]", "aat, mean [ms]", "cpu_fallback, mean [ms]")


def waterfall_chart(name: str, title: str, steps: Sequence[Placed]) -> tuple[Chart, ...]:
    """Processing time per second of audio, after each group of operations has moved to the chip."""
    stretches, marks, before = list[Bar](), list[Mark](), steps[0].busy_ms_per_s
    longest = max(step.busy_ms_per_s for step in steps)
    for row, step in enumerate(steps):
        now = step.busy_ms_per_s
        tells = (step.label, number(now, 4), number(step.engine_mean_ms, 4), number(step.handoffs_per_s), _scored(step))
        if row in (0, len(steps) - 1):
            stretches.append(Bar(row, 0, now, WHOLE, tells))
        if row:
            stretches.append(Bar(row, min(now, before), max(now, before), ADDED if now > before else SAVED, tells))
        marks.append(Mark(row, max(now, before), f"{number(now)} ({number(step.handoffs_per_s)}/s{wrong(step)})"))
        before = now
    headings = ("moved", "processing [ms/s]", "engine latency, mean [ms]", "hand-offs [1/s]", "WER of aat's weights")
    words = any(step.words for step in steps)
    chart = bars(
        name, title, f"ms of processing per s of audio (hand-offs a second{'; WER of aat' if words else ''})",
        [step.label for step in steps], stretches, headings, looks=(SAVED, ADDED, WHOLE), marks=marks,
        domain=(0, longest),
    )  # fmt: skip
    return (chart,)


def _scored(step: Placed) -> str:
    return wrong(step).removeprefix("; ") or NOT_COMPUTED


def map_chart(name: str, title: str, model: str, grid: GainMap) -> tuple[Chart, ...]:
    """The gain in percent in every cell; those of 5 to 7 % are framed and bold."""
    shade = {
        "field": "gain", "type": "quantitative", "legend": None,
        "scale": {"domain": [0, MAP_TOP_PCT], "range": [{"expr": PAPER}, {"expr": SHADE}], "clamp": True},
    }  # fmt: skip
    framed = {"condition": {"test": "datum.inside", "value": 2}, "value": 0.3}
    spec: Spec = {
        **ACROSS,
        "height": _CELL * len(grid.handoffs_us),
        "params": [],
        "data": {"name": name},
        "encoding": {
            "x": {"field": "rate", "type": "ordinal", "title": "DRAM bandwidth [GB/s]", "axis": {"labelAngle": 0},
                  "scale": {"paddingInner": 0.06}},
            "y": {"field": "handoff", "type": "ordinal", "title": "one hand-off [us]", "sort": "descending",
                  "scale": {"paddingInner": 0.08}},
        },
        "layer": [
            {
                "mark": {"type": "rect", "stroke": {"expr": INK}},
                "encoding": {"color": shade, "strokeWidth": framed, "tooltip": tooltip(_HEADINGS)},
            },
            *(
                {
                    "transform": [{"filter": f"{test}datum.inside"}],
                    "mark": {"type": "text", "aria": False, "tooltip": None, "fontSize": 11, "fontWeight": weight},
                    "encoding": {"text": {"field": "words", "type": "nominal"}},
                }
                for test, weight in (("!", "normal"), ("", "bold"))
            ),
        ],
    }  # fmt: skip
    whole = "; ".join(filter(None, (title, where_the_claim_holds(grid))))
    return (Chart(whole, spec, {name: map_columns({model: grid})}),)


def map_columns(maps: Mapping[str, GainMap]) -> Columns:
    """A row for every simulated point of every map."""
    rows = list[tuple[str, int, float, float, float | None, tuple[str, ...]]]()
    for model, grid in maps.items():
        for step, (handoff, gains) in enumerate(zip(grid.handoffs_us, grid.gains_pct, strict=True)):
            for place, (rate, gain) in enumerate(zip(grid.bandwidths, gains, strict=True)):
                means = tuple(
                    number(grid.engine_mean_ms[system][step][place] if system in grid.engine_mean_ms else None, 4)
                    for system in ("aat", "cpu_fallback")
                )
                tells = (model, f"{handoff:g}", f"{rate / 1e9:g}", number(gain), *means)
                rows.append((model, step, handoff, rate / 1e9, gain, tells))
    low, high = CLAIM_PCT
    return {
        "series": [model for model, *_ in rows],
        "step": [step for _, step, *_ in rows],
        "handoff": [handoff for _, _, handoff, *_ in rows],
        "rate": [float(f"{rate:.6g}") for *_, rate, _, _ in rows],
        "gain": [gain for *_, gain, _ in rows],
        "inside": [gain is not None and low <= gain <= high for *_, gain, _ in rows],
        "words": [NOT_COMPUTED if gain is None else f"{gain:z.1f}" for *_, gain, _ in rows],
        **told({heading: [tells[n] for *_, tells in rows] for n, heading in enumerate(_HEADINGS)}),
    }


def handoff_chart(maps: Mapping[str, GainMap]) -> tuple[Chart, ...]:
    """The gain of every model at one hand-off, over bandwidths: a slider goes through those that were simulated."""
    stops = list(dict.fromkeys(handoff for grid in maps.values() for handoff in grid.handoffs_us))
    if len(stops) < 2 or any(grid.handoffs_us != tuple(stops) for grid in maps.values()):
        return ()
    entries = Legend(tuple(Entry(model, model, _COLORS[n % len(_COLORS)]) for n, model in enumerate(maps)))
    along = {"field": "rate", "type": "ordinal", "title": "DRAM bandwidth [GB/s]", "axis": {"labelAngle": 0}}
    slider = Slider("one hand-off", "step", tuple(f"{value:g} us" for value in stops), len(stops) // 2)
    one: Spec = {"values": [{}]}
    spec: Spec = {
        **ACROSS,
        "height": 240,
        "params": [HIDDEN, {"name": "step", "value": slider.start}],
        "layer": [
            *(
                {"data": one, "mark": {"type": "rule", "color": {"expr": INK}, "strokeDash": dash, "aria": False},
                 "encoding": {"y": {"datum": line}}}
                for line, dash in zip(CLAIM_PCT, ([6, 3], [1, 0]), strict=True)
            ),
            {
                "data": {"name": "gains"},
                "transform": [SHOWN, {"filter": "datum.step === step && isValid(datum.gain)"}],
                "mark": {"type": "bar", "stroke": {"expr": INK}, "strokeWidth": 0.5},
                "encoding": {
                    "x": along,
                    "xOffset": {"field": "series", "sort": list(maps)},
                    "y": {"field": "gain", "type": "quantitative", "title": "gain of aat over cpu_fallback [%]"},
                    "color": colored(entries),
                    "tooltip": tooltip(_HEADINGS),
                },
            },
        ],
    }  # fmt: skip
    title = "Gain at one hand-off: only what was simulated, nothing between"
    return (Chart(title, spec, {"gains": map_columns(maps)}, legend=entries, slider=slider),)
