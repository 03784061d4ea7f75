"""AN4: the utterances of a list, whose paths stay inside the corpus."""

import struct

import numpy as np
import pytest

from aat_training.data.an4 import an4_entries, the_list
from aat_training.data.features import FeatureConfig, features_of
from nnasim.errors import FileError, NnasimError
from tests.outside import outside

HEADER = "path\tspeaker\ttext\n"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "feat" / "fash").mkdir(parents=True)
    rows = np.ones((150, 13), ">f4")
    (tmp_path / "feat/fash/an251-fash-b.mfc").write_bytes(struct.pack(">I", rows.size) + rows.tobytes())
    (tmp_path / "dev.tsv").write_text(HEADER + "feat/fash/an251-fash-b.mfc\tfash\tYES  PLEASE\n")
    return tmp_path


def test_a_row_becomes_an_entry(tree):
    (entry,) = an4_entries(tree, tree / "dev.tsv")
    assert (entry.id, entry.speaker, entry.text, entry.duration) == (
        "an251-fash-b",
        "fash",
        "yes please",
        1.5,
    )
    assert features_of(entry, FeatureConfig(kind="cepstra")).shape == (150, 13)


def test_which_list(tree):
    assert the_list(tree, "dev", None) == tree / "dev.tsv"
    assert the_list(tree, None, tree / "x.tsv") == tree / "x.tsv"
    assert the_list(tree, None, None) == tree / "dev.tsv"
    (tree / "train.tsv").touch()
    with pytest.raises(FileError, match=r"needs `split` or `list`.*dev\.tsv, train\.tsv"):
        the_list(tree, None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1 must name the columns"),
        ("path,speaker,text\n", "line 1 must name the columns"),
        (HEADER, "holds no utterance"),
        (HEADER + 2 * "feat/fash/an251-fash-b.mfc\tfash\tYES\n", "line 3: id = 'an251-fash-b': stands already in"),
        (HEADER + "feat/fash/an251-fash-b.mfc\tfash\tYES\u2028x\ty\tz\n", "line 2: has 5 columns"),
        (HEADER + "feat/x.mfc\tfash\n", "line 2: has 2 columns"),
        (HEADER + "../x.mfc\tfash\tYES\n", "line 2: path = '../x.mfc': must stay inside"),
        (HEADER + "/etc/passwd\tfash\tYES\n", "must stay inside"),
        (HEADER + "feat/none.mfc\tfash\tYES\n", "line 2: path = .*No such file"),
        (HEADER + "feat\tfash\tYES\n", "not a regular file"),
        (HEADER + "dev.tsv\tfash\tYES\n", "truncated or no cepstra"),
        (HEADER + "feat/fash/an251-fash-b.mfc\t\tYES\n", "speaker = '': must be text of 1 to 500"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(tree, content, complaint):
    (tree / "dev.tsv").write_text(content)
    with pytest.raises(NnasimError, match=complaint) as caught:
        list(an4_entries(tree, tree / "dev.tsv"))
    assert str(caught.value).startswith(f"{tree}/dev.tsv")


def test_the_real_corpus():
    corpus = outside("an4")
    entries = list(an4_entries(corpus, corpus / "dev.tsv"))
    assert len(entries) == 127
    assert len({entry.speaker for entry in entries}) == 10
    assert all(entry.text == entry.text.lower() for entry in entries)
    assert features_of(entries[0], FeatureConfig(kind="cepstra", deltas=True)).shape[1] == 26
