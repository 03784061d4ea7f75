"""Tables of lut8 and lut16, and what stored constants must satisfy."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics import segments, tables
from nnasim.numerics.activation import table_unit, unit_kind
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import power_of_two
from tests.nnasim.numerics import checks


def test_every_entry_is_found_by_plain_indexing() -> None:
    checks.tables_by_plain_indexing()


def test_an_int8_table_holds_f_of_x_times_range_over_128() -> None:
    table = tables.int8_table("tanh", 4.0)
    assert table.shape == (256,)
    assert table[128] == 0
    assert table[128 + 32] == np.floor(np.tanh(1.0) * 128 + 0.5)
    assert (table.min(), table.max()) == (-128, 127)


def test_an_int16_table_holds_f_at_every_128th_step() -> None:
    table = tables.int16_table("sigmoid")
    assert table.shape == (513,)
    assert table[256] == 1 << 14
    assert table[256 + 32] == np.floor(32768 / (1 + np.exp(-1.0)) + 0.5)


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_tables_ascend_and_are_point_symmetric_to_one_step(function: str) -> None:
    for table, unity in ((tables.int8_table(function, 8.0), 128), (tables.int16_table(function)[:-1], 32768)):
        assert np.all(np.diff(table) >= 0)
        mirror = (unity if function == "sigmoid" else 0) - table[:0:-1]
        assert np.abs(table[1:] - mirror).max() <= 1


def require(kind: str, data: dict[str, np.ndarray]) -> None:
    unit_kind(kind).require(data, NumericsConfig(pwl_segments=8), "enc1.tanh")


class TestStoredConstants:
    def refused(self, kind: str, message: str, **data: object) -> None:
        with pytest.raises(NumericsError, match=message):
            require(kind, {key: np.asarray(value) for key, value in data.items()})

    @pytest.mark.parametrize("entries", [0, 255, 257, 512])
    def test_a_table_of_the_wrong_length(self, entries: int) -> None:
        self.refused("lut8", r"enc1\.tanh: table = .*lut8 needs 256 entries", table=np.zeros(entries, int))
        self.refused("lut16", r"lut16 needs 513 entries", table=np.zeros(entries, int))

    def test_no_table_at_all(self) -> None:
        self.refused("lut8", "lut8 needs 256 entries")

    def test_entries_beyond_the_type(self) -> None:
        self.refused("lut8", "table = 128: must fit int8", table=np.full(256, 128))
        self.refused("lut16", "table = -32769: must fit int16", table=np.full(513, -32769))

    def test_a_slope_beyond_int16(self) -> None:
        table = np.zeros(513, int)
        table[7:] = 20000
        table[:7] = -20000
        self.refused("lut16", "table slope = 40000: must fit int16", table=table)

    def test_fractions_and_nan(self) -> None:
        self.refused("lut8", "float64.*must hold integers", table=np.full(256, np.nan))

    def test_segments_that_lack_a_part_or_do_not_ascend(self) -> None:
        good = segments.build("tanh", 8, "uniform")
        require("pwl", good)
        self.refused("pwl", "slopes = ", **{**good, "slopes": good["slopes"][:-1]})
        self.refused("pwl", "knots = .*must ascend", **{**good, "knots": good["knots"][::-1]})
        self.refused("pwl", r"bases = 40388: must fit int16", **{**good, "bases": good["bases"] + 40000})
        self.refused("pwl", "knots = .*pwl needs 8 entries", knots=[-5], slopes=[1], bases=[0])

    @pytest.mark.parametrize("kind", ["plan", "hard"])
    def test_units_without_constants_need_none(self, kind: str) -> None:
        require(kind, {})


class TestAnyFunction:
    """``table_of`` and ``table_unit``: a function of one element, whatever it is."""

    @staticmethod
    def silu(x: np.ndarray) -> np.ndarray:
        return x / (1 + np.exp(-x))

    def test_256_entries_are_the_function_itself(self) -> None:
        table = tables.table_of(self.silu, 8, 0.05, 0.06)
        x = np.arange(-128, 128)
        expected = np.clip(np.floor(self.silu(x * 0.05) / 0.06 + 0.5), -128, 127)
        unit = table_unit(table, NumericsConfig())
        for make in checks.NUMPY_AND_TORCH:
            checks.equal(unit(make(x)), expected)

    def test_513_entries_are_interpolated_to_a_fraction_of_a_step(self) -> None:
        in_step, out_step = 8 / 32768, 8 / 32768
        unit = table_unit(tables.table_of(self.silu, 16, in_step, out_step), NumericsConfig())
        x = np.arange(-32768, 32768)
        error = np.abs(unit(x) * out_step - self.silu(x * in_step))
        # Half a step of the entries and of the result, and 1/8 of the curvature's 0.5 over segments of 1/32.
        assert error.max() <= out_step + 0.5 / 32**2 / 8

    def test_scales_before_and_behind_it(self) -> None:
        table = tables.table_of(np.abs, 8, 1.0, 1.0)
        unit = table_unit(table, NumericsConfig(), entry=power_of_two(-2), exit=power_of_two(3), out_bits=16)
        checks.equal(unit(np.array([-100, -2, 3, 1000])), [25 * 8, 0, 8, 127 * 8])

    def test_an_infinity_saturates_and_what_is_no_number_is_refused(self) -> None:
        assert tables.table_of(np.exp, 8, 100.0, 1.0)[-1] == 127
        assert tables.table_of(lambda x: np.log(np.abs(x)), 8, 1.0, 1.0)[128] == -128
        with pytest.raises(NumericsError, match=r"y/sqrt: input = -64\.0: the function must be a number there"):
            tables.table_of(np.sqrt, 8, 0.5, 1.0, "y/sqrt")

    def test_a_jump_that_no_slope_holds_is_refused(self) -> None:
        with pytest.raises(NumericsError, match=r"y/sign: table slope = 65535: must fit int16"):
            tables.table_of(lambda x: np.where(x < 0, -1.0, 1.0), 16, 1.0, 2.0**-15, "y/sign")

    def test_a_stored_table_of_another_length_is_refused(self) -> None:
        with pytest.raises(NumericsError, match=r"y/silu: table = \(257,\): must have 256 or 513 entries"):
            table_unit(np.zeros(257, np.int64), NumericsConfig(), name="y/silu")
