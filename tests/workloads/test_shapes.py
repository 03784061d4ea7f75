"""A shape file of a user's own: what it lacks, what it may hold, and which models it cannot describe."""

from pathlib import Path

import pytest

from nnasim.errors import ConfigError
from workloads.rnnt.shapes import RnntShape, load_shape

TINY = """
input_features: 8
frame_ms: 30
encoder_units: 16
encoder_before: 1
embedding: 4
prediction_units: 8
prediction_layers: 1
joint_units: 8
outputs: 11
"""


def refused(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_shape(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_all_that_is_missing_and_all_that_is_allowed_is_told_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, "frame_ms: 30\nencoder_units: 16\n")
    missing, _, allowed = message.partition(": must be given; allowed are ")
    assert missing.split(", ") == [
        "input_features", "encoder_before", "embedding", "prediction_units", "prediction_layers", "joint_units",
        "outputs",
    ]  # fmt: skip
    assert allowed.split(", ") == list(RnntShape.model_fields)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("projection: 32", "projection = 32: projections of LSTMs are not supported by a shape file"),
        ("cell: gru", "cell = 'gru': cells are always LSTMs; other cells are not supported"),
        ("bidirectional: true", "layers that look ahead, such as bidirectional ones, are not supported"),
        ("peephole: true", "peepholes are not supported"),
        ("encoder: conformer", "conformers, transformers and convolutions are not supported by a shape file; did you"),
        ("Attention_Heads: 4", "conformers, transformers and convolutions are not supported"),
    ],
)
def test_a_model_that_no_shape_describes_is_told_so(tmp_path: Path, line: str, reason: str) -> None:
    message = refused(tmp_path, TINY + line)
    assert reason in message
    assert "allowed are name, input_features" in message


def test_an_unknown_key_is_told_the_nearest(tmp_path: Path) -> None:
    assert "encoder_unit = 5: unknown key, did you mean encoder_units?" in refused(tmp_path, TINY + "encoder_unit: 5")


def test_the_shape_itself_is_good(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(TINY)
    assert load_shape(tmp_path / "own.yaml").encoder_units == 16


@pytest.mark.parametrize("value", ["true", '"8"', "8.5"])
def test_a_size_is_a_whole_number_and_nothing_that_could_be_taken_for_one(tmp_path: Path, value: str) -> None:
    message = refused(tmp_path, TINY.replace("encoder_units: 16", f"encoder_units: {value}"))
    assert "encoder_units = " in message
    assert "must be a" in message
