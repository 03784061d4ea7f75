"""`nnasim data`: each maker from the command line, and one line for what the user got wrong."""

import struct

import numpy as np
import pytest

pytest.importorskip("soundfile")
pytest.importorskip("torch")

import soundfile

from aat_training.data.manifest import read_manifest
from nnasim.cli.main import main


@pytest.fixture
def digits(tmp_path):
    folder = tmp_path / "fsdd"
    folder.mkdir()
    for digit in range(10):
        for take in range(3):
            soundfile.write(folder / f"{digit}_anna_{take}.wav", np.full(400, 0.1), 8000)
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """run("fsdd", ...) -> (exit code, stdout, stderr), in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main(["data", *map(str, arguments)])
        return (code, *capsys.readouterr())

    return call


def test_fsdd(run, digits, tmp_path):
    code, printed, _ = run("fsdd", digits, "--takes", "1-2", "--utterances", 5, "--seed", 3, "--out", "d/m.jsonl")
    assert (code, printed) == (0, "d/m.jsonl: 5 utterances, audio in d/m_audio\n")
    entries = read_manifest(tmp_path / "d" / "m.jsonl")
    assert len(entries) == 5
    assert entries[4].audio_filepath == "m_audio/000004.flac"


def test_the_same_command_makes_the_same_bytes(run, digits, tmp_path):
    for folder in ("a", "b"):
        assert run("fsdd", digits, "--utterances", 3, "--out", f"{folder}/m.jsonl")[0] == 0
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) == 6
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.fixture
def words(tmp_path):
    """Two speakers, two words each, at 16 kHz with silence around them; and the index."""
    folder = tmp_path / "words"
    folder.mkdir()
    rows = ["path\ttext\tspeaker\tsplit"]
    for speaker in ("01", "02"):
        for word in ("yes", "no"):
            samples = np.zeros(4000)
            samples[1000:3000] = 0.1 * np.sin(np.arange(2000))
            soundfile.write(folder / f"{word}{speaker}.flac", samples, 16_000)
            rows.append(f"{word}{speaker}.flac\t{word}\t{speaker}\ttrain")
    (folder / "index.tsv").write_text("\n".join(rows))
    return folder / "index.tsv"


def test_strings(run, words, tmp_path):
    arguments = ("strings", words, "--split", "train", "--utterances", 4, "--words", "2-3", "--out", "s.jsonl")
    assert run(*arguments) == (0, "s.jsonl: 4 utterances, audio in s_audio\n", "")
    entries = read_manifest(tmp_path / "s.jsonl")
    assert [entry.speaker for entry in entries] == ["01", "02"] * 2
    assert {len(entry.text.split()) for entry in entries} <= {2, 3}
    assert all(entry.speech_end < entry.duration for entry in entries)
    assert soundfile.info(entries[0].path).samplerate == 16_000


def test_strings_take_speakers_apart_and_silences_away(run, words, tmp_path):
    style = ("--lead", "0", "--tail", "0", "--noise", "none", "--level", "6", "--speed", "90-110", "--room", "50")
    assert run("strings", words, "--without-speakers", "01", *style, "--out", "s.jsonl")[0] == 0
    entries = read_manifest(tmp_path / "s.jsonl")
    assert {entry.speaker for entry in entries} == {"02"}
    assert all(entry.speech_end == pytest.approx(entry.duration, abs=1e-3) for entry in entries)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--words", "0-3"], "--words = '0-3'"),
        (["--words", "5-2"], "--words = '5-2'"),
        (["--words", "2-101"], "within 1-100"),
        (["--lead", "none"], "--lead = 'none'"),
        (["--tail", "0-10001"], "--tail"),
        (["--noise", "-3"], "--noise"),
        (["--speed", "10"], "--speed = '10'"),
        (["--room", "1e9"], "--room"),
        (["--split", "test"], "must be one of train"),
        (["--speakers", "03"], "must be one of 01, 02"),
        (["--speakers", ""], "speakers = ''"),
    ],
)
def test_what_strings_cannot_use_is_one_line_and_leaves_nothing(run, words, tmp_path, arguments, complaint):
    code, printed, complained = run("strings", words, "--out", "s.jsonl", *arguments)
    assert (code, printed) == (2, "")
    assert complaint in complained
    assert complained.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["words"]


def test_synth(run, tmp_path):
    pytest.importorskip("espeakng_loader")
    code, printed, _ = run("synth", "--voices", "test", "--utterances", 2, "--out", "s.jsonl")
    assert (code, printed) == (0, "s.jsonl: 2 utterances, audio in s_audio\n")
    assert read_manifest(tmp_path / "s.jsonl")[0].speaker.endswith("+m4")


def test_an4(run, tmp_path):
    (tmp_path / "an4").mkdir()
    (tmp_path / "an4" / "a.mfc").write_bytes(struct.pack(">I", 1300) + bytes(5200))
    (tmp_path / "an4" / "test.tsv").write_text("path\tspeaker\ttext\na.mfc\tfash\tYES\n")
    for choice in (["--split", "test"], ["--list", "an4/test.tsv"], []):
        code, printed, _ = run("an4", "an4", *choice, "--out", "m.jsonl", "--force")
        assert (code, printed) == (0, "m.jsonl: 1 utterance, 1.0 s\n")
    (entry,) = read_manifest(tmp_path / "m.jsonl")
    assert (entry.text, entry.features_filepath, entry.duration) == ("yes", "an4/a.mfc", 1.0)


def test_librispeech(run, tmp_path):
    (tmp_path / "tree").mkdir()
    soundfile.write(tmp_path / "tree" / "1-2-3.flac", np.zeros(16_000), 16_000)
    (tmp_path / "tree" / "1-2.trans.txt").write_text("1-2-3 HELLO\n")
    assert run("librispeech", "tree", "--out", "m.jsonl")[0] == 0
    assert read_manifest(tmp_path / "m.jsonl")[0].path.is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fsdd", "fsdd"], "--out"),
        (["fsdd", "--out", "m.jsonl"], "DIR"),
        (["fsdd", "absent", "--out", "m.jsonl"], "absent: cannot be read"),
        (["fsdd", "fsdd", "--out", "m.jsonl", "--takes", "9-5"], "--takes = '9-5'"),
        (["fsdd", "fsdd", "--out", "m.jsonl", "--takes", "-1"], "--takes = '-1'"),
        (["fsdd", "fsdd", "--out", "m.jsonl", "--takes", "50-60"], "with takes 50 to 60"),
        (["fsdd", "fsdd", "--out", "m.jsonl", "--utterances", "0"], "--utterances"),
        (["fsdd", "fsdd", "--out", "m.jsonl", "--min-digits", "5", "--max-digits", "4"], "digits = '5-4'"),
        (["fsdd", "fsdd", "--out", "."], "is a folder"),
        (["fsdd", "fsdd", "--out", "fsdd/1_anna_0.wav"], "--force"),
        (["synth", "--voices", "all", "--out", "m.jsonl"], "'train' or 'test'"),
        (
            ["synth", "--voices", "test", "--sample-rate", "9000", "--out", "m.jsonl"],
            "must be '8000' or '16000'",
        ),
        (["an4", "fsdd", "--out", "m.jsonl"], "needs --split or --list"),
        (["an4", "fsdd", "--split", "dev", "--list", "x", "--out", "m.jsonl"], "together"),
        (["librispeech", "fsdd", "--out", "m.jsonl"], "holds no LibriSpeech transcript"),
        (["whisper", "--out", "m.jsonl"], "whisper"),
        ([], "Missing command"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_leaves_nothing(run, digits, tmp_path, arguments, complaint):
    code, printed, complained = run(*arguments)
    assert code == 2
    assert printed == ""
    assert complaint in complained
    assert complained.startswith("nnasim: ")
    assert complained.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["fsdd"]


@pytest.mark.parametrize("maker", ["fsdd", "strings", "an4", "librispeech", "recombine", "synth"])
def test_help_has_an_example(run, maker):
    code, printed, _ = run(maker, "--help")
    assert code == 0
    assert f"Example: nnasim data {maker}" in " ".join(printed.split())


def test_shard(run, digits, tmp_path):
    run("fsdd", digits, "--takes", "1-2", "--utterances", 6, "--out", "m.jsonl")
    code, printed, _ = run("shard", "m.jsonl", "--hours-per-shard", 0.0002, "--out", "shards")
    assert code == 0
    assert "6 utterances" in printed
    assert (tmp_path / "shards" / "audio_1.tar").exists()
    assert run("shard", "m.jsonl", "--out", "shards")[2].endswith("--force to start afresh\n")
    assert "these shards are complete" in run("shard", "m.jsonl", "--out", "shards", "--resume")[2]
    assert "is not used with --resume" in run("shard", "m.jsonl", "--out", "shards", "--resume", "--force")[2]
    assert run("shard", "m.jsonl", "--out", "shards", "--force")[0] == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--train", "empty"], "empty: holds no index.json"),
        (["--train", "m.jsonl", "--workers", "2"], "--workers = 2: is not used without shards"),
        (["--train", "m.jsonl", "--device", "cuda:77"], "--device = 'cuda:77': is not there"),
        (["--train", "m.jsonl", "--device", "gpu"], "--device = 'gpu': must be cpu, cuda, or cuda:N"),
        (["--train", "index.json"], "index.json: JSON is nested deeper than 100"),
    ],
)
def test_train_refuses_in_one_line(run, digits, tmp_path, capsys, words, complaint):
    run("fsdd", digits, "--takes", "1-2", "--utterances", 6, "--out", "m.jsonl")
    (tmp_path / "empty").mkdir()
    (tmp_path / "index.json").write_text("[" * 200)
    assert main(["train", "--recipe", "tiny", "--dev", "m.jsonl", "--out", "model", *words]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["import", "a.jsonl"], "a.jsonl"),
        (["import", "a.jsonl"], "a.wav"),
        (["import", "kaldi"], "kaldi/text"),
        (["strings", "index.tsv"], "index.tsv"),
        (["strings", "index.tsv"], "a.wav"),
        (["fsdd", "fsdd"], "fsdd/1_anna_0.wav"),
        (["an4", "."], "dev.tsv"),
        (["an4", "."], "a.mfc"),
        (["librispeech", "tree"], "tree/1-2.trans.txt"),
        (["recombine", "a.jsonl", "--checkpoint", "model"], "a.jsonl"),
        (["recombine", "a.jsonl", "--checkpoint", "model"], "model/model.json"),
    ],
)
def test_force_writes_over_nothing_that_is_read(run, digits, tmp_path, arguments, out):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).normal(size=8000), 8000)
    (tmp_path / "a.jsonl").write_text('{"audio_filepath": "a.wav", "duration": 1, "text": "one"}\n')
    (tmp_path / "index.tsv").write_text("path\ttext\tspeaker\tsplit\na.wav\tone\tanna\ttrain\n")
    (tmp_path / "a.mfc").write_bytes(struct.pack(">I", 1300) + bytes(5200))
    (tmp_path / "dev.tsv").write_text("path\tspeaker\ttext\na.mfc\tfash\tYES\n")
    for folder in ("kaldi", "tree", "model"):
        (tmp_path / folder).mkdir()
    (tmp_path / "kaldi/text").write_text("a one\n")
    (tmp_path / "kaldi/wav.scp").write_text("a ../a.wav\n")
    soundfile.write(tmp_path / "tree/1-2-3.flac", np.zeros(16_000), 16_000)
    (tmp_path / "tree/1-2.trans.txt").write_text("1-2-3 HELLO\n")
    (tmp_path / "model/model.json").write_text("{}")
    split = ["--split", "dev"] if arguments[0] == "an4" else []
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, _, complained = run(*arguments, *split, "--out", out, "--force")
    assert (code, complained) == (2, f"nnasim: data: --out = {out!r}: is read by this command; give another name\n")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
