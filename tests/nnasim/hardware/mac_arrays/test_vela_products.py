"""The vector array beside Vela 5.2's cycles of single int8 operators on Ethos-U55-128 and -256 (stride 1 and 2).

``vela_products.csv`` holds Vela's NPU cycles, without what memories add (system Ethos_U55_High_End_Embedded, feature
maps in SRAM), of models of one operator with zero-mean random weights. They are estimates of a compiler.
"""

import csv
from pathlib import Path
from statistics import mean

import pytest

from nnasim.hardware import load_preset
from nnasim.hardware.mac_arrays.law import MatmulTile

Row = dict[str, str]
PRESETS = {"128": "mcu128", "256": "edge256"}


def rows(kind: str) -> list[Row]:
    with (Path(__file__).parent / "vela_products.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == kind]


def error(row: Row) -> float:
    """By how much of Vela's figure the law's differs."""
    law = load_preset(PRESETS[row["macs_per_cycle"]]).mac_array_law
    shape = {name: int(row[name]) for name in ("m", "n", "k", "taps", "groups")}
    cycles = law.tile_cycles(MatmulTile(**shape, flowing=row["kind"] == "bmm"))  # type: ignore[arg-type]
    return cycles / int(row["npu_cycles"]) - 1


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
def test_the_law_is_a_little_below_vela_which_loses_more_where_blocks_are_not_filled(kind: str) -> None:
    errors = [error(row) for row in rows(kind)]
    assert max(errors) < 0.06
    assert mean(errors) > -0.25
    assert min(errors) > -0.81


@pytest.mark.parametrize(("kind", "within"), [("conv", 0.12), ("depthwise", 0.12)])
def test_many_positions_cost_what_vela_says(kind: str, within: float) -> None:
    many = [row for row in rows(kind) if int(row["m"]) >= 400 and row["macs_per_cycle"] == "128"]
    assert len(many) >= 4
    assert max(abs(error(row)) for row in many) < within


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
def test_few_positions_are_bound_by_the_decoder_as_vela_says(kind: str) -> None:
    few = [row for row in rows(kind) if int(row["m"]) <= 16]
    assert len(few) >= 10
    assert max(abs(error(row)) for row in few) < 0.22


def test_products_of_computed_operands_cost_what_vela_makes_of_them() -> None:
    assert max(abs(error(row)) for row in rows("bmm")) < 0.45
    assert mean(abs(error(row)) for row in rows("bmm")) < 0.15
