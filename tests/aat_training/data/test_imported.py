"""Other tools' descriptions of speech become utterances, or one line says what is in the way."""

import gzip
import json

import numpy as np
import pytest

from aat_training.data import imported as module
from aat_training.data.check import check_files
from aat_training.data.imported import imported
from aat_training.data.manifest import read_manifest, write_manifest
from nnasim.errors import NnasimError

RECORDING = {
    "id": "call", "sources": [{"type": "file", "channels": [0], "source": "w/call.wav"}], "sampling_rate": 8000,
    "num_samples": 16_000, "duration": 2.0,
}  # fmt: skip
CUT = {
    "id": "call-1", "start": 0.5, "duration": 1.25, "channel": 0, "type": "MonoCut", "recording": RECORDING,
    "supervisions": [
        {"id": "b", "recording_id": "call", "start": 0.8, "duration": 0.4, "text": "two", "speaker": "x"},
        {"id": "a", "recording_id": "call", "start": 0.1, "duration": 0.4, "text": "one", "speaker": "ann"},
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, write_audio):
    write_audio(tmp_path / "w" / "call.wav", np.zeros(16_000, np.float32))
    return tmp_path


def facts(entries):
    check_files(entries)
    return [(e.id, e.audio_filepath, e.offset, e.duration, e.text, e.speaker) for e in entries]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lhotse_cuts(folder, pack):
    silent = {**CUT, "id": "call-2", "supervisions": [], "custom": {"snr": 3}}
    (folder / "cuts").write_bytes(pack((json.dumps(CUT) + "\n" + json.dumps(silent) + "\n").encode()))
    entries = list(imported(folder / "cuts"))
    assert facts(entries) == [
        ("call-1", "w/call.wav", 0.5, 1.25, "one two", "ann"),
        ("call-2", "w/call.wav", 0.5, 1.25, "", None),
    ]
    assert [entry.unused for entry in entries] == [(), ("custom",)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "MixedCut"}, "is a Lhotse MixedCut; only MonoCuts"),
        ({"channel": 1}, "channel = 1: must be 0"),
        ({"channel": True}, "channel = True: must be 0"),
        ({"supervisions": ["one"]}, r"supervisions\.0 = 'one': must be a supervision"),
        ({"supervisions": [{"start": 0, "text": ["one"]}]}, r"supervisions\.0\.text = \['one'\]: must be text or null"),
        ({"supervisions": [{"start": "0", "text": "one"}]}, r"supervisions\.0\.start = '0': must be a number"),
        ({"recording": None}, "recording = None: must hold the recording"),
        ({"recording": {**RECORDING, "transforms": [{"name": "Speed"}]}}, "recording.transforms = .*are not applied"),
        ({"recording": {**RECORDING, "sources": []}}, "recording.sources = .*must be one file"),
        (
            {"recording": {**RECORDING, "sources": [{"type": "command", "channels": [0], "source": "rm -rf ."}]}},
            "recording.sources.type = 'command': must be file",
        ),
        (
            {"recording": {**RECORDING, "sources": [{"type": "file", "channels": [0, 1], "source": "a.wav"}]}},
            "recording.sources.channels = .*one channel",
        ),
        ({"supervisions": {}}, "supervisions = .*must be a list"),
        ({"start": "0"}, "offset = '0': must be"),
        ({"id": None}, "id = None: must be"),
    ],
)
def test_a_cut_that_cannot_be_one_utterance_is_refused(folder, change, complaint):
    (folder / "cuts.jsonl").write_text(json.dumps({**CUT, **change}))
    with pytest.raises(NnasimError, match=complaint) as caught:
        list(imported(folder / "cuts.jsonl"))
    assert str(caught.value).startswith(f"{folder}/cuts.jsonl line 1: ")


def test_a_kaldi_folder_with_and_without_segments(folder):
    (folder / "wav.scp").write_text("call w/call.wav\n")
    (folder / "text").write_text("call\tONE two\n".replace("\t", " "))
    (folder / "utt2spk").write_text("call ann\n")
    assert facts(imported_list(folder)) == [("call", "w/call.wav", None, 2.0, "ONE two", "ann")]
    (folder / "segments").write_text("u1 call 0.5 1.25\nu2 call 1.25 2.0\n")
    (folder / "text").write_text("u1 one\nu2\n")
    assert facts(imported_list(folder)) == [
        ("u1", "w/call.wav", 0.5, 0.75, "one", None),
        ("u2", "w/call.wav", 1.25, 0.75, "", None),
    ]


def imported_list(path):
    return list(imported(path))


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"text": "call one"}, "lacks wav.scp"),
        ({"wav.scp": "call w/call.wav"}, "lacks text"),
        ({"wav.scp": "call sph2pipe x.sph |", "text": "call one"}, r"wav.scp line 1: .*is a command"),
        ({"wav.scp": "other w/call.wav", "text": "call one"}, "text line 1: .*has no line in wav.scp"),
        ({"wav.scp": "call w/call.wav", "text": "call one\ncall two"}, "text line 2: .*stands already"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": "u call 0"}, "segments line 1: .*UTTERANCE"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": "u call 0 x"}, "END = 'x': must be a number"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": "u call 0 1_0"}, "END = '1_0': must be a number"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": f"u call 0 1{400 * '0'}"}, "must be a number"),
        ({"wav.scp": "call w/call.wav", "text": "call one", "segments": ""}, "has no line in segments"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": "v call 0 1"}, "has no line in segments"),
        ({"wav.scp": "call w/call.wav", "text": "u one", "segments": "u call 1 0.5"}, "duration = -0.5: must be"),
    ],
)
def test_a_kaldi_folder_that_is_no_good_is_refused_with_its_line(folder, files, complaint):
    for name, content in files.items():
        (folder / name).write_text(content)
    with pytest.raises(NnasimError, match=complaint):
        imported_list(folder)


def test_kaldi_separates_by_blanks_and_tabs_and_lines_end_where_they_do(folder):
    """A line separator of Unicode is part of a text, and begins no utterance."""
    (folder / "wav.scp").write_text("call\tw/call.wav\nc2 \t w/call.wav\r\n")
    (folder / "text").write_text("call\tone  two\u2028c2 four\nc2\n")
    assert facts(imported_list(folder)) == [
        ("call", "w/call.wav", None, 2.0, "one  two\u2028c2 four", None),
        ("c2", "w/call.wav", None, 2.0, "", None),
    ]


@pytest.mark.parametrize("name", ["segments", "utt2spk"])
def test_a_link_of_a_kaldi_folder_that_leads_nowhere_is_told(folder, name):
    (folder / "wav.scp").write_text("call w/call.wav\n")
    (folder / "text").write_text("call one\n")
    (folder / name).symlink_to("gone")
    with pytest.raises(NnasimError, match=f"{name}: cannot be read"):
        imported_list(folder)


def test_a_csv_table_and_common_voices_tsv(folder):
    (folder / "t.csv").write_text('\ufeffPath,Text,Speaker,mood\nw/call.wav,"One, two",ann,\n', encoding="utf-8")
    entries = imported_list(folder / "t.csv")
    assert facts(entries) == [("call-0-2", "w/call.wav", None, 2.0, "One, two", "ann")]
    assert entries[0].unused == ("mood",)
    (folder / "t.tsv").write_text("client_id\tpath\tsentence\toffset\tduration\nc1\tw/call.wav\tone\t0.5\t1\n")
    assert facts(imported_list(folder / "t.tsv")) == [("call-0.5-2", "w/call.wav", 0.5, 1.0, "one", "c1")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "names no column for audio_filepath"),
        ("path,words\nw/call.wav,one", "names no column for text"),
        ("sentence,speaker\none,ann", "names no column for audio_filepath"),
        ("path,file,text\na,b,c", "several columns for audio_filepath"),
        ("path,text\nw/call.wav\n", "line 2: has 1 columns, the header names 2"),
        ("path,text,duration\nw/call.wav,one,long\n", "line 2: duration = 'long': must be a number of seconds"),
        ("path,text,duration\nw/call.wav,one,nan\n", "must be a number of seconds"),
        ("path,text\nw/none.wav,one\n", "line 2: audio_filepath = .*No such file"),
        ("path,text\n", "holds no utterance"),
        ('path,text\n"w/call.wav,one\n', "is no row of a table"),
    ],
)
def test_a_table_that_is_no_good_is_refused_with_its_line(folder, content, complaint):
    (folder / "t.csv").write_text(content)
    with pytest.raises(NnasimError, match=complaint):
        imported_list(folder / "t.csv")


def test_a_nemo_manifest_and_what_is_written_reads_back(folder, tmp_path):
    (folder / "nemo.jsonl").write_text(
        json.dumps({"audio_filepath": "w/call.wav", "duration": 1, "offset": 0.5, "text": ""})
    )
    entries = imported_list(folder / "nemo.jsonl")
    write_manifest(tmp_path / "sub" / "m.jsonl", entries)
    again = read_manifest(tmp_path / "sub" / "m.jsonl")
    assert facts(again) == [("call-0.5-1", "../w/call.wav", 0.5, 1.0, "", None)]


def test_what_decompresses_beyond_the_limit_is_refused(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1000)
    (folder / "bomb.gz").write_bytes(gzip.compress(b"{" + bytes(5000)))
    with pytest.raises(NnasimError, match="holds more than 1,000 bytes"):
        imported_list(folder / "bomb.gz")


@pytest.mark.parametrize("cut", [4, 20])
def test_a_damaged_compressed_file_is_refused(folder, cut):
    (folder / "cuts.gz").write_bytes(gzip.compress(json.dumps(CUT).encode())[:-cut])
    with pytest.raises(NnasimError, match=r"cuts\.gz: (is truncated|cannot be decompressed)"):
        imported_list(folder / "cuts.gz")


def test_a_name_stands_once(folder):
    (folder / "cuts.jsonl").write_text(json.dumps(CUT) + "\n" + json.dumps(CUT))
    with pytest.raises(NnasimError, match=r"line 2: id = 'call-1': stands already in .*line 1"):
        imported_list(folder / "cuts.jsonl")


def test_a_kaldi_segment_that_ends_at_minus_one_ends_with_its_recording(folder):
    (folder / "wav.scp").write_text("call w/call.wav\n")
    (folder / "text").write_text("u one\n")
    (folder / "segments").write_text("u call 0.5 -1\n")
    assert facts(imported_list(folder)) == [("u", "w/call.wav", 0.5, 1.5, "one", None)]


@pytest.mark.parametrize("separator", [",", ";", "\t", " ; "])
def test_columns_may_be_separated_by_semicolons_and_padded(folder, separator):
    (folder / "t.csv").write_text("path#text\nw/call.wav#one\n".replace("#", separator))
    assert facts(imported_list(folder / "t.csv")) == [("call-0-2", "w/call.wav", None, 2.0, "one", None)]


@pytest.mark.parametrize(
    "line",
    [
        {"audio": "w/call.wav", "duration": 2.0, "text": "one"},
        {"AUDIO_FILEPATH": "w/call.wav", "Duration": 2.0, "sentence": "one"},
        {"audio_filepath": "w/call.wav", "duration": None, "text": "one"},
        {"audio_filepath": "w/call.wav", "text": "one"},
    ],
)
def test_json_lines_may_call_their_fields_otherwise_and_leave_out_how_long_they_are(folder, line):
    (folder / "m.jsonl").write_text("\ufeff" + json.dumps(line), encoding="utf-8")
    assert facts(imported_list(folder / "m.jsonl")) == [("call-0-1", "w/call.wav", None, 2.0, "one", None)]
    with pytest.raises(NnasimError, match=r"m\.jsonl line 1: .*('duration' is missing|`nnasim data import)"):
        read_manifest(folder / "m.jsonl")
