"""Checkpoints: what is written is read; what is truncated, foreign or hostile is refused in one line."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save

from aat_training import checkpoint
from aat_training.checkpoint import read_checkpoint, read_tensors, write_checkpoint
from aat_training.systems import load_system
from nnasim.errors import CheckpointError, FileError
from nnasim.numerics.config import NumericsConfig


@pytest.fixture
def stored(float_checkpoint):
    float_checkpoint.path.parent.mkdir(parents=True)
    write_checkpoint(float_checkpoint.path.parent, float_checkpoint)
    return float_checkpoint.path.parent


def header(text: str, data: bytes = b"") -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(8, "little") + raw + data


def test_a_checkpoint_comes_back_as_it_was(stored, float_checkpoint):
    for path in (stored, stored / "model.safetensors"):
        read = read_checkpoint(path)
        assert read.recipe == float_checkpoint.recipe
        assert read.tokens.words == float_checkpoint.tokens.words
        assert read.tensors.keys() == float_checkpoint.tensors.keys()
        assert all(np.array_equal(read.tensors[n], v) for n, v in float_checkpoint.tensors.items())


def test_writing_twice_gives_the_same_bytes(stored, float_checkpoint):
    before = [(stored / name).read_bytes() for name in ("model.safetensors", "model.json")]
    write_checkpoint(stored, float_checkpoint)
    assert [(stored / name).read_bytes() for name in ("model.safetensors", "model.json")] == before


@pytest.mark.parametrize("keep", [0, 7, 8, 100, 5000])
def test_a_truncated_file_is_refused(stored, keep):
    path = stored / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        read_checkpoint(stored)


@pytest.mark.parametrize(
    "data",
    [
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', b"\0" * 8),
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"\0" * 8),
        header('{"a": {"dtype": "F32", "shape": [99999999999], "data_offsets": [0, 4]}}', b"\0" * 4),
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, "4"]}}', b"\0" * 4),
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": 1}', b"\0" * 4),
        header('{"a": {"dtype": "XX", "shape": [1], "data_offsets": [0, 4]}}', b"\0" * 4),
        header("[" * 3000),
        header('{"a":{"data_offsets":[0,0]}' + ',"b":{"data_offsets":[0,0]}' * 20_001 + "}"),
        header("{}" + " " * 16_000_000),
        header("[]"),
        (2**63).to_bytes(8, "little"),
        b"\x80\x04pickle",
    ],
)
def test_hostile_headers_are_refused(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises((CheckpointError, FileError), match=r"model\.safetensors"):
        read_tensors(path)


def test_a_number_that_is_not_finite_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"w": np.array([1.0, np.nan], np.float32)}))
    with pytest.raises(CheckpointError, match="finite"):
        read_tensors(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "other"}, "is no checkpoint"),
        ({"schema_version": 7}, "schema_version"),
        ({"system": "naive"}, "float or aat"),
        ({"tokens": {"kind": "word", "words": []}}, "tokens"),
        ({"recipe": {"name": "x"}}, r"recipe\."),
        ({"quantisation": {}}, "quantisation"),
        ({"quantisation": 5}, "quantisation = 5: an aat checkpoint has one, a float checkpoint none"),
    ],
)
def test_a_foreign_record_is_refused_and_the_field_named(stored, change, message):
    path = stored / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(stored)


@pytest.mark.parametrize(("more", "message"), [(-1, "must be float32"), (1, "of another recipe")])
def test_a_checkpoint_of_another_recipe_is_refused(stored, more, message):
    path = stored / "model.json"
    record = json.loads(path.read_text())
    record["recipe"]["model"]["encoder_units"] += more
    path.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match=message):
        load_system(stored, "float", NumericsConfig())


@pytest.mark.parametrize("sizes", [{"encoder_units": 4096, "encoder_before": 16}, {"prediction_units": 4096}])
def test_a_recogniser_that_its_weights_cannot_fill_is_never_built(stored, sizes, monkeypatch):
    path = stored / "model.json"
    record = json.loads(path.read_text())
    record["recipe"]["model"] |= sizes
    path.write_text(json.dumps(record))
    monkeypatch.setattr(checkpoint, "read_tensors", None)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: model = .* of another recipe"):
        load_system(stored, "float", NumericsConfig())


def test_weights_far_larger_than_their_recogniser_are_refused_unread(stored, monkeypatch):
    weights = stored / "model.safetensors"
    whole = weights.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    entries, end = json.loads(whole[8 : 8 + size]), len(whole) - 8 - size
    entries["calibration.more"] = {"dtype": "F32", "shape": [900_000_000], "data_offsets": [end, end + 3_600_000_000]}
    longer = json.dumps(entries).encode()
    with weights.open("wb") as file:
        file.write(len(longer).to_bytes(8, "little") + longer)
        file.truncate(8 + len(longer) + end + 3_600_000_000)  # sparse: it takes no room
    monkeypatch.setattr(checkpoint, "read_tensors", None)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: data = .* of another recipe"):
        read_checkpoint(stored)


def test_a_recipe_that_has_no_shape_is_refused(stored):
    path = stored / "model.json"
    record = json.loads(path.read_text())
    record["recipe"]["model"] |= {"reduction": 4, "encoder_after": 0}
    path.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match=r"model\.json: recipe\.model: has no shape: .*encoder_after"):
        read_checkpoint(stored)


@pytest.mark.parametrize("name", ["foo.bar", "modelled", "", "\x1b[2J"])
def test_a_tensor_that_nothing_reads_is_refused(stored, float_checkpoint, name):
    tensors = {**float_checkpoint.tensors, name: np.ones(3, np.float32)}
    write_checkpoint(stored, replace(float_checkpoint, tensors=tensors))
    with pytest.raises(CheckpointError, match=r"must be of model, calibration, tables") as refused:
        read_checkpoint(stored)
    assert str(refused.value).isprintable()


def test_weights_whose_sums_overflow_are_refused_and_give_no_words(stored, float_checkpoint):
    tensors = {**float_checkpoint.tensors, "model.feature_scale": np.full(60, 3e38, np.float32)}
    write_checkpoint(stored, replace(float_checkpoint, tensors=tensors))
    with pytest.raises(CheckpointError, match=r"feature_scale = 3\..*e\+38: every number must lie within 1e\+09 of 0"):
        load_system(stored, "float", NumericsConfig())


def test_both_files_are_replaced_or_none(stored, float_checkpoint, monkeypatch):
    """As where the disk fills before the second is whole."""
    before = [(stored / name).read_bytes() for name in ("model.safetensors", "model.json")]
    changed = {name: 2 * tensor for name, tensor in float_checkpoint.tensors.items()}
    monkeypatch.setattr("nnasim.files.json_text", None)
    with pytest.raises(TypeError):
        write_checkpoint(stored, replace(float_checkpoint, tensors=changed))
    assert [(stored / name).read_bytes() for name in ("model.safetensors", "model.json")] == before


def test_a_float_checkpoint_has_no_aat_system(stored):
    with pytest.raises(CheckpointError, match="use naive"):
        load_system(stored, "aat", NumericsConfig())


@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "naive"])
def test_a_float_checkpoint_serves_all_others(stored, system):
    _, model, scheme = load_system(stored, system, NumericsConfig())
    assert not model.training
    assert (scheme is None) == (system in ("float", "cpu_int8"))  # whose ranges are found as it runs


def test_a_file_far_longer_than_its_header_says_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"w": np.ones(1, np.float32)}))
    os.truncate(path, 3_900_000_000)  # sparse: it takes no room
    monkeypatch.setattr("nnasim.files.read_bytes", None)
    with pytest.raises(CheckpointError, match="a size other than its header says"):
        read_tensors(path)


def test_weights_that_are_bound_are_refused_by_their_header_before_they_are_read(stored, monkeypatch):
    """Their digest would need the whole of a file that may be sparse and huge."""
    weights = stored / "model.safetensors"
    with weights.open("r+b") as file:
        file.truncate(3_900_000_000)

    def read(path, *limit):
        assert path != weights, "read whole"
        return files_read(path, *limit)

    files_read = checkpoint.files.read_bytes
    monkeypatch.setattr(checkpoint.files, "read_bytes", read)
    with pytest.raises(CheckpointError, match="has a size other than its header says"):
        read_checkpoint(stored)
