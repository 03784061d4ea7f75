"""Intervals that say 95 % hold the truth about that often."""

from benchmarks.fit_boards import timed
from nnasim.hardware import load_preset
from nnasim.studies.fitting.confidence import confidence
from nnasim.studies.fitting.fields import fit_fields
from nnasim.studies.fitting.model import FitModel
from nnasim.studies.fitting.search import found
from nnasim.studies.fitting.table import measurements

HIDDEN = {"host.handoff_us": 50.0, "dram.efficiency": 0.8}
BOARDS = 25
LEAST = 0.88  # 25 boards and two fields at 95 %: fewer would be a chance of one in a hundred


def test_intervals_hold_the_hidden_values_as_often_as_they_say() -> None:
    chip = load_preset("edge256", [f"{name}={value}" for name, value in HIDDEN.items()])
    fields = fit_fields(list(HIDDEN), chip)
    held = total = 0
    for seed in range(BOARDS):
        rows, _ = measurements(timed(chip, noise=0.02, seed=seed), chip, fields)
        model = FitModel(rows, chip, fields, lambda *_: None)
        bounds = confidence(model, found(model, model.start)).bounds
        for field, interval in zip(fields, bounds, strict=True):
            assert interval is not None
            held += field.value(interval.low) <= HIDDEN[field.name] <= field.value(interval.high)
            total += 1
    assert held / total >= LEAST
