"""The activation unit of a chip, seen alone, and one that a session adds."""

import pytest

import nnasim
from nnasim.errors import ConfigError
from nnasim.numerics.activation import UnitKind
from nnasim.numerics.activation_units.registry import UNITS
from tests.nnasim.numerics.rational_unit import RATIONAL


@pytest.fixture
def rational(monkeypatch):
    monkeypatch.setattr(UNITS, "_added", {})
    monkeypatch.setattr(UNITS, "_loaded", {})
    return nnasim.add_activation_unit(RATIONAL)


def test_a_curve_has_every_input_and_says_its_worst_error() -> None:
    curve = nnasim.activation_unit("tanh", "edge256", table_range=4.0)
    frame = curve.frame()
    assert (len(frame), frame.index.name) == (65536, "x")
    assert curve.levels <= 256
    assert curve.worst_error == frame["error"].abs().max()
    assert repr(curve).startswith("tanh by lut8: ")
    assert "<svg" in curve._repr_html_()


def test_a_finer_unit_is_nearer_to_the_function() -> None:
    coarse, fine = (
        nnasim.activation_unit("sigmoid", nnasim.preset("edge256").with_({"numerics.activation": unit}))
        for unit in ("hard", "lut16")
    )
    assert fine.worst_error < coarse.worst_error / 100


def test_a_unit_that_a_session_adds_serves_a_chip_by_its_name(rational: str) -> None:
    chip = nnasim.preset("edge256").with_({"numerics.activation": rational})
    assert nnasim.activation_unit("tanh", chip).worst_error < 0.35
    assert nnasim.trace("rnnt-mlperf", frames=4, symbols=1, chip=chip).numerics.activation == "rational"
    assert UNITS.origin(rational) == "this session"
    assert UNITS.names[-1] == rational
    assert nnasim.add_activation_unit(RATIONAL) == rational  # a cell of a notebook that is run again


def test_a_name_that_is_taken_and_what_is_no_unit_are_refused() -> None:
    with pytest.raises(ConfigError, match="add_activation_unit: name = 'lut8': is taken by nnasim"):
        nnasim.add_activation_unit(UnitKind(name="lut8", apply=RATIONAL.apply))
    with pytest.raises(ConfigError, match="kind = 'lut8': must be a UnitKind"):
        nnasim.add_activation_unit("lut8")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="table_range = 0: must be"):
        nnasim.activation_unit("tanh", table_range=0)
