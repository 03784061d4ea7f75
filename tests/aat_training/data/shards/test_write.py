"""Shards hold what the manifest names, bit for bit; a stopped run goes on, and the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile

import numpy as np
import pytest
import soundfile

from aat_training.data.features import FeatureConfig, features_of
from aat_training.data.manifest import read_manifest
from aat_training.data.shards.layout import read_shards
from aat_training.data.shards.read import features_of_member, members
from aat_training.data.shards.write import write_shards
from nnasim.errors import FileError, ManifestError

FEATURES = FeatureConfig(kind="logmel", sample_rate=8000, n_mels=20)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def all_members(folder):
    shards = read_shards(folder)
    return [member for number in range(len(shards.index.shards)) for member in members(shards, number, "raw")]


def test_features_from_shards_are_those_from_the_manifest_bit_for_bit(manifest, shards):
    entries = read_manifest(manifest)
    stored = all_members(shards)
    assert [member.id for member in stored] == [entry.id for entry in entries]
    assert [member.text for member in stored] == [entry.text for entry in entries]
    for entry, member in zip(entries, stored, strict=True):
        assert np.array_equal(features_of_member(member, FEATURES).numpy(), features_of(entry, FEATURES)), entry.id


@pytest.mark.parametrize(
    ("subtype", "channels"), [("PCM_U8", 1), ("PCM_16", 2), ("PCM_24", 3), ("PCM_32", 1), ("FLOAT", 2), ("ULAW", 1)]
)
def test_a_cut_is_kept_without_loss(tmp_path, subtype, channels):
    samples = 0.2 * np.random.default_rng(2).standard_normal((16000, channels))
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype=subtype)
    line = {"id": "a", "audio_filepath": "a.wav", "offset": 0.4, "duration": 1.0, "text": "one"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    write_shards([tmp_path / "a.jsonl"], tmp_path / "s", 1.0)
    ((member,), (entry,)) = all_members(tmp_path / "s"), read_manifest(tmp_path / "a.jsonl")
    assert np.array_equal(features_of_member(member, FEATURES).numpy(), features_of(entry, FEATURES))


def test_a_shard_is_a_tar_that_other_tools_read(manifest, shards):
    lines = [json.loads(line) for line in (shards / "sharded_manifests" / "manifest_0.json").read_text().splitlines()]
    with tarfile.open(shards / "audio_0.tar") as tar:
        for line in lines:
            data = tar.extractfile(line["audio_filepath"]).read()
            assert tar.getmember(line["audio_filepath"]).offset_data == line["byte_offset"]
            assert hashlib.sha256(data).hexdigest().startswith(line["digest"])
    (first, *_) = read_manifest(manifest)
    assert lines[0]["shard_id"] == 0
    assert lines[0]["duration"] == first.duration


def test_every_shard_but_the_last_lasts_at_least_as_long_as_asked(shards):
    seconds = [shard.seconds for shard in read_shards(shards).index.shards]
    assert len(seconds) > 3
    assert all(3.6 <= each < 3.6 + 2 for each in seconds[:-1])


def test_the_same_manifest_gives_the_same_bytes(manifest, shards, tmp_path):
    write_shards([manifest], tmp_path / "again", 0.001)
    assert files_of(tmp_path / "again") == files_of(shards)


@pytest.mark.parametrize("stopped_after", [0, 2])
def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(manifest, shards, tmp_path, stopped_after):
    class Stopped(Exception):
        pass

    def stop(what, done, total, note=""):
        if done > stopped_after:
            raise Stopped

    folder = tmp_path / "stopped"
    with pytest.raises(Stopped):
        write_shards([manifest], folder, 0.001, progress=stop)
    with pytest.raises(FileError, match=r"holds no index\.json"):
        read_shards(folder)
    with pytest.raises(FileError, match="use `resume`"):
        write_shards([manifest], folder, 0.001)
    before = (folder / "audio_0.tar").stat().st_mtime_ns
    write_shards([manifest], folder, 0.001, resume=True)
    assert files_of(folder) == files_of(shards)
    assert (folder / "audio_0.tar").stat().st_mtime_ns == before


def test_other_hours_do_not_go_on_with_what_stands(manifest, shards):
    (shards / "index.json").unlink()
    with pytest.raises(FileError, match="other hours a shard"):
        write_shards([manifest], shards, 0.002, resume=True)


def test_force_replaces_and_leaves_no_shard_of_before(manifest, shards):
    write_shards([manifest], shards, 1.0, force=True)
    assert sorted(files_of(shards)) == ["audio_0.tar", "index.json", "sharded_manifests/manifest_0.json"]


def test_shards_stay_where_what_should_replace_them_is_refused(manifest, shards):
    before = files_of(shards)
    manifest.write_text(manifest.read_text() + json.dumps({"audio_filepath": "no.wav", "duration": 1, "text": "one"}))
    with pytest.raises(ManifestError, match=r"no\.wav"):
        write_shards([manifest], shards, 0.001, force=True)
    assert files_of(shards) == before


def test_several_manifests_become_one_folder(manifest, tmp_path):
    index = write_shards([manifest, manifest], tmp_path / "both", 0.002)
    assert sum(shard.utterances for shard in index.shards) == 28


def test_a_bad_line_is_refused_before_anything_is_written(manifest, tmp_path):
    manifest.write_text(manifest.read_text() + json.dumps({"audio_filepath": "no.wav", "duration": 1, "text": "one"}))
    with pytest.raises(ManifestError, match=r"no\.wav"):
        write_shards([manifest], tmp_path / "none", 0.001)
    assert not (tmp_path / "none" / "audio_0.tar").exists()


def test_old_shards_stay_whole_until_all_new_ones_stand(manifest, shards):
    """Whatever ends the run: a full disk, an interrupt."""
    before = files_of(shards)

    class Stopped(Exception):
        pass

    def stop(what, done, total, note=""):
        raise Stopped

    with pytest.raises(Stopped):
        write_shards([manifest], shards, 0.002, force=True, progress=stop)
    assert files_of(shards) == before
    assert sorted(path.name for path in shards.parent.iterdir() if path.is_dir()) == [shards.name]


def test_what_replaces_shards_is_written_where_their_link_leads(manifest, shards, tmp_path):
    (link := tmp_path / "link").symlink_to(shards)
    write_shards([manifest], link, 1.0, force=True)
    assert link.is_symlink()
    assert len(read_shards(shards).index.shards) == 1


def test_only_shards_that_nnasim_made_are_replaced(manifest, shards):
    foreign = {
        "notes.txt": b"mine", "sharded_manifests/notes.txt": b"mine", "index.json": b'{"pages": []}',
        "more/audio_0.tar": b"mine",
    }  # fmt: skip
    for name, content in foreign.items():
        path = shards / name
        before = path.read_bytes() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        everything = files_of(shards)
        with pytest.raises(FileError, match=r"(holds .*, which is no part of shards|is not the index of shards)"):
            write_shards([manifest], shards, 1.0, force=True)
        assert files_of(shards) == everything
        path.unlink() if before is None else path.write_bytes(before)
        if path.parent.name == "more":
            path.parent.rmdir()


@pytest.mark.parametrize("how", ["force", "resume"])
@pytest.mark.parametrize("name", ["audio_0.tar", "sharded_manifests/manifest_0.json"])
def test_shards_of_another_tool_are_neither_replaced_nor_gone_on_with(manifest, tmp_path, name, how):
    path = tmp_path / "nemo" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"anna.wav\0" if name.endswith("tar") else b'{"audio_filepath": "anna.wav", "duration": 1}\n')
    before = files_of(tmp_path / "nemo")
    with pytest.raises(FileError, match="that nnasim made, and will not be replaced; give another folder"):
        write_shards([manifest], tmp_path / "nemo", 1.0, **{how: True})
    assert files_of(tmp_path / "nemo") == before


@pytest.mark.parametrize("offset", [None, 0.1])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_samples_that_are_no_audio_are_told_when_shards_are_made(tmp_path, offset, value):
    """And not hours later, in the middle of a training."""
    soundfile.write(tmp_path / "a.wav", np.full(8000, value, np.float32), 8000, subtype="FLOAT")
    line = {"id": "a", "audio_filepath": "a.wav", "offset": offset, "duration": 1.0 - (offset or 0), "text": "one"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    with pytest.raises(ManifestError, match=r"line 1: audio_filepath = .*a\.wav.*: has a sample that is not finite"):
        write_shards([tmp_path / "a.jsonl"], tmp_path / "s", 1.0)


def test_a_damaged_file_is_told_when_shards_are_made(manifest, tmp_path):
    path = tmp_path / "u9.flac"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ManifestError, match=r"u9\.flac.*: (is truncated or damaged|cannot be decoded)"):
        write_shards([manifest], tmp_path / "s", 1.0)


def test_a_tar_that_has_been_cut_is_not_gone_on_with(manifest, shards):
    (shards / "index.json").unlink()
    os.truncate(shards / "audio_0.tar", 1000)
    with pytest.raises(ManifestError, match=r"byte_offset = .*within the 1000 bytes of the shard"):
        write_shards([manifest], shards, 0.001, resume=True)
