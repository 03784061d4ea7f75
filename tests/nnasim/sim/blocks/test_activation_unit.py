"""A pass costs what starting it costs, and each element of its kind."""

import pytest
import simpy

from nnasim.hardware import load_preset
from nnasim.hardware.units import NEAREST
from nnasim.sim.blocks.activation_unit import ActivationUnit
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe


def cycles(kind: str, elements: int, *overrides: str) -> int:
    env, chip = simpy.Environment(), load_preset("edge256", list(overrides))
    assert chip.activation_unit is not None
    unit = ActivationUnit(env, Probe(), Sram(env, Probe(), 16, 1, 1), Datapath(), chip.activation_unit)
    return unit.cycles(kind, elements)


@pytest.mark.parametrize(
    ("kind", "elements", "expected"),
    [
        ("table", 1000, 1000),
        ("softmax", 1000, 8000),
        ("mean", 1000, 1300),
        ("copy", 1000, 250),
        ("copy", 1, 1),
        ("slice", 1000, 1000),
        ("split", 1000, 1000),
    ],
)
def test_a_pass_of_a_kind_takes_its_elements_beside_the_fixed_cycles(kind: str, elements: int, expected: int) -> None:
    assert cycles(kind, elements) == 390 + expected


@pytest.mark.parametrize("kind", [kind for kind in NEAREST if kind != "host"])
def test_each_kind_has_a_rate_of_its_own(kind: str) -> None:
    assert cycles(kind, 100, f"activation_unit.{kind}_cycles_per_element=0.1") == 390 + 10
