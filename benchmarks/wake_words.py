"""Wake words through a TFLite interpreter, in float, and in the chip's integers: ``python -m benchmarks.wake_words``.

eSpeak NG says each word of microWakeWord in two voices, whose own front end makes the features. Prints the greatest
probability that each of the three finds, and how far the chip's is from the interpreter's over all steps. Needs
pymicro-wakeword with its front end, ai-edge-litert, and the ``synth`` extra.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from pymicro_features import MicroFrontend
from scipy.signal import resample_poly

import nnasim
from aat_training.data.espeak import Style, synthesise
from benchmarks.models import packaged
from nnasim.reference import Reference
from workloads.importers.tflite_reader import read_tflite
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.run import run_steps

CHIP, RATE_HZ, FRAMES = "edge256", 16000, 3
WORDS = {"okay_nabu": "okay nabu", "alexa": "alexa", "hey_jarvis": "hey jarvis", "hey_mycroft": "hey mycroft"}
VOICES = ("en-us", "en-us+f3")


def heard(text: str, voice: str) -> Array:
    """Steps (N, 1, 3, 40) of features of ``text`` between a second of silence and a half."""
    speech = synthesise(text, Style(voice, 150))
    samples = resample_poly(speech.samples.astype(float), RATE_HZ, speech.rate)
    padded = np.concatenate([np.zeros(RATE_HZ), samples, np.zeros(RATE_HZ // 2)])
    frames = np.array(list(_frames(padded.clip(-32768, 32767).astype("<i2").tobytes())), np.float32)
    steps = len(frames) // FRAMES
    return frames[: FRAMES * steps].reshape(steps, 1, FRAMES, -1)


def _frames(audio: bytes) -> Iterator[list[float]]:
    """Features of 10 ms each."""
    front, hop, at = MicroFrontend(), 2 * RATE_HZ // 100, 0
    while at + hop <= len(audio):
        result = front.process_samples(audio[at : at + hop])
        at += 2 * result.samples_read
        if result.features:
            yield result.features


def by_interpreter(path: Path, integers: Array) -> Array:
    """The probability after each step of integers, by LiteRT's reference kernels."""
    runtime = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runtime.allocate_tensors()
    source, target = runtime.get_input_details()[0], runtime.get_output_details()[0]
    scale, zero = target["quantization"]
    found = []
    for step in integers:
        runtime.set_tensor(source["index"], step)
        runtime.invoke()
        found.append(scale * (float(runtime.get_tensor(target["index"]).item()) - zero))
    return np.array(found)


def by_chip(graph: StepGraph, steps: Array) -> Array:
    """The same by the integers of an import, whose ranges are the file's own."""
    model: Any = nnasim.import_model(graph, period_ms=30, seconds=1, chip=CHIP).record
    reference, (name,) = Reference(model.trace, model.constants), model.trace.graphs
    tensors = model.trace.tensors
    source, target = (next(key for key, spec in tensors.items() if spec.role == role) for role in ("input", "output"))
    found = []
    for step in steps:
        reference.tensors[source] = step.reshape(tensors[source].shape).astype(np.float64)
        reference.run(name)
        found.append(int(reference.tensors[target].item()) / 128)
    return np.array(found)


def main() -> None:
    """Print the table."""
    print("| said | steps | TFLite | float | chip | chip from TFLite, mean | greatest |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, text in WORDS.items():
        path = packaged("pymicro_wakeword", f"models/{name}.tflite")(Path())
        graph = read_tflite(path)
        (audio,) = graph.audio
        affine = graph.affine[audio]
        for voice in VOICES:
            integers = affine.integers(heard(text, voice)).astype(np.int8)
            steps = affine.reals(integers)
            theirs, chips = by_interpreter(path, integers), by_chip(graph, steps)
            floats = run_steps(graph, {audio: steps})[graph.outputs[0]]
            far = np.abs(chips - theirs)
            figures = (
                f"{theirs.max():.3f} | {floats.max():.3f} | {chips.max():.3f} | {far.mean():.4f} | {far.max():.3f}"
            )
            print(f'| "{text}", {voice} | {len(steps)} | {figures} |')


if __name__ == "__main__":
    main()
