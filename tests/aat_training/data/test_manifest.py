"""A manifest is read strictly, and every complaint names the file and the line."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aat_training.data import jsonl
from aat_training.data.manifest import Entry, read_manifest, write_manifest
from nnasim.errors import FileError, ManifestError, NnasimError

GOOD = {"id": "a", "audio_filepath": "a.wav", "duration": 1.5, "text": "three one", "speaker": "george"}


def line(**changes):
    record = {**GOOD, **changes}
    return json.dumps({key: value for key, value in record.items() if value is not ...})


@pytest.fixture
def write(tmp_path):
    def write(*lines, encoding="utf-8"):
        path = tmp_path / "m.jsonl"
        path.write_bytes("\n".join(lines).encode(encoding, "surrogatepass"))
        return path

    return write


def test_a_line_becomes_an_entry_whose_path_starts_at_the_manifests_folder(write, tmp_path):
    (entry,) = read_manifest(write(line()))
    assert (entry.id, entry.duration, entry.text, entry.speaker) == ("a", 1.5, "three one", "george")
    assert entry.path == tmp_path / "a.wav"
    assert entry.where == f"{tmp_path}/m.jsonl line 1"


def test_absolute_paths_stay_and_integers_are_durations(write):
    (entry,) = read_manifest(write(line(audio_filepath="/x/a.flac", duration=2)))
    assert str(entry.path) == "/x/a.flac"
    assert entry.duration == 2.0


def test_features_instead_of_audio(write, tmp_path):
    (entry,) = read_manifest(write(line(audio_filepath=..., features_filepath="a.mfc")))
    assert (entry.field, entry.path) == ("features_filepath", tmp_path / "a.mfc")


def test_blank_lines_are_skipped_but_counted(write):
    entries = read_manifest(write("", line(), "  ", line(id="b")))
    assert [entry.where.rpartition(" ")[2] for entry in entries] == ["2", "4"]


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("no json", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('"text"', "is not a JSON object"),
        (line()[:-5], "is not JSON"),
        (line(text=...), "the field 'text' is missing; the line has"),
        (line(duration=...), "the field 'duration' is missing: how long it is [s]; `nnasim data import FILE`"),
        (line(audio_filepath=...), "exactly one of"),
        (line(features_filepath="b.mfc"), "exactly one of"),
        (line(audio_filepath=None), "exactly one of"),
        (line(offset=-0.1), "offset = -0.1: must be "),
        (line(offset="0.5"), "offset = '0.5': must be "),
        (line(text=None), "text = None: must be text"),
        (json.dumps({"type": "MonoCut", "id": "a", "start": 0}), "is a Lhotse MonoCut"),
        (json.dumps({"id": "r", "sources": [], "sampling_rate": 8000}), "is a Lhotse Recording"),
        (line(id=""), "id = ''"),
        (line(id="a\nb"), "no control character"),
        (line(id=7), "id = 7: must be text of 1 to 500 characters"),
        (line(id="x" * 501), "of 1 to 500 characters"),
        (line(audio_filepath=0), "audio_filepath = 0: must be text"),
        (line(audio_filepath=""), "audio_filepath = ''"),
        (line(audio_filepath="a\0b"), "no control character"),
        (line(speaker="\ud800"), "no control character"),
        (line(text=["three"]), "must be text"),
        (line(text="x" * 100_001), "at most 100,000 characters"),
        (line(duration="1.5"), "duration = '1.5': must be a number greater than 0 and at most 3,600"),
        (line(duration=True), "duration = True: must be a number"),
        (line(duration=0), "greater than 0"),
        (line(duration=-1), "greater than 0"),
        (line(duration=3601), "greater than 0 and at most 3,600"),
        (line().replace("1.5", "NaN"), "NaN"),
        (line().replace("1.5", "-Infinity"), "Infinity"),
        (line().replace("1.5", "1e999"), "beyond the range"),
        (line().replace("1.5", "9" * 5000), "5000 digits"),
        (line()[:-1] + ', "id": "b"}', "key 'id' twice"),
        ("[" * 40_000, "nested deeper"),
        (line(text="x" * 1_000_000), "at most 1,000,000 are allowed"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(write, bad, complaint):
    with pytest.raises(NnasimError) as caught:
        read_manifest(write(line(id="first"), bad))
    message = str(caught.value)
    assert "m.jsonl line 2: " in message
    assert complaint in message
    assert "\n" not in message
    assert len(message) < 600
    assert "Input should" not in message


def test_an_id_stands_once(write):
    with pytest.raises(NnasimError, match=r"line 3: id = 'a': stands already in .*line 1"):
        read_manifest(write(line(), line(id="b"), line()))


@pytest.mark.parametrize("lines", [(), ("", "  ")])
def test_an_empty_manifest_is_an_error(write, lines):
    with pytest.raises(FileError, match="holds no utterance"):
        read_manifest(write(*lines))


def test_not_utf8_is_refused_with_its_line(write):
    with pytest.raises(FileError, match=r"line 1: is not UTF-8 text \(byte"):
        read_manifest(write(line(text="TEXT").replace("TEXT", "h\xf6r"), encoding="latin-1"))


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, "/dev/zero", tmp_path / "absent"):
        with pytest.raises(FileError):
            read_manifest(path)


def test_too_much_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b"{}\n" * (jsonl.MAX_LINES + 1))
    with pytest.raises(FileError, match="more than 50,000 lines"):
        read_manifest(path)
    os.truncate(path, jsonl.MAX_FILE_BYTES + 1)
    with pytest.raises(FileError, match="at most 64,000,000"):
        read_manifest(path)


def test_what_is_written_reads_back_and_repeats_byte_for_byte(tmp_path, write):
    entries = read_manifest(write(line(), line(id="b", text="drei \u2028 <b>\u202e")))
    path = tmp_path / "sub" / "n.jsonl"
    write_manifest(path, entries)
    again = read_manifest(path)
    assert [e.model_dump() for e in again] == [{**e.model_dump(), "audio_filepath": "../a.wav"} for e in entries]
    assert os.path.realpath(again[0].path) == os.path.realpath(entries[0].path)
    first = path.read_bytes()
    write_manifest(path, read_manifest(path), force=True)
    assert path.read_bytes() == first


def test_written_paths_do_not_depend_on_the_working_directory(tmp_path, monkeypatch):
    manifests = []
    for home in (tmp_path, tmp_path / "deep" / "er"):
        home.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(home)
        out = os.path.relpath(tmp_path / "m.jsonl")
        folder = Path(os.path.relpath(tmp_path / "audio"))
        write_manifest(out, [Entry(**GOOD, folder=folder)], force=True)
        manifests.append((tmp_path / "m.jsonl").read_bytes())
    assert manifests[0] == manifests[1]
    assert json.loads(manifests[0])["audio_filepath"] == "audio/a.wav"


WORDS = [{"word": "three", "start": 0.1, "end": 0.5}, {"word": "one", "start": 0.6, "end": 1.1}]


def timed(tmp_path, *lines):
    """The word times beside the manifest of ``write``."""
    (tmp_path / "m.align.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_speech_ends_where_the_word_times_beside_the_manifest_say(write, tmp_path):
    """Nothing is said in an utterance without words; what is said in others than those of the manifest is of no use."""
    timed(tmp_path, {"id": "b", "words": WORDS}, {"id": "of another manifest", "words": WORDS})
    entries = read_manifest(write(line(text=" "), line(id="b", text="three one", duration=2.0)))
    assert [entry.speech_end for entry in entries] == [None, 1.1]


def test_word_times_are_needed_of_the_utterances_that_are_used(write, tmp_path):
    timed(tmp_path, {"id": "a", "words": WORDS})
    path = write(line(text="three one", duration=2.0), line(id="b"))
    assert [entry.speech_end for entry in read_manifest(path, 1)] == [1.1]
    with pytest.raises(NnasimError, match=r"m\.jsonl line 2: id = 'b': must be one of the utterances whose words' ti"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("three", "whose text has no further word as word 2"),
        ("three two", "whose text has 'two' as word 2"),
        ("three one one", "whose text has 'one' as word 3"),
        ("", "whose text has no further word as word 1"),
        ("one three", "whose text has 'one' as word 1"),
    ],
)
def test_word_times_are_of_the_words_that_the_manifest_has(write, tmp_path, text, complaint):
    timed(tmp_path, {"id": "a", "words": WORDS})
    with pytest.raises(
        NnasimError, match=r"m\.align\.jsonl line 1: words = 'three one': must be the words of the"
    ) as e:
        read_manifest(write(line(text=text, duration=2.0)))
    assert complaint in str(e.value)


@pytest.mark.parametrize("text", ["3, one.", "THREE ONE", " three  one", "\u201cThree\u201d one!"])
def test_aligners_write_words_in_another_way(write, tmp_path, text):
    timed(tmp_path, {"id": "a", "words": WORDS})
    assert [entry.speech_end for entry in read_manifest(write(line(text=text, duration=2.0)))] == [1.1]


def test_words_end_with_the_utterance_but_for_one_frame_of_an_aligner(write, tmp_path):
    timed(tmp_path, {"id": "a", "words": WORDS})
    assert read_manifest(write(line(text="three one", duration=1.02)))[0].speech_end == 1.1
    with pytest.raises(
        NnasimError, match=r"words\.1\.end = 1\.1: lies behind the end of .*line 1, which lasts 1\.01 s"
    ):
        read_manifest(write(line(text="three one", duration=1.01)))


def test_an_existing_manifest_is_kept_without_force(tmp_path, write):
    path = write(line())
    before = path.read_bytes()
    with pytest.raises(FileError, match="use `force`"):
        write_manifest(path, [Entry(**{**GOOD, "id": "b"})])
    assert path.read_bytes() == before


def test_a_nemo_manifest_is_read_as_it_is(write):
    nemo = {"audio_filepath": "w/call.wav", "duration": 1.0, "offset": 0.25, "text": "one", "lang": "en", "x": [1]}
    entries = read_manifest(write(json.dumps(nemo), "", json.dumps({**nemo, "id": None, "speaker": None})))
    assert [entry.id for entry in entries] == ["call-0.25-1", "call-0.25-3"]
    assert [(entry.offset, entry.speaker, entry.unused) for entry in entries] == [(0.25, None, ("lang", "x"))] * 2


def test_a_derived_name_that_stands_already_is_refused(write):
    with pytest.raises(NnasimError, match="stands already in"):
        read_manifest(write(line(id="a-0-2"), line(id=...)))


def test_nothing_said_is_a_reference(write):
    assert [entry.text for entry in read_manifest(write(line(text=""), line(id="b", text="  ")))] == ["", "  "]


def test_fields_of_the_record_that_are_not_of_the_file_are_not_believed(write):
    (entry,) = read_manifest(write(line(where="x", folder="/", speech_end=1.0, unused=["text"])))
    assert entry.where.endswith("line 1")
    assert entry.speech_end is None
    assert entry.unused == ("where", "folder", "speech_end", "unused")


@given(
    count=st.integers(1, 48_000), offset=st.none() | st.floats(0, 5), duration=st.floats(1e-4, 10),
    rate=st.sampled_from([100, 8000, 16_000]),
)  # fmt: skip
def test_a_span_lies_within_its_file_and_is_as_long_as_it_says(count, offset, duration, rate):
    entry = Entry(**{**GOOD, "offset": offset, "duration": duration})
    start = round((offset or 0) * rate)
    if start >= count:
        with pytest.raises(NnasimError, match="lies behind the end"):
            entry.span(count, rate)
        return
    first, last = entry.span(count, rate)
    assert first == start < last <= count
    assert last == count or last - first == max(1, round(duration * rate))
    assert last < count or first + duration * rate >= count - rate * 0.01 - 1.5


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\x1f\x8b\x08\x00", "compressed with gzip; `nnasim data import"),
        (b"path\ttext\na.wav\tone\n", "seems to be a table"),
        (b'"audio_filepath","text"\n', "seems to be a table"),
    ],
)
def test_a_file_of_another_kind_is_told_what_it_seems_to_be(tmp_path, content, complaint):
    (tmp_path / "m.jsonl").write_bytes(content)
    with pytest.raises(FileError, match=complaint):
        read_manifest(tmp_path / "m.jsonl")


def test_a_byte_order_mark_is_no_part_of_the_first_line_and_a_speaker_may_be_a_number(tmp_path):
    (tmp_path / "m.jsonl").write_bytes(b"\xef\xbb\xbf" + line(speaker=12).encode() + b"\r\n\r\n")
    assert [entry.speaker for entry in read_manifest(tmp_path / "m.jsonl")] == ["12"]


@pytest.mark.parametrize("name", ["a\nb", os.fsdecode(b"\xff"), "x" * 200 + "/" + 20 * ("y" * 200 + "/")])
def test_a_manifest_that_could_not_be_read_is_not_written(tmp_path, name):
    """Its folders have names that no manifest may hold."""
    entry = Entry(**GOOD, folder=tmp_path / name, where="list line 7")
    with pytest.raises(ManifestError, match="list line 7: audio_filepath = "):
        write_manifest(tmp_path / "n.jsonl", [entry])
    assert list(tmp_path.iterdir()) == []


def test_no_manifest_of_more_utterances_than_one_may_have_is_written(tmp_path):
    entry = Entry(**GOOD | {"audio_filepath": "/a.wav"})
    with pytest.raises(FileError, match="would have 50,001 utterances, at most 50,000 are allowed"):
        write_manifest(tmp_path / "n.jsonl", [entry] * 50_001)


def test_few_of_a_lines_further_fields_are_kept(write):
    """A note names five; millions of them would take as much memory as the file."""
    (entry,) = read_manifest(write(line(**{f"x{number}": 1 for number in range(1000)})))
    assert entry.unused == tuple(f"x{number}" for number in range(20))
