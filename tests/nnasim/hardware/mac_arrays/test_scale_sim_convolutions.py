"""The systolic array computes SCALE-Sim 3.0's convolutions in its cycles, in all three dataflows.

``scale_sim_convolutions.csv``: stall-free "Total Cycles" of its report (the index of the last cycle) on arrays of three
sizes. Its outputs are as many as strides begin, the last of which need not be whole.
"""

import csv
from pathlib import Path

import pytest

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MatmulTile, mac_array_law
from nnasim.units import ceil_div

with (Path(__file__).parent / "scale_sim_convolutions.csv").open(newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_every_convolution_takes_scale_sims_cycles(dataflow: str) -> None:
    rows = [row for row in ROWS if row["dataflow"] == dataflow]
    assert len(rows) == 24
    for row in rows:
        assert cycles(row) == int(row["cycles"]) + 1, row


def test_a_depthwise_convolution_is_as_many_of_its_layers_of_one_channel_and_filter() -> None:
    for row in (row for row in ROWS if row["channels"] == row["filters"] == "1"):
        assert cycles(row, groups=12) == 12 * cycles(row)


def cycles(row: dict[str, str], groups: int = 1) -> int:
    size = {name: int(value) for name, value in row.items() if name != "dataflow"}
    positions = 1
    for axis in ("height", "width"):
        positions *= ceil_div(size[f"ifmap_{axis}"] - size[f"filter_{axis}"], size["stride"]) + 1
    taps = size["filter_height"] * size["filter_width"]
    law = mac_array_law(
        MacArrayConfig(kind="systolic", rows=size["rows"], cols=size["cols"], dataflow=row["dataflow"])  # type: ignore[arg-type]
    )
    tile = MatmulTile(positions, groups * size["filters"], size["channels"] * taps, taps=taps, groups=groups)
    return law.tile_cycles(tile)
