"""Tables of lut8 and lut16, and what stored constants must satisfy."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics import segments, tables
from nnasim.numerics.activation import unit_kind
from nnasim.numerics.config import NumericsConfig
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
