"""Cycles and integers do not move by accident; on purpose: ``python -m tests.golden.redraw``."""

from typing import get_args

from nnasim.hardware import preset_names
from nnasim.ir.trace import System
from tests.golden import golden_file
from tests.golden.figures import NUMERICS, WORK, cycle_rows, integer_rows


def test_cycles_bytes_and_handoffs_of_every_preset_system_and_shape_are_as_drawn() -> None:
    assert list(golden_file.moved(golden_file.read("cycles.csv"), cycle_rows(), 3)) == []


def test_the_integers_of_every_arithmetic_are_as_drawn() -> None:
    assert list(golden_file.moved(golden_file.read("integers.csv"), integer_rows(), 1)) == []


def test_the_files_hold_every_preset_system_shape_and_arithmetic() -> None:
    drawn = {(row["preset"], row["system"], row["shape"]) for row in golden_file.read("cycles.csv")}
    shapes = [shape.name for shape, _, _ in WORK]
    assert drawn == {(p, s, shape) for p in preset_names() for s in get_args(System) for shape in shapes}
    assert [row["numerics"] for row in golden_file.read("integers.csv")] == list(NUMERICS)


def test_a_figure_that_moves_is_named_with_both_values_and_the_change() -> None:
    old = [{"preset": "a", "cycles": "100", "macs": "7"}, {"preset": "b", "cycles": "5", "macs": "7"}]
    new = [{"preset": "a", "cycles": "105", "macs": "7"}, {"preset": "c", "cycles": "5", "macs": "7"}]
    assert list(golden_file.moved(old, new, 1)) == ["a: cycles 100 -> 105 (+5.00 %)", "b: gone", "c: new"]
