"""Calibration: ranges follow what occurred; histograms count exactly the values a chip would have to hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.quant.calibration import REACH, calibrate, histogram
from aat_training.quant.scheme import refuse_other_layers, scheme_from_record
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
    read = scheme_from_record(scheme.record(), changed, "test")
    np.testing.assert_array_equal(read.cells["enc0"].sigmoid.data["table"], changed["enc0.sigmoid.table"])


def test_a_checkpoint_without_histograms_is_refused(histograms):
    without = {name: h for name, h in histograms.items() if name != "joint"}
    with pytest.raises(CheckpointError, match=r"calibration\.joint"):
        calibrate(without, NumericsConfig(), "mse", "file")


HOSTILE = {
    "a layer without its sigmoid": (lambda h: h.pop("enc0.sigmoid"), r"enc0\.sigmoid = None: is missing"),
    "a layer without its cell": (lambda h: h.pop("pred0.cell"), r"pred0\.cell = None: is missing"),
    "fewer bins": (lambda h: h.update({"enc0.tanh": h["enc0.tanh"][:10]}), r"enc0\.tanh = None: .* has not 2048 bins"),
    "two rows": (lambda h: h.update({"enc0.cell": np.stack([h["enc0.cell"]] * 2)}), "has not 2048 bins"),
    "counts below zero": (lambda h: h.update(joint=-1 - h["joint"]), "must be counts of at least 0"),
    "nothing counted": (lambda h: h.update(features=0 * h["features"]), "and one of them more"),
    "counts in float": (lambda h: h.update(features=h["features"] / 3), "= 'float64': must be int32"),
    "counts in 8 bits": (lambda h: h.update(features=h["features"].astype(np.uint8)), "= 'uint8': must be int32"),
    "counts that are complex": (lambda h: h.update(joint=h["joint"] * 1j), "= 'complex128': must be int32"),
    "something else that is counted": (
        lambda h: h.update(more=h["joint"]),
        r"calibration\.more = \(2048,\): is unknown",
    ),
    "something of no name": (lambda h: h.update({"": h["joint"]}), "is unknown"),
    "a layer within a layer": (lambda h: h.update({"enc0.cell.cell": h["joint"]}), r"enc0\.cell\.sigmoid"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_histograms_are_one_line(histograms, kind):
    change, complaint = HOSTILE[kind]
    counts = dict(histograms)
    change(counts)
    with pytest.raises(CheckpointError, match=complaint):
        calibrate(counts, NumericsConfig(), "mse", "file")


def test_tables_of_another_chip_are_named(histograms):
    scheme = calibrate(histograms, NumericsConfig(), "mse", "test")
    name = "enc0.sigmoid.table"
    for tables, complaint in (
        ({}, r"tables\.\S+: is missing"),
        ({**scheme.tables, "enc0.sigmoid.more": scheme.tables[name]}, r"tables\.enc0\.sigmoid\.more: is unknown"),
        ({**scheme.tables, name: scheme.tables[name] + 0.7}, f"{name} = 'float64': must be int32"),
    ):
        with pytest.raises(CheckpointError, match=complaint):
            scheme_from_record(scheme.record(), tables, "file")


def test_ranges_of_another_recipe_are_named(histograms):
    scheme = calibrate(histograms, NumericsConfig(), "mse", "test")
    refuse_other_layers(scheme, list(scheme.layers), "file")
    with pytest.raises(CheckpointError, match="file: ranges of enc7: are missing"):
        refuse_other_layers(scheme, [*scheme.layers, "enc7"], "file")
    with pytest.raises(CheckpointError, match="file: ranges of pred0: are unknown"):
        refuse_other_layers(scheme, [layer for layer in scheme.layers if layer != "pred0"], "file")
