"""A manifest decoded in batches: in the manifest's order, as one by one, with one batch of features in memory."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from aat_training import evaluate
from aat_training.data import features
from aat_training.data.manifest import read_manifest
from aat_training.decode import speech
from aat_training.decode.speech import batches_of
from aat_training.evaluate import hypotheses_of, run_model
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from nnasim.errors import ManifestError
from nnasim.numerics.config import NumericsConfig

SECONDS = (2.0, 0.3, 4.1, 1.0, 0.08, 3.3, 0.7)


def test_batches_are_of_similar_length_shortest_first():
    assert list(batches_of([3, 1, 2, 5, 4], batch=2)) == [[1, 2], [0, 4], [3]]


def test_a_batch_holds_no_more_than_ten_minutes_of_padded_speech():
    assert list(batches_of([1, 250, 299, 300, 301, 700, 900])) == [[0, 1], [2, 3], [4], [5], [6]]


def test_nothing_to_decode_makes_no_batch():
    assert list(batches_of([])) == []


@pytest.fixture
def entries(tmp_path):
    """Noise with pauses, of uneven lengths."""
    rng = np.random.default_rng(0)
    lines = []
    for number, seconds in enumerate(SECONDS):
        samples = rng.normal(0, 0.1, round(8000 * seconds)) * (np.sin(np.arange(round(8000 * seconds)) / 900) > 0)
        soundfile.write(tmp_path / f"{number}.wav", samples, 8000)
        line = {"id": f"u{number}", "audio_filepath": f"{number}.wav", "duration": seconds, "text": "one two"}
        lines.append(json.dumps(line))
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    return read_manifest(tmp_path / "m.jsonl")


@pytest.fixture(params=["float", "cpu_int8", "cpu_fallback", "naive"])
def system(request):
    return request.param


@pytest.fixture
def model(system, float_model, on_chip):
    if system == "float":
        return float_model
    model = on_chip(NumericsConfig(), fallback=system == "cpu_fallback")
    if system == "cpu_int8":
        model.arithmetic = DynamicArithmetic()
    return model


def test_a_trace_is_that_of_decoding_one_by_one(model, system, float_checkpoint, entries, monkeypatch):
    together = run_model(model, float_checkpoint, entries, system, NumericsConfig())
    monkeypatch.setattr(evaluate, "BATCH", 1)
    alone = run_model(model, float_checkpoint, entries, system, NumericsConfig())
    assert together.trace.utterances == alone.trace.utterances
    assert together.hypotheses == alone.hypotheses
    assert any(hypothesis for _, _, hypothesis in alone.hypotheses)


@pytest.mark.parametrize("batch", [1, 2, 3, 32])
def test_words_do_not_depend_on_the_batch(model, system, float_checkpoint, entries, batch):
    words = hypotheses_of(model, float_checkpoint, entries, system, batch=batch)
    assert words == run_model(model, float_checkpoint, entries, system, NumericsConfig()).hypotheses


def test_progress_counts_utterances(float_model, float_checkpoint, entries):
    steps = []
    hypotheses_of(float_model, float_checkpoint, entries, "float", lambda *step: steps.append(step), batch=3)
    assert steps == [("float", number, len(SECONDS)) for number in range(1, len(SECONDS) + 1)]


def test_features_are_loaded_a_batch_at_a_time(float_model, float_checkpoint, entries, monkeypatch):
    order = []
    load, decode = speech.stacked_frames, speech.decode_together
    monkeypatch.setattr(speech, "stacked_frames", lambda *given: order.append("load") or load(*given))
    monkeypatch.setattr(speech, "decode_together", lambda *given: order.append("decode") or decode(*given))
    hypotheses_of(float_model, float_checkpoint, entries[:4], "float", batch=2)
    assert order == ["load", "load", "decode"] * 2


def test_what_is_shorter_than_a_stacked_frame_is_told_by_its_line(float_model, float_checkpoint, entries, tmp_path):
    soundfile.write(tmp_path / "4.wav", np.zeros(240), 8000)  # one frame of three
    with pytest.raises(ManifestError, match=r"m\.jsonl line 5: audio_filepath .*is shorter than one stacked frame"):
        hypotheses_of(float_model, float_checkpoint, entries, "float")


@pytest.mark.parametrize("beam", [1, 2])
def test_a_long_utterance_goes_as_a_stream_from_its_file_to_its_words(
    model, system, float_checkpoint, entries, monkeypatch, beam
):
    recipe = float_checkpoint.recipe
    whole = speech.decode_stream(model, recipe, [speech.stacked_frames(entries[2], recipe)], beam)
    monkeypatch.setattr(features, "_BLOCK", 50)
    monkeypatch.setattr(speech, "BATCH_SECONDS", 1.0)
    ((_, decoded),) = speech.decode_speech(model, recipe, [entries[2]], [4.1], beam=beam)
    assert decoded == whole
    chunks = list(speech.stacked_blocks(entries[2], recipe))
    assert [len(chunk) for chunk in chunks[:3]] == [16, 17, 17]  # 50 frames, of which two wait, and so on
