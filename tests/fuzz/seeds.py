"""The seed corpus: one small whole file of every kind that nnasim reads, made by nnasim itself where it makes any."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from nnasim.cli.main import main
from nnasim.ir.io import write_record
from nnasim.studies.fitting.rows import Measurement, Trial
from tests.fuzz.corpora import make_corpora
from tests.nnasim.cli.test_compare_results import TINY
from tests.workloads.small_onnx import SIZE, streaming, transducer_files
from workloads.rnnt.builder import build_trace

SPEECH = Path(__file__).parents[1] / "digits"
FIT = ("fit", "board.csv", "--fields", "host.handoff_us")
CALIBRATED = ("import", "model.onnx", "--period-ms", "10", "--seconds", "0.05")
TEXTS = {
    "chip.yaml": "extends: edge256\nhost: {handoff_us: 40}\ndram: {efficiency: 0.7}\nnumerics: {activation: lut8}\n",
    "placement.yaml": "on_cpu: [gate_activation, joint_tanh]\n",
    "sweep.yaml": "base: edge256\ntraces: [small.json]\nset: {host.handoff_us: 20}\n"
    "axes: {sram.bytes: {list: [65536, 393216]}, dram.bytes_per_second: {logrange: [1.0e9, 4.0e9, 2]}}\n"
    "constraints: [sram.bytes * 2 > 70000]\nobjectives: [engine_latency_ms.p90, energy_mj]\nsampler: grid\n",
    "budget.yaml": "limits: {frame_latency_ms.p99: 5, handoffs: 1000}\nsystems: {aat: {rtf: 1}}\n",
    "calls.csv": "time_s,graph\n0.01,model\n0.02,model\n0.04,model\n",
    "layers.csv": "Layer,M,N,K,\na,1,64,32,\nb,2,3,4,\n",
    "convolutions.csv": "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,\n"
    "Conv1,22,22,3,3,3,9,4,\nConv2,7,7,1,1,9,6,1,\n",
    "board.csv": "M,N,K,measured_us\n1,64,64,65.8\n1,256,256,76.1\n8,512,512,156.0\n",
    "opentpu.csv": "array_size,M,k_tiles,total_cycles\n8,1,1,34\n16,4,1,64\n16,8,3,353\n",
}


def make_seeds(folder: Path) -> None:
    """Write every seed into ``folder``, which exists; commands find them by name from there."""
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    write_record(folder / "small.json", build_trace(TINY, 3, 1, system="aat"))
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        _models()
        _results()
        _stopped_fit()
        _speech()
        _recognisers()
    make_corpora(folder)
    _small_convolution(folder / "model.tflite")


def _made(*words: object) -> None:
    if main([str(word) for word in words]) != 0:
        raise RuntimeError(f"no seed: nnasim {' '.join(map(str, words))}")


def _models() -> None:
    folder = Path.cwd()
    streaming(folder / "model.onnx")
    transducer_files(folder)
    rng = np.random.default_rng(0)
    heard = {"x": rng.normal(size=(12, 1, SIZE)).astype(np.float32)}
    np.savez(folder / "steps.npz", **heard)
    _as_safetensors(folder / "steps.safetensors", heard)
    _made(*CALIBRATED, "--calibrate", "steps.npz", "--out", "imported.json")


def _as_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    save_file(arrays, path)


def _results() -> None:
    shutil.copy("imported.json", "imported_too.json")
    shutil.copy("imported.json.safetensors", "imported_too.json.safetensors")
    _made("simulate", "small.json", "--set", "host.handoff_us=40", "--out", "result.json")
    shutil.copy("result.json", "result_too.json")
    _made("simulate", "small.json", "imported.json", "--streams", 2, "--out", "shared.json")
    _made("compare-chips", "edge256", "mcu128", "--trace", "small.json", "--out", "chips")
    _made("compare", "--trace", "small.json", "--out", "compared", "--quiet")
    _made("sweep", "sweep.yaml", "--store", "store.sqlite", "--jobs", 1)
    _made("search", "sweep.yaml", "--store", "searched.sqlite", "--trials", 2, "--jobs", 1, "--storage", "journal.log",
          "--out", "pareto.json")  # fmt: skip


def _stopped_fit() -> None:
    """What a fit that was interrupted has left."""
    predicted, times = Measurement.predicted, iter(range(8))

    def stopped(measurement: Measurement, trial: Trial) -> float:
        if next(times, None) is None:
            raise KeyboardInterrupt
        return predicted(measurement, trial)

    with patch.object(Measurement, "predicted", stopped):
        main([*FIT, "--out", "fitted.yaml"])


def _speech() -> None:
    import soundfile

    folder = Path.cwd()
    lines = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text().splitlines()[:3]]
    for number, line in enumerate(lines):
        samples, rate = soundfile.read(SPEECH / line["audio_filepath"])
        name = f"speech{number}.{'wav' if number % 2 else 'flac'}"
        soundfile.write(folder / name, samples, rate, subtype="PCM_16")
        line["audio_filepath"] = name
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    _made("data", "shard", "manifest.jsonl", "--out", "shards", "--hours-per-shard", 0.001)
    _cuts(lines)


def _cuts(lines: list[dict[str, Any]]) -> None:
    """Parts of the files, as several tools describe them; word times; and cepstra."""
    import soundfile

    from aat_training.data.cepstra import mfc_bytes

    names = [line["audio_filepath"] for line in lines[:2]]
    cuts = [{"id": name, "audio_filepath": name, "offset": 0.1, "duration": 0.2, "text": "one"} for name in names]
    _write_lines("cuts.jsonl", cuts)
    _write_lines("manifest.align.jsonl", [{"id": line["id"], "words": _times(line["text"])} for line in lines])
    Path("speech.csv").write_text("path,text,duration\n" + "".join(f"{name},one two,0.5\n" for name in names))
    _write_lines("lhotse.jsonl", [_lhotse(name, soundfile.info(name)) for name in names])
    Path("speech.mfc").write_bytes(mfc_bytes(np.random.default_rng(0).normal(size=(40, 13)).astype(np.float32)))
    _write_lines("cepstra.jsonl", [{"id": "a", "features_filepath": "speech.mfc", "duration": 0.4, "text": "one"}])


def _times(text: str) -> list[dict[str, Any]]:
    """A tenth of a second for each word."""
    return [
        {"word": word, "start": place / 10, "end": (place + 1) / 10} for place, word in enumerate(text.split(), start=1)
    ]


def _lhotse(name: str, info: Any) -> dict[str, Any]:
    """A cut in the words of Lhotse."""
    recording = {"id": name, "sources": [{"type": "file", "channels": [0], "source": name}], "duration": info.duration,
                 "sampling_rate": info.samplerate, "num_samples": info.frames, "channel_ids": [0]}  # fmt: skip
    spoken = {"id": f"{name} 0", "recording_id": name, "start": 0.0, "duration": 0.4, "channel": 0, "text": "one",
              "speaker": "a"}  # fmt: skip
    return {"id": name, "start": 0.1, "duration": 0.4, "channel": 0, "supervisions": [spoken], "recording": recording,
            "type": "MonoCut"}  # fmt: skip


def _write_lines(name: str, records: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in records))


def _recognisers() -> None:
    """Checkpoints of a tiny recogniser, and what a training that was interrupted has left."""
    from aat_training.trainer import Trainer

    train = ("train", "--recipe", "tiny", "--train", "shards", "--dev", "manifest.jsonl", "--workers", 0, "--quiet")
    _made(*train, "--steps", 1, "--out", "checkpoint")
    _made(*train, "--steps", 1, "--system", "aat", "--init", "checkpoint", "--out", "chip")
    save = Trainer._save

    def stopped(trainer: Trainer) -> int:
        if save(trainer) < 4:
            raise KeyboardInterrupt
        return trainer.step

    with patch.object(Trainer, "_save", stopped):
        main([str(word) for word in (*train, "--steps", 4, "--evaluate-every", 2, "--out", "stopped")])


def _small_convolution(path: Path) -> None:
    """A convolution in integers and a ReLU, as TensorFlow Lite writes them."""
    from tests.workloads.importers.tflite_files import G, Op, T, constant, file_bytes

    weights = np.random.default_rng(0).integers(-127, 128, (3, 2)).astype(np.int8)
    tensors = [
        T((1, 2), "INT8", scale=0.5, name="x"),
        constant(weights, scale=0.25),
        constant(np.array([5, -6, 7], np.int32), scale=0.125),
        T((1, 3), "INT8", scale=4.0, zero=-3),
        T((1, 3), "INT8", scale=4.0, zero=-3),
    ]
    ops = [Op("FULLY_CONNECTED", [0, 1, 2], [3], "FullyConnectedOptions"), Op("RELU", [3], [4])]
    path.write_bytes(file_bytes(G(tensors, ops)))
