"""Each of the five systems that are compared has a colour and a width of its own, in picture and chart."""

from __future__ import annotations

from reports.charts.latency import distribution_chart
from reports.figures.latency import line_width

SYSTEMS = ("float", "cpu_int8", "cpu_fallback", "naive", "aat")


def test_no_two_systems_share_a_colour() -> None:
    (chart,) = distribution_chart("engine", "utterances", {name: [1.0, 2.0, 3.0] for name in SYSTEMS})
    assert chart.legend is not None
    assert len({entry.color for entry in chart.legend.entries}) == len(SYSTEMS)


def test_a_later_curve_is_thinner_so_that_an_equal_one_shows_under_it() -> None:
    widths = [line_width(place) for place in range(len(SYSTEMS))]
    assert widths[:4] == sorted(set(widths[:4]), reverse=True)
