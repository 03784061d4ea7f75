"""What is said of speech before its word errors are believed: a line where something is odd, else nothing."""

import numpy as np
import pytest

from aat_training.checkpoint import Checkpoint
from aat_training.data.manifest import Entry
from aat_training.data.notes import early_note, manifest_notes, rate_note, score_notes, speech_notes, vocabulary_note
from aat_training.recipes import tiny
from aat_training.tokens import WordTokens

TOKENS = WordTokens(["one", "two"])
LOUD = 0.3 * np.sin(np.arange(4000) * 0.3) * np.hanning(4000) ** 0.2


@pytest.fixture
def entry(tmp_path, write_audio):
    def make(number=1, lead=4000, **fields):
        path = write_audio(tmp_path / f"{number}.wav", np.concatenate([np.zeros(lead), LOUD, np.zeros(1600)]))
        seconds = (lead + 5600) / 8000
        record = {"id": str(number), "audio_filepath": str(path), "duration": seconds, "text": "one", **fields}
        return Entry(**record, where=f"m.jsonl line {number}")

    return make


def test_nothing_is_said_of_plain_speech(entry, tmp_path):
    checkpoint = Checkpoint(tmp_path, tiny(), TOKENS, "float", {})
    assert speech_notes([entry(1), entry(2, text="Two, ONE!")], checkpoint) == []


def test_words_outside_the_vocabulary_are_counted_and_a_few_named():
    assert vocabulary_note("reference", ["one six", "two"], TOKENS) == (
        "1 of 3 reference words are not in the model's vocabulary: six"
    )
    note = vocabulary_note("dev", ["a b c d e f g g"], TOKENS)
    assert note == "8 of 8 dev words are not in the model's vocabulary: g, a, b, c, d, ..."
    assert vocabulary_note("dev", ["one", ""], TOKENS) is None


def test_a_word_from_a_file_stays_on_one_line():
    assert "\\u202e" in (vocabulary_note("dev", ["x\u202e"], TOKENS) or "")


def test_fields_not_used_are_named_once(entry):
    (note,) = manifest_notes([entry(1, unused=("lang",)), entry(2, unused=("lang", "snr"))])
    assert note.startswith("m.jsonl: fields not used: lang, snr; used: id, audio_filepath")


def test_utterances_that_are_not_as_long_as_their_files_are_told(entry):
    short, long = entry(1, duration=1.0), entry(2, duration=5.0)
    notes = manifest_notes([entry(3), short, long])
    assert notes[0].startswith("1 of 3 utterances end before their file does")
    assert "m.jsonl line 1, 1 of 1.2 s" in notes[0]
    assert notes[1].startswith("1 of 3 utterances end with their file")
    assert manifest_notes([entry(1, offset=0.1, duration=0.5)]) == []


def test_speech_in_the_first_100_ms_is_told(entry):
    utterances = [entry(1, lead=0), entry(2, lead=400), entry(3), entry(4, lead=0, text="")]
    note = early_note(utterances)
    assert note is not None
    assert note.startswith("2 of 4 utterances begin with speech in their first 100 ms")


def test_a_rate_above_100_per_cent_is_told_and_no_other():
    assert score_notes({"float": 1.0, "aat": None}) == []
    (note,) = score_notes({"float": 0.5, "aat": 2.2})
    assert note.startswith("WER above 100 % (aat 220.0 %)")


def test_a_lower_sample_rate_than_the_models_is_told(entry, tmp_path):
    checkpoint = Checkpoint(tmp_path, tiny(), TOKENS, "float", {})
    assert rate_note([entry(1), entry(2)], 8000) is None
    assert rate_note([entry(1), entry(2)], 16_000).startswith(
        "2 of 2 utterances have a lower sample rate than the model (from 8000 Hz, the model 16000 Hz)"
    )
    assert checkpoint.recipe.features.sample_rate == 8000
