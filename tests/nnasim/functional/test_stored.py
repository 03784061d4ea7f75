"""A stored trace with its weights file runs functionally from the command line."""

import numpy as np
import pytest

from nnasim.cli.simulate import command
from nnasim.errors import CheckpointError, FileError, TraceError
from nnasim.functional.stored import random_features, read_constants, split_features
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import Functional
from nnasim.tensorfile import tensor_bytes


def stored(folder, work, **extra):
    """The trace and its weights as files; returns the trace's path."""
    (folder / "t.json.safetensors").write_bytes(tensor_bytes({**work.constants, **extra}))
    write_record(folder / "t.json", work.trace.model_copy(update={"weights_file": "t.json.safetensors"}))
    return folder / "t.json"


def test_the_command_compares_every_logit_and_says_so_in_the_result(recogniser, tmp_path, capsys) -> None:
    work = recogniser()
    path = stored(tmp_path, work, **{"features.0": work.features[0]})
    command(path, tmp_path / "r.json", functional=True)
    lines = capsys.readouterr().out
    states = sum(spec.elements for spec in work.trace.tensors.values() if spec.role == "state")
    assert "functional: 0 of 84 logits differ from the reference (features: stored)" in lines
    assert f"functional: 0 of {states} integers of last states differ from the reference" in lines
    counts = read_result(tmp_path / "r.json").extra.functional
    assert counts == Functional(utterances=1, joint_steps=7, values=84, states=states, mismatches=0, features="stored")


def test_a_trace_without_features_hears_seeded_noise(recogniser, tmp_path) -> None:
    work = recogniser()
    assert split_features(work.constants, work.trace)[1] is None
    first, again = (random_features(work.trace)[0] for _ in range(2))
    assert first.shape == work.features[0].shape
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", [None, "../secret.safetensors", "/etc/passwd"])
def test_a_weights_file_must_lie_beside_the_trace(recogniser, tmp_path, name: str | None) -> None:
    trace = recogniser().trace.model_copy(update={"weights_file": name})
    with pytest.raises(TraceError, match="weights_file"):
        read_constants(tmp_path / "t.json", trace)


def test_a_weights_file_that_is_missing_or_cut_is_refused(recogniser, tmp_path) -> None:
    path = stored(tmp_path, recogniser())
    weights = tmp_path / "t.json.safetensors"
    trace = recogniser().trace.model_copy(update={"weights_file": weights.name})
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="another size"):
        read_constants(path, trace)
    weights.unlink()
    with pytest.raises(FileError, match="cannot be read"):
        read_constants(path, trace)
