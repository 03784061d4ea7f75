"""A trained transducer, written to ONNX files and read again, hears the words that it heard."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")

import nnasim
from aat_training.checkpoint import read_checkpoint
from aat_training.data.manifest import read_manifest
from nnasim.studies.foreign_speech import speech_of
from tests.workloads.importers.bundled_triple import CHECKPOINT, exported, triple
from workloads.importers.onnx_reader import read_onnx
from workloads.importers.torch_reader import read_torch
from workloads.stepgraph.decoding.greedy import Decoder, encoder_calls, windows
from workloads.stepgraph.decoding.transducer import transducer
from workloads.stepgraph.graph import StepGraph

SPEECH = CHECKPOINT.parents[1] / "speech/manifest.jsonl"


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> dict[str, Path]:
    return exported(tmp_path_factory.mktemp("triple"))


@pytest.fixture(scope="module")
def graphs(files: dict[str, Path]) -> dict[str, StepGraph]:
    return {role: read_onnx(path) for role, path in files.items()}


def test_the_file_and_the_module_are_one_graph(graphs: dict[str, StepGraph]) -> None:
    for role, part in triple().items():
        assert read_torch(part.module, part.example, part.states).canonical() == graphs[role].canonical(), role


def test_greedy_decoding_in_float_finds_the_words_that_the_recogniser_finds(graphs: dict[str, StepGraph]) -> None:
    model = transducer(graphs["encoder"], graphs["decoder"], graphs["joiner"])
    words = read_checkpoint(CHECKPOINT).tokens.words
    entries = read_manifest(SPEECH)[:2]
    own = nnasim.recogniser(CHECKPOINT.parent).decode(SPEECH, system="float", limit=2).frame()
    for entry, speech in zip(entries, speech_of(entries, "logmel", 40, 16000), strict=True):
        calls = encoder_calls(model, speech, windows(model, speech, None))
        symbols = [symbol for left in Decoder(model).decode(calls) for symbol in left]
        assert " ".join(words[symbol - 1] for symbol in symbols) == own.loc[entry.id, "hypothesis"]
