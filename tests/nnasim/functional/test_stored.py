"""A stored trace with its weights file runs functionally from the command line."""

from types import SimpleNamespace

import numpy as np
import pytest

from nnasim.cli.simulate import command
from nnasim.errors import CheckpointError, ConfigError, FileError, SimulationError, TraceError
from nnasim.functional import datapath
from nnasim.functional.stored import random_features, read_constants, split_features
from nnasim.ir.imported import Imported
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import Functional
from nnasim.tensorfile import tensor_bytes
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.foreign_traces import TRACES, TraceBuilder


def stored(folder, work, **extra):
    """The trace and its weights as files; returns the trace's path."""
    (folder / "t.json.safetensors").write_bytes(tensor_bytes({**work.constants, **extra}))
    write_record(folder / "t.json", work.trace.model_copy(update={"weights_file": "t.json.safetensors"}))
    return folder / "t.json"


def test_the_command_compares_every_logit_and_says_so_in_the_result(recogniser, tmp_path, capsys) -> None:
    work = recogniser()
    path = stored(tmp_path, work, **{"features.0": work.features[0]})
    command([path], tmp_path / "r.json", functional=True)
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
    with pytest.raises(CheckpointError, match="a size other than its header says"):
        read_constants(path, trace)
    weights.unlink()
    with pytest.raises(FileError, match="cannot be read"):
        read_constants(path, trace)


def test_stored_steps_are_heard_again_and_again(recogniser) -> None:
    work = recogniser()
    frames, size = work.features[0].shape
    steps = np.arange(2 * size, dtype=np.float32).reshape(2, size)
    constants, heard = split_features({**work.constants, "steps.features": steps}, work.trace)
    assert constants.keys() == work.constants.keys()
    assert heard is not None
    np.testing.assert_array_equal(heard[0]["features"], steps[np.arange(frames) % 2])


def test_a_file_of_steps_is_heard_in_place_of_what_is_stored(recogniser, tmp_path, capsys) -> None:
    work = recogniser()
    path = stored(tmp_path, work, **{"features.0": work.features[0]})
    np.savez(tmp_path / "steps.npz", features=work.features[0].astype(np.float32))
    command([path], tmp_path / "r.json", functional=True, inputs=tmp_path / "steps.npz")
    assert "differ from the reference (features: steps.npz)" in capsys.readouterr().out
    np.savez(tmp_path / "steps.npz", features=np.zeros((3, 1)), more=np.zeros(3))
    with pytest.raises(TraceError) as caught:
        command([path], tmp_path / "s.json", functional=True, inputs=tmp_path / "steps.npz")
    assert "more is no input, which are features" in str(caught.value)
    assert "features has the shape (3, 1), must have (N, " in str(caught.value)
    with pytest.raises(ConfigError, match="is not used without --functional"):
        command([path], tmp_path / "s.json", inputs=tmp_path / "steps.npz")


class TestModelsFromAnywhere:
    """What is stored beside a trace of several inputs and no argmax."""

    def work(self) -> SimpleNamespace:
        trace = with_outputs(TRACES["two inputs"]())
        return SimpleNamespace(trace=trace, constants=constants_of(trace))

    def test_outputs_and_last_states_are_compared_and_said(self, tmp_path, capsys) -> None:
        heard = {"features.0.x": np.ones((3, 12), np.float32), "features.0.energy": np.ones((3, 2), np.float32)}
        path = stored(tmp_path, self.work(), **heard)
        command([path], tmp_path / "r.json", functional=True)
        lines = " ".join(capsys.readouterr().out.split())
        assert "functional: 0 of 24 integers of outputs differ from the reference (features: stored)" in lines
        assert "functional: 0 of 8 integers of last states differ from the reference" in lines
        counts = read_result(tmp_path / "r.json").extra.functional
        assert counts == Functional(utterances=1, joint_steps=0, values=24, states=8, mismatches=0, features="stored")

    def test_what_only_some_inputs_hear_is_no_stored_speech(self) -> None:
        work = self.work()
        assert split_features({"features.0.x": np.ones((3, 12))}, work.trace)[1] is None

    def test_a_difference_is_an_error_that_names_its_tensors_and_writes_nothing(self, tmp_path, monkeypatch) -> None:
        right = datapath.product_of_tile
        monkeypatch.setattr(datapath, "product_of_tile", lambda *operands: right(*operands) + 500)
        path = stored(tmp_path, self.work())
        with pytest.raises(SimulationError, match=r"differs from the reference in \d+ of 32 integers: .* of 'h'"):
            command([path], tmp_path / "r.json", functional=True)
        assert not (tmp_path / "r.json").exists()

    def test_nothing_to_compare_is_an_error(self, tmp_path) -> None:
        build = TraceBuilder()
        build.matmul("m", build.quantised("x", 6), 4, out="y")
        trace = build.trace()
        path = stored(tmp_path, SimpleNamespace(trace=trace, constants=constants_of(trace)))
        with pytest.raises(TraceError, match="there is nothing to compare: no output, argmax or state"):
            command([path], tmp_path / "r.json", functional=True)


def test_a_trace_for_time_alone_says_why_it_has_no_integers(recogniser, tmp_path) -> None:
    imported = Imported(name="vad.onnx", calls="every 32 ms for 1 s", claim="time only", reason="it was not calibrated")
    trace = recogniser().trace.model_copy(update={"weights_file": None, "imported": imported})
    with pytest.raises(TraceError, match="questions of time only: it was not calibrated"):
        read_constants(tmp_path / "t.json", trace)
