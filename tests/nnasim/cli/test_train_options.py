"""What `train` offers is what a run may have: the same ends, and both of them work."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from aat_training import config
from aat_training.data.text import NORMALISATIONS
from aat_training.recipes import tiny
from aat_training.train import schedule
from nnasim.cli import train, training_options
from nnasim.cli.main import main


@pytest.mark.parametrize(
    "name",
    [
        "MOST_STEPS",
        "LEAST_RATE",
        "MOST_RATE",
        "MOST_SEED",
        "MOST_BATCH",
        "MOST_ACCUMULATED",
        "LEAST_CLIP",
        "MOST_CLIP",
        "MOST_AVERAGE",
        "MOST_PATIENCE",
        "MOST_SHUFFLED_SHARDS",
        "MOST_WORKERS",
    ],
)
def test_the_command_lines_ends_are_the_configurations(name):
    offered = train if hasattr(train, name) else training_options
    assert getattr(offered, name) == getattr(config, name)


@pytest.mark.parametrize(
    ("field", "ends"),
    [
        ("steps", (1, config.MOST_STEPS)),
        ("evaluate_every", (1, config.MOST_STEPS)),
        ("learning_rate", (config.LEAST_RATE, config.MOST_RATE)),
        ("seed", (0, config.MOST_SEED)),
        ("batch", (1, config.MOST_BATCH)),
        ("accumulate", (1, config.MOST_ACCUMULATED)),
        ("clip", (config.LEAST_CLIP, config.MOST_CLIP)),
        ("average", (0, config.MOST_AVERAGE)),
        ("patience", (0, config.MOST_PATIENCE)),
        ("shuffle_shards", (1, config.MOST_SHUFFLED_SHARDS)),
    ],
)
def test_both_ends_of_each_range_make_a_schedule(field, ends):
    for end in ends:
        assert getattr(schedule(tiny(), initialised=False, **{field: end}), field) == end


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--learning-rate", "0"),
        ("--learning-rate", "-1"),
        ("--learning-rate", "11"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "inf"),
        ("--steps", "0"),
        ("--steps", "10000001"),
        ("--evaluate-every", "0"),
        ("--seed", "-1"),
        ("--seed", "1000000001"),
        ("--text", "french"),
        ("--average", "1"),
        ("--clip", "0"),
        ("--accumulate", "0"),
        ("--patience", "-1"),
    ],
)
def test_what_lies_beyond_is_one_line(tmp_path, capsys, option, value):
    out = tmp_path / "out"
    words = ["train", "--recipe", "tiny", "--train", "a.jsonl", "--dev", "a.jsonl", "--out", str(out), option, value]
    assert main(words) == 2
    complaint = capsys.readouterr().err
    assert option in complaint
    assert complaint.count("\n") == 1
    assert not out.exists()


def test_every_normalisation_is_offered_and_described(capsys):
    assert main(["train", "--help"]) == 0
    offered = capsys.readouterr().out
    assert all(name in offered for name in NORMALISATIONS)
