"""Small stand-ins for what pages' commands read and do not make: corpora, recordings, models, tables and stores."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import re
import shutil
import struct
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from nnasim.cli.main import main
from tests.proof.docs_commands import ROOT

BUNDLED = ROOT / "workloads" / "bundled"
SPEECH = BUNDLED / "speech" / "manifest.jsonl"
WAKE = """{name: wake, input_features: 40, frame_ms: 10, encoder_units: 128, encoder_before: 1, reduction: 2,
encoder_after: 1, embedding: 16, prediction_units: 32, prediction_layers: 1, joint_units: 32, outputs: 8}
"""
SWEEP = """base: edge256
traces: [trace.json]
axes: {host.handoff_us: {list: [10, 50]}, dram.bytes_per_second: {list: [3.75e9, 12e9]}}
objectives: [engine_latency_ms.p90, energy_mj]
"""
AN4_SPEAKERS = {"train": ("ffmm", "fjam", "mdcs2", "fxyz"), "dev": ("fash", "fkai")}
WORDS = ("one", "two", "three", "four")
RATE = 16_000


def stand_in(name: str, folder: Path) -> bool:
    """Put a small file or folder called ``name`` into ``folder``, if it is one of those that pages speak of."""
    for pattern, make in MAKERS.items():
        if match := re.match(pattern, name):
            path = folder / match[0].rstrip("/")
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                make(path)
            return True
    return False


def _manifest(path: Path) -> None:
    """Eight bundled utterances."""
    lines = [json.loads(line) for line in SPEECH.read_text(encoding="utf-8").splitlines()[:8]]
    for line in lines:
        line["audio_filepath"] = str(SPEECH.parent / line["audio_filepath"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    shutil.copy(SPEECH.with_suffix(".align.jsonl"), path.with_suffix(".align.jsonl"))


def _own_words(path: Path) -> None:
    """A table of a reader's own recordings, and the one that it names."""
    _noise(path.with_name("my.wav"), 2.0, 17)
    path.write_text("path,text\nmy.wav,start forward stop\n")


def _noise(path: Path, seconds: float, seed: int, rate: int = RATE) -> None:
    """A word's worth of noise between silences."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    samples[: rate // 20] = samples[-rate // 20 :] = 0
    soundfile.write(path, samples, rate, subtype="PCM_16")


def _fsdd(path: Path) -> None:
    for seed, (digit, speaker, take) in enumerate(product(range(10), ("jackson", "theo"), (5, 6, 10, 11))):
        _noise(path / f"{digit}_{speaker}_{take}.wav", 0.3, seed, 8000)


def _an4(path: Path) -> None:
    rng = np.random.default_rng(4)
    for split, speakers in AN4_SPEAKERS.items():
        rows = ["path\tspeaker\ttext"]
        for speaker, number in product(speakers, range(4)):
            name = f"feat/{speaker}/an{number}-{speaker}-b.mfc"
            frames = rng.normal(size=(200, 13)).astype(">f4")
            frames[80:120, 0] -= 20  # a pause
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(struct.pack(">I", frames.size) + frames.tobytes())
            rows.append(f"{name}\t{speaker}\t{' '.join(WORDS[:2] if number % 2 else WORDS[2:])}")
        (path / f"{split}.tsv").write_text("\n".join(rows) + "\n")


def _commands(path: Path) -> None:
    rows = ["path\ttext\tspeaker\tsplit"]
    train = [f"{number:08}" for number in (1, 5, 9, 13, 16, 22, 27)]
    for seed, (speaker, word) in enumerate(product((*train, "00000002"), WORDS)):
        _noise(path / word / f"{speaker}_NO_01.flac", 0.4, seed)
        rows.append(f"{word}/{speaker}_NO_01.flac\t{word}\t{speaker}\t{'train' if speaker in train else 'dev'}")
    (path / "index.tsv").write_text("\n".join(rows) + "\n")


def _librispeech(path: Path) -> None:
    folder = path / "84" / "121123"
    for number in range(2):
        _noise(folder / f"84-121123-{number:04}.flac", 0.5, number)
    (folder / "84-121123.trans.txt").write_text("84-121123-0000 GO\n84-121123-0001 DO YOU HEAR\n")


def _cuts(path: Path) -> None:
    recording = path.parent / "call.wav"
    _noise(recording, 2.0, 1)
    source = {"type": "file", "channels": [0], "source": recording.name}
    cut = {
        "id": "call-1", "start": 0.5, "duration": 1.25, "channel": 0, "type": "MonoCut",
        "recording": {
            "id": "call", "sampling_rate": RATE, "num_samples": 2 * RATE, "duration": 2.0, "channel_ids": [0],
            "sources": [source],
        },
        "supervisions": [
            {"id": "s", "recording_id": "call", "start": 0.0, "duration": 1.0, "channel": 0, "text": "one two"}
        ],
    }  # fmt: skip
    path.write_bytes(gzip.compress((json.dumps(cut) + "\n").encode()))


def _board(path: Path) -> None:
    """The table of timings that the page itself shows."""
    page = (ROOT / "docs" / "how-to" / "fit.md").read_text(encoding="utf-8")
    path.write_text(re.findall(r"^```csv\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0])


def _text(text: str, path: Path) -> None:
    path.write_text(text)


def _checkpoint(system: str, path: Path) -> None:
    shutil.copytree(BUNDLED / "checkpoints" / system, path)


def _checkpoints(path: Path) -> None:
    shutil.copytree(BUNDLED / "checkpoints", path)


def _trace(path: Path) -> None:
    wake = path.parent / "wake.yaml"
    wake.write_text(WAKE)
    _made("trace", "--shape", str(wake), "--frames", "8", "--symbols", "2", "--out", str(path))


def _streams(path: Path) -> None:
    trace = path.with_name("trace.json")
    if not trace.exists():
        _trace(trace)
    _made("simulate", str(trace), "--find-streams", "--deadline-ms", "60", "--out", str(path))


def _result(path: Path) -> None:
    trace = path.with_name("trace.json")
    if not trace.exists():
        _trace(trace)
    _made("simulate", str(trace), "--out", str(path))


def _store(names: tuple[str, ...], path: Path) -> None:
    if not (trace := path.with_name("trace.json")).exists():
        _trace(trace)
    for name in names:
        sweep = path.with_name(f"{name}.yaml")
        sweep.write_text(SWEEP)
        _made("sweep", str(sweep), "--store", str(path), "--jobs", "1")


def _compared(path: Path) -> None:
    _made("compare", "--limit", "2", "--out", str(path))


def _tiny(path: Path) -> None:
    """A float recogniser of the smallest recipe that has hardly been trained."""
    manifest = path.with_name("tiny.jsonl")
    _manifest(manifest)
    spoken = ("--train", str(manifest), "--dev", str(manifest))
    _made("train", "--recipe", "tiny", *spoken, "--steps", "2", "--evaluate-every", "2", "--out", str(path))


def _aligner(path: Path) -> None:
    """A recogniser of cepstra that has hardly been trained."""
    home = path.parents[2]
    stand_in("data/an4", home)
    manifest = path.with_name("align.jsonl")
    _made("data", "an4", str(home / "data" / "an4"), "--split", "train", "--out", str(manifest))
    spoken = ("--train", str(manifest), "--dev", str(manifest))
    _made(
        "train", "--recipe", "an4", *spoken, "--steps", "2", "--evaluate-every", "2", "--batch", "4", "--out", str(path)
    )


def _transducer(path: Path) -> None:
    from tests.workloads.small_onnx import transducer_files

    transducer_files(path.parent, 80)


def _silero(path: Path) -> None:
    from benchmarks.models import packaged

    shutil.copy(packaged("silero_vad", "data/silero_vad_16k_op15.onnx")(path.parent), path)


def _steps(path: Path) -> None:
    np.savez(path, input=np.random.default_rng(0).normal(0, 0.1, (20, 1, 576)).astype(np.float32))


def _shards(path: Path) -> None:
    _manifest(path.with_name("of-shards.jsonl"))
    _made("data", "shard", str(path.with_name("of-shards.jsonl")), "--hours-per-shard", "0.002", "--out", str(path))


def _calls(path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("time_s", "graph"), (0.0, "step"), (0.032, "step")])


def _gallery(path: Path) -> None:
    shutil.copytree(ROOT / "reports" / "gallery", path, ignore=shutil.ignore_patterns("__pycache__"))


def _made(*words: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(list(words))
    if code != 0:
        raise RuntimeError(f"no stand-in: nnasim {' '.join(words)} ended with {code}: {said.getvalue()}")


# A name's beginning, as a regular expression -> what makes it. The first that matches is taken.
MAKERS: Mapping[str, Callable[[Path], None]] = {
    r"data/fsdd$": _fsdd,
    r"data/an4$": _an4,
    r"data/commands(?=/index\.tsv$)": _commands,
    r"LibriSpeech/dev-clean$": _librispeech,
    r"cuts\.jsonl\.gz$": _cuts,
    r"words\.csv$": _own_words,
    r"board\.csv$": _board,
    r"wake\.yaml$": partial(_text, WAKE),
    r"runs/an4/align$": _aligner,
    r"runs/an4$": _checkpoints,
    r"runs/(digits/|commands/)?float$": _tiny,
    r"runs/two-stages/seed-\d/base$": _tiny,
    r"runs/aat$": partial(_checkpoint, "aat"),
    r"CKPT$": partial(_checkpoint, "aat"),
    r"DIR(?=/results/)": _compared,
    r"(M|.*\.jsonl)$": _manifest,
    r"narrow\.sqlite$": partial(_store, ("narrow",)),
    r"all\.sqlite$": partial(_store, ("all", "wide")),
    r"(edge256|gateway)\.json$": _streams,
    r"result\.json$": _result,
    r"(trace|paper|wake)\.json$": _trace,
    r"vad\.onnx$": _silero,
    r"(encoder|decoder|joiner)\.onnx$": _transducer,
    r"steps\.npz$": _steps,
    r"calls\.csv$": _calls,
    r"shards$": _shards,
    r"reports/gallery(?=/)": _gallery,
}
