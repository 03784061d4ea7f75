"""Curves are written where TensorBoard is installed, and nothing is where it is not."""

from __future__ import annotations

import pytest

from aat_training import scalars as module
from aat_training.scalars import FOLDER, scalars


def test_without_tensorboard_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with scalars(tmp_path, 0) as scalar:
        scalar({"train/loss": 1.0}, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")  # of its libraries
def test_with_tensorboard_each_number_is_a_curve(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with scalars(tmp_path, 0) as scalar:
        for step in (1, 2):
            scalar({"train/loss": 1.0 / step, "dev/wer": 0.5}, step)
    with scalars(tmp_path, 0, wanted=False) as scalar:  # a rank that is not the first
        scalar({"train/loss": 9.0}, 3)
    events = EventAccumulator(str(tmp_path / FOLDER)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("train/loss")] == [(1, 1.0), (2, 0.5)]
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
