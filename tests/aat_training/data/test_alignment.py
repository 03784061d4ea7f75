"""Word times beside a manifest: absent is fine, wrong is not."""

import pytest

from aat_training.data.alignment import (
    Alignment,
    WordTime,
    alignment_bytes,
    alignment_path,
    read_alignments,
)
from nnasim.errors import NnasimError


def test_what_is_written_reads_back(tmp_path):
    manifest = tmp_path / "m.jsonl"
    words = (WordTime(word="one", start=0.1, end=0.4), WordTime(word="two", start=0.5, end=0.9))
    alignment_path(manifest).write_bytes(alignment_bytes([Alignment(id="a", words=words)]))
    assert alignment_path(manifest) == tmp_path / "m.align.jsonl"
    alignments = read_alignments(manifest)
    assert alignments["a"].words == words
    assert alignments["a"].speech_end == 0.9


def test_real_recordings_have_none(tmp_path):
    assert read_alignments(tmp_path / "m.jsonl") == {}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "is not JSON"),
        ('{"id": "a"}', "words"),
        ('{"id": "a", "words": []}', "words"),
        ('{"id": "a", "words": [{"word": "one", "start": -1, "end": 2}]}', "words.0.start = -1"),
        ('{"id": "a", "words": [{"word": "one", "start": 1, "end": "late"}]}', "words.0.end = 'late'"),
        ('{"id": "a", "words": [{"word": "one", "start": 2, "end": 1}]}', "words.0.end = 1.0: must not be before its"),
        ('{"id": "a", "words": [{"word": "one", "start": 1, "end": "2"}]}', "words.0.end = '2'"),
        ('{"id": "a", "words": [{"word": "one", "start": true, "end": 2}]}', "words.0.start = True"),
        ('{"id": "a", "words": [{"word": "one", "start": 1, "end": 1e308}]}', "words.0.end = 1e+308"),
        (
            '{"id": "a", "words": [{"word": "one two", "start": 1, "end": 2}]}',
            "words.0.word = 'one two': must be one word",
        ),
        ('{"id": "a", "words": [{"word": "", "start": 1, "end": 2}]}', "words.0.word = '': must be one word"),
        (
            '{"id": "a", "words": [{"word": "b", "start": 2, "end": 3}, {"word": "a", "start": 1, "end": 2}]}',
            "words.1.end = 2.0: must not be before its start, nor before the end of the word in front of it",
        ),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, complaint):
    (tmp_path / "m.align.jsonl").write_text("\n" + line)
    with pytest.raises(NnasimError, match=r"m\.align\.jsonl line 2: ") as caught:
        read_alignments(tmp_path / "m.jsonl")
    assert complaint in str(caught.value)


def test_an_utterance_has_one_line(tmp_path):
    """Else the last would count, and so where speech ends."""
    line = '{"id": "a", "words": [{"word": "one", "start": 1, "end": %d}]}\n'
    (tmp_path / "m.align.jsonl").write_text(line % 2 + line % 3)
    with pytest.raises(NnasimError, match=r"line 2: id = 'a': stands already in .*m\.align\.jsonl line 1"):
        read_alignments(tmp_path / "m.jsonl")


def test_a_link_that_leads_nowhere_is_not_the_same_as_no_word_times(tmp_path):
    (tmp_path / "m.align.jsonl").symlink_to("gone")
    with pytest.raises(NnasimError, match=r"m\.align\.jsonl: cannot be read"):
        read_alignments(tmp_path / "m.jsonl")
