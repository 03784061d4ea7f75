"""The schemas of the reference fit the files that are really written, and refuse what their readers refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jsonschema", reason="jsonschema is not installed")

import jsonschema

from aat_training.checkpoint import read_checkpoint
from aat_training.data.manifest import entry_of
from aat_training.data.shards.layout import audio_path, manifest_path
from aat_training.data.shards.write import write_shards
from benchmarks.fit_boards import SHAPES, timed
from docs.making.formats import FORMATS, schema_of
from nnasim.cli.main import main
from nnasim.errors import NnasimError
from nnasim.files import read_yaml
from nnasim.hardware import load_preset

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "workloads" / "bundled"
MANIFEST = BUNDLED / "speech" / "manifest.jsonl"
CHECKPOINTS = [BUNDLED / "checkpoints" / name for name in ("float", "aat")]
SHAPE = """
name: small
input_features: 16
frame_ms: 30
encoder_units: 16
encoder_before: 1
embedding: 8
prediction_units: 8
prediction_layers: 1
joint_units: 8
outputs: 8
"""


def complaints(name: str, data: Any) -> list[str]:
    schema = schema_of(name)
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    return [error.message for error in validator(schema).iter_errors(data)]


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Files of each kind by the name of their format, as the program writes them or as this repository holds them."""
    folder = tmp_path_factory.mktemp("formats")
    run(folder, SHAPE)
    write_shards([few(folder)], folder / "shards", 0.001)
    written = {name: [json.loads((folder / file).read_text())] for name, file in WRITTEN.items()}
    bundled = {
        "manifest": [*lines(MANIFEST)[:5], *lines(ROOT / "tests" / "digits" / "manifest.jsonl")[:5]],
        "alignment": lines(BUNDLED / "speech" / "manifest.align.jsonl")[:5],
        "checkpoint": [json.loads((checkpoint / "model.json").read_text()) for checkpoint in CHECKPOINTS],
        "chip": [read_yaml(path) for path in sorted((ROOT / "nnasim" / "hardware" / "presets").glob("*.yaml"))],
        "sweep": [read_yaml(ROOT / "reports" / "gallery" / "sweep.yaml")],
        "budget": [{"limits": {"frame_latency_ms.p99": 30}, "systems": {"aat": {"energy_mj": 5.0}}}],
        "shard-line": lines(manifest_path(folder / "shards", 0)),
        "shape": [read_yaml(folder / "shape.yaml"), read_yaml(ROOT / "reports" / "gallery" / "small.yaml")],
    }
    assert audio_path(folder / "shards", 0).exists()
    return {**written, **bundled}


WRITTEN = {
    "trace": "trace.json",
    "result": "result.json",
    "shared-result": "shared.json",
    "summary": "compared/summary.json",
    "chips": "chips/chips.json",
    "fit": "fit.json",
    "shards": "shards/index.json",
}


def run(folder: Path, shape: str) -> None:
    (folder / "shape.yaml").write_text(shape)
    trace, fitted = str(folder / "trace.json"), str(folder / "fit.json")
    for words in (
        ["trace", "--shape", str(folder / "shape.yaml"), "--frames", "4", "--symbols", "1", "--out", trace],
        ["simulate", trace, "--out", str(folder / "result.json")],
        ["simulate", trace, "--streams", "2", "--out", str(folder / "shared.json")],
        ["compare", "--trace", trace, "--out", str(folder / "compared")],
        ["compare-chips", "edge256", "edge512", "--trace", trace, "--out", str(folder / "chips")],
        ["fit", board(folder), "--fields", "dram.efficiency", "--out", str(folder / "b.yaml"), "--json", fitted],
    ):
        assert main(words) == 0, words


def board(folder: Path) -> str:
    """Timings of a board that is the default chip with another DRAM."""
    measured = timed(load_preset("edge256", ["dram.efficiency=0.6"]), SHAPES[:3])
    rows = [measured.columns, *(row.cells.values() for row in measured.rows)]
    (folder / "board.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    return str(folder / "board.csv")


def few(folder: Path) -> Path:
    """A manifest of six bundled utterances."""
    path = folder / "few.jsonl"
    entries = [
        {**line, "audio_filepath": str(MANIFEST.parent / line["audio_filepath"])} for line in lines(MANIFEST)[:6]
    ]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def test_every_format_is_held_to_files(files: dict[str, list[Any]]) -> None:
    assert files.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_schema_accepts_what_is_written(name: str, files: dict[str, list[Any]]) -> None:
    assert files[name]
    for record in files[name]:
        assert complaints(name, record) == []


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"chip", "budget"}))
def test_a_schema_refuses_a_record_without_its_fields(name: str, files: dict[str, list[Any]]) -> None:
    assert complaints(name, {}) != []


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_schema_has_its_own_words_for_bounds(name: str) -> None:
    assert not re.search(r'"(ge|gt|le|lt)": [-\d]', json.dumps(schema_of(name)))


CHANGED_LINES = [
    {"duration": None},
    {"duration": 0},
    {"duration": 3601},
    {"duration": "2"},
    {"text": None},
    {"audio_filepath": None},
    {"features_filepath": "a.mfc"},
    {"offset": -1},
    {"speaker": 1.5},
    {"id": ""},
    {"id": None},
    {"speaker": 7},
    {"offset": 0.5},
    {"further": "field"},
]


@pytest.mark.parametrize("change", CHANGED_LINES, ids=str)
def test_the_schema_of_a_manifest_and_its_reader_agree(change: dict[str, Any]) -> None:
    line = {**lines(MANIFEST)[0], **change}
    try:
        entry_of(line, 1, "line 1", MANIFEST.parent)
        accepted = True
    except NnasimError:
        accepted = False
    assert (complaints("manifest", line) == []) == accepted


CHANGED_MODELS = [
    {"kind": "nnasim.trace"},
    {"schema_version": 2},
    {"system": "naive"},
    {"system": "float"},
    {"recipe": {}},
    {"tokens": {"kind": "word", "words": []}},
    {"tokens": {"kind": "word", "words": ["two words"]}},
    {"quantisation": None},
    {"quantisation": {}},
    {"weights": "sha256 0"},
    {"info": {}},
]


@pytest.mark.parametrize("change", CHANGED_MODELS, ids=str)
def test_the_schema_of_a_checkpoint_and_its_reader_agree(change: dict[str, Any], tmp_path: Path) -> None:
    record = {**json.loads((CHECKPOINTS[1] / "model.json").read_text()), **change}
    (tmp_path / "model.json").write_text(json.dumps(record))
    (tmp_path / "model.safetensors").symlink_to(CHECKPOINTS[1] / "model.safetensors")
    accepted = complaints("checkpoint", record) == []
    assert accepted == reads(tmp_path)


def reads(folder: Path) -> bool:
    from aat_training.quant.scheme import scheme_from_record

    try:
        checkpoint = read_checkpoint(folder)
        scheme_from_record(checkpoint.quantisation or {}, checkpoint.part("tables"), folder)
    except NnasimError:
        return False
    return True
