"""Titles of pictures say what was found."""

from reports.ends import ends
from reports.figures.roofline import Layer, Roof, finding
from reports.figures.where import block_finding, part_finding
from reports.operations import BlockShare, PartTime


def text(value: float) -> str:
    return f"{value:.1f} ms"


def test_the_lowest_and_the_highest_are_named_with_all_that_read_the_same() -> None:
    assert ends({"float": 2.4, "naive": 0.3, "aat": 0.31}, text) == "0.3 ms (naive, aat) to 2.4 ms (float)"
    assert ends({"a": 1, "b": 1, "c": 1, "d": 2}, text) == "1.0 ms (a, b and 1 more) to 2.0 ms (d)"


def test_figures_that_read_the_same_are_said_once() -> None:
    assert ends({"a": 1.0, "b": 1.01}, text) == "1.0 ms for each"
    assert ends({"a": 1.0}, text) == "1.0 ms"


def test_a_title_names_the_part_that_takes_most_and_the_busiest_block() -> None:
    times = [PartTime("matmul", "nna", 1.0, 1.0), PartTime("handoff", "cpu", 6.0, 0.0)]
    assert part_finding("aat", times) == "aat: handoff (cpu) takes 75 % of the blocks' time"
    assert part_finding("aat", []) == "aat"
    shares = [BlockShare("dma", 0.25, 0.5, 0.25), BlockShare("host", 0.5, 0.0, 0.5)]
    assert block_finding(shares) == "host is busiest, 50.0 % of the time"
    shares.append(BlockShare("dram", 0.4999, 0.0, 0.5))
    assert block_finding(shares) == "host and dram are busiest, 50.0 % of the time"


def test_layers_that_read_nothing_are_under_the_roof_of_the_mac_array() -> None:
    resident = Roof([Layer("enc0", None, 1e9), Layer("enc1", None, 2e9)], 100e9, 4e9)
    assert finding("aat", resident) == "aat: the MAC array is the roof of 2 of 2 layers, the best at 2 % of it"
    read = Roof([Layer("enc0", 1.0, 2e9), Layer("enc1", None, 1e9)], 100e9, 4e9)
    assert finding("aat", read) == "aat: DRAM is the roof of 1 of 2 layers, the best at 50 % of it"
