"""An index and its shards are believed only as far as they agree; what has changed since is refused by name."""

from __future__ import annotations

import hashlib
import json

import pytest

from aat_training.data.features import FeatureConfig
from aat_training.data.shards.layout import read_shards
from aat_training.data.shards.read import features_of_member, members
from nnasim.errors import FileError, ManifestError, NnasimError


def test_a_missing_shard_is_named(shards):
    (shards / "audio_1.tar").unlink()
    with pytest.raises(FileError, match=r"audio_1\.tar: is missing, and .*index\.json counts on it"):
        read_shards(shards).refuse_missing()


def test_a_missing_manifest_is_named(shards):
    (shards / "sharded_manifests" / "manifest_2.json").unlink()
    with pytest.raises(FileError, match=r"manifest_2\.json: is missing"):
        read_shards(shards).refuse_missing()


def test_a_shard_of_another_size_is_refused_before_anything_is_read(shards):
    with (shards / "audio_1.tar").open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileError, match="it has changed since"):
        read_shards(shards).refuse_missing()


def test_a_changed_manifest_is_refused_when_it_is_read(shards):
    path = shards / "sharded_manifests" / "manifest_0.json"
    path.write_text(path.read_text().replace("one", "two"))
    with pytest.raises(FileError, match="has changed since its index"):
        members(read_shards(shards), 0, "raw")


def test_a_changed_byte_of_audio_is_refused_when_its_utterance_is_read(shards):
    first, second, *_ = members(read_shards(shards), 0, "raw")
    data = bytearray(first.shard.read_bytes())
    data[first.offset + first.size // 2] ^= 1
    first.shard.write_bytes(data)
    features = FeatureConfig(kind="logmel", sample_rate=8000)
    with pytest.raises(FileError, match=r"audio_0\.tar 000000\.flac: has changed since the shard was made"):
        features_of_member(first, features)
    features_of_member(second, features)


def test_audio_is_no_cepstra(shards):
    first, *_ = members(read_shards(shards), 0, "raw")
    with pytest.raises(FileError, match="holds audio, and this recipe needs the other"):
        features_of_member(first, FeatureConfig(kind="cepstra"))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nnasim.trace"},
        {"schema_version": 2},
        {"shards": []},
        {"shards": [{"utterances": 1}]},
        {"more": 1},
        {"hours_per_shard": -1},
    ],
)
def test_a_foreign_or_crooked_index_is_refused_in_one_line(shards, change):
    path = shards / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(NnasimError, match=r"index\.json"):
        read_shards(shards)


@pytest.mark.parametrize(
    ("field", "value"),
    [("audio_filepath", "../../etc/passwd"), ("byte_offset", -1), ("bytes", 10**12), ("digest", "x"), ("duration", 0)],
)
def test_a_crooked_line_is_refused_even_where_its_digest_is_right(shards, field, value):
    import hashlib

    path, index = shards / "sharded_manifests" / "manifest_0.json", shards / "index.json"
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), field: value}), *rest]))
    record = json.loads(index.read_text())
    record["shards"][0]["manifest_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    index.write_text(json.dumps(record))
    with pytest.raises(ManifestError, match=field):
        members(read_shards(shards), 0, "raw")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"byte_offset": 2**63},
            r"byte_offset = 9223372036854775808: must lie, with its \d+ bytes, within the \d+ bytes",
        ),
        ({"bytes": 2**29}, "byte_offset = 512: must lie, with its 536870912 bytes"),
        ({"shard_id": 1}, "000000.flac: shard_id = 1: must be 0"),
        ({"duration": 1e-9}, r"seconds = .*as index\.json says"),
        ({"text": "a\nb"}, "line 1: text = .*no control character"),
        ({"id": "\0"}, "line 1: id = .*no control character"),
        ({"speaker": "\x1b[2J"}, "line 1: speaker = .*no control character"),
    ],
)
def test_a_line_that_lies_is_refused_though_its_digest_is_right(shards, change, complaint):
    path = shards / "sharded_manifests" / "manifest_0.json"
    first, *others = path.read_text().splitlines(keepends=True)
    rebound(shards, json.dumps(json.loads(first) | change) + "\n" + "".join(others))
    with pytest.raises(ManifestError, match=complaint):
        members(read_shards(shards), 0, "raw")


def test_a_shard_has_as_many_utterances_as_the_index_says(shards):
    first, *_ = (shards / "sharded_manifests" / "manifest_0.json").read_text().splitlines(keepends=True)
    for lines in ("", first, 50 * first):
        rebound(shards, lines)
        with pytest.raises(ManifestError, match=r"utterances = \d+: must be \d+, as index\.json says"):
            members(read_shards(shards), 0, "raw")


def rebound(shards, lines):
    """Write the first shard's manifest, and its digest into the index."""
    (shards / "sharded_manifests" / "manifest_0.json").write_text(lines)
    index = json.loads((shards / "index.json").read_text())
    index["shards"][0]["manifest_sha256"] = hashlib.sha256(lines.encode()).hexdigest()
    (shards / "index.json").write_text(json.dumps(index))
