"""Every figure stands beside what it is compared with."""

import pytest

from nnasim.cli.bench import command, figure, measure
from nnasim.errors import FileError


def test_figures_are_positive_and_compared() -> None:
    figures = measure("tpu_like", frames=10)
    assert set(figures) == {
        "first_frame_every_event", "further_frame_every_event", "10_frames_with_replay", "memory",
    }  # fmt: skip
    for one in figures.values():
        assert set(one) == {"value", "unit", "compared_with", "ratio"}
        assert one["value"] > 0


def test_a_ratio_is_theirs_over_ours() -> None:
    assert figure(2.0, "s", "X", 460.0) == {"value": 2.0, "unit": "s", "compared_with": "X: 460 s", "ratio": 230.0}


def test_an_existing_file_is_not_measured_over(tmp_path) -> None:
    path = tmp_path / "bench.json"
    path.write_text("{}")
    with pytest.raises(FileError, match="--force"):
        command(path)
