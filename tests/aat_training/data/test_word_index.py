"""An index of single words: which rows are taken, and one line for every hostile one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aat_training.data.strings import Recording
from aat_training.data.word_index import common_rate, load_word, recordings_by_speaker
from nnasim.errors import NnasimError

HEADER = "path\ttext\tspeaker\tsplit\n"
ROWS = "b.flac\tyes\tanna\ttrain\na.flac\tno\tanna\ttrain\nc.wav\tyes\tbert\ttrain\nd.wav\tno\tcarl\tdev\n"


@pytest.fixture
def index(tmp_path):
    """index(text) -> the path of an index with that text."""

    def write(text=HEADER + ROWS):
        path = tmp_path / "index.tsv"
        path.write_text(text, newline="")
        return path

    return write


def test_rows_are_sorted_by_speaker_and_path_and_paths_start_at_the_index(index, tmp_path):
    recordings = recordings_by_speaker(index(), "train")
    assert list(recordings) == ["anna", "bert"]
    assert recordings["anna"] == [Recording("no", tmp_path / "a.flac"), Recording("yes", tmp_path / "b.flac")]


def test_without_a_split_all_rows_count(index):
    assert list(recordings_by_speaker(index())) == ["anna", "bert", "carl"]


def test_speakers_are_taken_apart(index):
    assert list(recordings_by_speaker(index(), speakers=["bert"])) == ["bert"]
    assert list(recordings_by_speaker(index(), without=["bert"])) == ["anna", "carl"]
    assert list(recordings_by_speaker(index(), speakers=["anna", "bert"], without=["bert"])) == ["anna"]


def test_columns_are_found_by_name_and_others_are_ignored(index, tmp_path):
    path = index("split\ttake\tspeaker\ttext\tpath\ntrain\t7\tanna\tyes\ta.flac\n")
    assert recordings_by_speaker(path) == {"anna": [Recording("yes", tmp_path / "a.flac")]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1 must name"),
        ("path\ttext\tspeaker\na\tb\tc\n", "line 1 must name"),
        ("path\tpath\ttext\tspeaker\tsplit\n", "line 1 must name"),
        (HEADER, "names no recording"),
        (HEADER + "a.wav\tyes\tanna\n", "line 2: has 3 columns, the header names 4"),
        (HEADER + "a.wav\tyes\tanna\ttrain\textra\n", "line 2: has 5 columns"),
        (HEADER + ROWS + "a.flac\tyes\tanna\ttrain\n", "stands already in"),
        (HEADER + ROWS + "./a.flac\tyes\tanna\ttrain\n", "stands already in"),
        (HEADER + "a.wav\tyes\u2028b.wav\tanna\ttrain\n", "line 2: text = .*must be one word"),
        (HEADER + "/etc/passwd\tyes\tanna\ttrain\n", "must stay inside"),
        (HEADER + "x/../../a.wav\tyes\tanna\ttrain\n", "must stay inside"),
        (HEADER + "a.wav\tyes no\tanna\ttrain\n", "must be one word"),
        (HEADER + "a.wav\t\tanna\ttrain\n", "text = ''"),
        (HEADER + "a.wav\tyes\t\ttrain\n", "speaker = ''"),
        (HEADER + "a.wav\tyes\x1b[2J\tanna\ttrain\n", "no control characters"),
        (HEADER + "a.wav\tyes\t" + "x" * 501 + "\ttrain\n", "1 to 500 characters"),
        (HEADER + "a.wav\tyes\x00\tanna\ttrain\n", "no control characters"),
    ],
)
def test_a_hostile_index_is_refused_with_its_line(index, text, complaint):
    with pytest.raises(NnasimError, match=complaint) as error:
        recordings_by_speaker(index(text))
    assert "index.tsv" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"split": "test"}, "split = 'test': must be one of dev, train"),
        ({"speakers": ["dora"]}, "speakers = 'dora': must be one of anna, bert, carl"),
        ({"split": "train", "without": ["carl"]}, "without-speakers = 'carl'"),
        ({"split": "dev", "without": ["carl"]}, "leaves no speaker"),
    ],
)
def test_a_choice_that_matches_nothing_names_what_there_is(index, options, complaint):
    with pytest.raises(NnasimError, match=complaint):
        recordings_by_speaker(index(), **options)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("index") / "index.tsv"
    path.write_bytes(HEADER.encode() + data)
    complaint = ""
    try:
        recordings_by_speaker(path)
    except NnasimError as error:
        complaint = str(error)
    assert "\n" not in complaint


def test_all_recordings_must_have_one_rate(index, tmp_path, write_audio):
    write_audio(tmp_path / "a.flac", rate=16_000)
    write_audio(tmp_path / "b.flac", rate=8_000)
    recordings = recordings_by_speaker(index(), speakers=["anna"])
    with pytest.raises(NnasimError, match=r"b\.flac: has 8000 samples a second, and .*a\.flac has 16000"):
        common_rate(recordings)
    write_audio(tmp_path / "b.flac", rate=16_000)
    assert common_rate(recordings) == 16_000


def test_a_missing_or_long_recording_is_named_before_any_work(index, tmp_path, write_audio):
    recordings = recordings_by_speaker(index(), speakers=["bert"])
    with pytest.raises(NnasimError, match=r"c\.wav: cannot be read"):
        common_rate(recordings)
    write_audio(tmp_path / "c.wav", np.zeros(88_000, np.float32))
    with pytest.raises(NnasimError, match=r"c\.wav: lasts 11\.0 s"):
        common_rate(recordings)


def test_a_recording_of_silence_is_named(tmp_path, write_audio):
    with pytest.raises(NnasimError, match="nothing but silence"):
        load_word(write_audio(tmp_path / "a.wav", np.zeros(800, np.float32)))


def test_what_no_recording_of_32_bits_holds_is_silence(tmp_path, write_audio):
    """Made as loud as the others it would be infinite."""
    write_audio(tmp_path / "a.wav", np.full(1000, 1e-42, np.float32), subtype="FLOAT")
    with pytest.raises(NnasimError, match="holds nothing but silence"):
        load_word(tmp_path / "a.wav")
