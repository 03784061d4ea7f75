"""Two fronts against each other: points worked out by hand."""

from typing import Any

import numpy as np
import pytest

from nnasim.sweeps.fronts import Front, FrontComparison, Lead, _beaten, _volumes, leads
from nnasim.sweeps.pareto import hypervolume

FIRST = np.array([[1.0, 8.0], [2.0, 4.0], [4.0, 2.0]])
SECOND = np.array([[2.0, 2.0], [3.0, 1.0]])


def compared(*costs: Any) -> FrontComparison:
    import pandas as pd

    stored: Any = None
    fronts = tuple(
        Front(label, stored, pd.DataFrame(rows, columns=["ms", "mj"]))
        for label, rows in zip("abcd", costs, strict=False)
    )
    nothing = tuple(() for _ in fronts)
    return FrontComparison(("ms", "mj"), fronts, beaten=nothing, volumes=None, differences=())


def test_each_beaten_point_stands_beside_the_one_that_spares_most() -> None:
    beaten = list(_beaten(0, [FIRST, SECOND]))
    assert [(each.point, each.front, each.by) for each in beaten] == [(1, 1, 0), (2, 1, 1)]
    assert beaten[0].less == (0.0, 0.5)
    assert beaten[1].less == (0.25, 0.5)
    assert list(_beaten(1, [FIRST, SECOND])) == []


def test_equal_points_beat_each_other_neither_way() -> None:
    assert list(_beaten(0, [FIRST, FIRST])) == []
    assert compared(FIRST, FIRST).shared == 3


def test_a_point_that_costs_nothing_spares_no_share_of_nothing() -> None:
    (beaten,) = _beaten(0, [np.array([[0.0, 4.0]]), np.array([[0.0, 1.0]])])
    assert beaten.less == (0.0, 0.75)


def test_of_several_fronts_the_one_that_spares_most_is_named() -> None:
    third = np.array([[1.0, 3.0], [4.0, 0.4]])
    beaten = list(_beaten(0, [FIRST, SECOND, third]))
    assert [(each.point, each.front, each.by) for each in beaten] == [(0, 2, 0), (1, 2, 0), (2, 2, 1)]
    assert [each.point for each in _beaten(1, [FIRST, SECOND, third])] == []
    assert compared(FIRST, FIRST, third).shared == 0
    assert compared(FIRST, FIRST, FIRST).shared == 3


def test_of_several_fronts_the_lead_is_over_the_next_best() -> None:
    third = np.array([[1.0, 4.0], [3.0, 1.0]])
    stretches = leads(compared(FIRST, SECOND, third))
    assert stretches == [Lead(1.0, 2, 0.5), Lead(2.0, 1, 0.5), Lead(3.0, None, 0.0)]


def test_who_leads_where_goes_stretch_by_stretch() -> None:
    assert leads(compared(FIRST, SECOND)) == [Lead(1.0, 0, None), Lead(2.0, 1, 0.75)]
    assert leads(compared(FIRST, FIRST)) == [Lead(1.0, None, 0.0)]


def test_an_area_is_the_sum_of_its_steps() -> None:
    assert hypervolume([[1, 3], [2, 1]], [4, 4]) == 3 * 1 + 2 * 2
    assert hypervolume([[1, 3], [5, 0]], [4, 4]) == 3  # what is outside of the box counts nothing
    assert hypervolume(np.empty((0, 2)), [4, 4]) == 0
    assert hypervolume([[1], [3]], [4]) == 3


@pytest.mark.parametrize("objectives", [3, 4])
def test_a_volume_is_what_counting_cells_gives(objectives: int) -> None:
    points = np.random.default_rng(3).integers(0, 5, (6, objectives))
    cells = np.stack(np.meshgrid(*[np.arange(5)] * objectives, indexing="ij"), axis=-1).reshape(-1, objectives)
    covered = (points[None] <= cells[:, None]).all(axis=2).any(axis=1).sum()
    assert hypervolume(points, [5] * objectives) == covered


def test_a_volume_that_would_take_too_long_is_not_computed() -> None:
    assert hypervolume(np.zeros((200, 5)), [1] * 5) is None


def test_volumes_are_shares_of_one_box_and_absent_where_a_figure_does_not_vary() -> None:
    assert _volumes([FIRST, SECOND]) == pytest.approx((2 * 4 / (3 * 7), (1 * 6 + 1 * 7) / (3 * 7)))
    assert _volumes([np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]])]) is None
