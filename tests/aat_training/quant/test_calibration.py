"""Calibration: ranges follow what occurred; histograms count exactly the values a chip would have to hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.quant.calibration import REACH, calibrate, histogram
from nnasim.errors import CheckpointError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import BINS, METHODS, SHARES


def test_a_histogram_counts_every_value_once_and_keeps_outliers_at_the_edges():
    counts = histogram(torch.tensor([-100.0, -REACH, 0.0, 1e-3, REACH - 1e-6, 100.0]))
    assert counts.sum() == 6
    assert (counts[0], counts[BINS // 2], counts[-1]) == (2, 2, 2)


@pytest.mark.parametrize("method", METHODS)
def test_wider_values_get_wider_ranges(histograms, method):
    narrow = calibrate(histograms, NumericsConfig(), method, "test")
    spread = {name: np.zeros_like(h) for name, h in histograms.items()}
    for name, h in histograms.items():  # every value twice as large
        for index in np.flatnonzero(h):
            spread[name][min(BINS - 1, max(0, 2 * index - BINS // 2))] += h[index]
    wide = calibrate(spread, NumericsConfig(), method, "test")
    assert wide.input_range > narrow.input_range
    assert all(wide.layers[name].cell >= ranges.cell for name, ranges in narrow.layers.items())


def test_the_mse_range_is_the_best_of_the_candidates_for_the_values_that_occurred(histograms):
    counts = {name: h.copy() for name, h in histograms.items()}
    counts["enc0.cell"] = histogram(torch.linspace(-1.9, 1.9, 5000))
    chosen = calibrate(counts, NumericsConfig(), "mse", "test").layers["enc0"].cell
    assert chosen == 2.0
    assert chosen / REACH in SHARES


def test_a_range_the_chip_fixes_is_not_calibrated(histograms):
    scheme = calibrate(histograms, NumericsConfig(activation_range=8.0, cell_range=4.0), "mse", "test")
    for ranges in scheme.layers.values():
        assert (ranges.sigmoid, ranges.tanh, ranges.cell) == (8.0, 8.0, 4.0)


def test_tables_travel_with_the_scheme_and_are_not_made_again(histograms):
    scheme = calibrate(histograms, NumericsConfig(), "mse", "test")
    assert scheme.tables["enc0.sigmoid.table"].shape == (256,)
    changed = {**scheme.tables, "enc0.sigmoid.table": scheme.tables["enc0.sigmoid.table"][::-1].copy()}
    from aat_training.quant.scheme import scheme_from_record

    read = scheme_from_record(scheme.record(), changed, "test")
    np.testing.assert_array_equal(read.cells["enc0"].sigmoid.data["table"], changed["enc0.sigmoid.table"])


def test_a_checkpoint_without_histograms_is_refused(histograms):
    without = {name: h for name, h in histograms.items() if name != "joint"}
    with pytest.raises(CheckpointError, match=r"calibration\.joint"):
        calibrate(without, NumericsConfig(), "mse", "file")
