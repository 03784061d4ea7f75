"""Trained recognisers in Python: decode, compare, train."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("soundfile", reason="the train extra is not installed")

import nnasim
from nnasim.hardware import NnaConfig


def test_the_bundled_recogniser_decodes_and_its_trace_runs_on_the_chip(chip: NnaConfig) -> None:
    progress: list[tuple[object, ...]] = []
    decoding = nnasim.recogniser().decode(
        system="naive", chip=chip, limit=2, progress=lambda *sofar: progress.append(sofar)
    )
    frame = decoding.frame()
    assert frame.index.name == "utterance"
    assert frame["errors"].sum() == round((decoding.wer or 0) * frame["words"].sum())
    assert repr(decoding).startswith("naive: WER ")
    assert len(decoding._repr_html_()) < 100_000
    assert progress[-1][1:3] == (2, 2)
    assert len(nnasim.simulate(decoding.trace, chip).utterances()) == 2


def test_systems_are_compared_saved_and_read_back(chip: NnaConfig, tmp_path: Path) -> None:
    compared = nnasim.compare(chip=chip, systems=["aat", "float"], limit=2)
    frame = compared.frame()
    assert list(frame.index) == ["float", "aat"]
    assert frame.loc["aat", "handoffs"] > 0
    assert compared.results["aat"].engine_latency_ms == pytest.approx(frame.loc["aat", "engine_latency_mean_ms"])
    assert set(compared.hypotheses().index.names) == {"utterance", "system"}
    assert len(compared._repr_html_()) < 100_000
    compared.save(tmp_path / "compared")
    assert (tmp_path / "compared" / "report.html").exists()
    assert nnasim.read_comparison(tmp_path / "compared").frame().equals(frame)


def test_a_recogniser_is_trained_and_trained_on_for_the_chip(tmp_path: Path, manifest: Path) -> None:
    settings = {"train": manifest, "dev": manifest, "steps": 2, "evaluate_every": 2}
    base = nnasim.train("tiny", out=tmp_path / "float", **settings)
    tuned = nnasim.train("tiny", out=tmp_path / "aat", system="aat", init=base, chip="edge256", **settings)
    assert tuned.decode(manifest, system="aat", limit=1).score.words > 0
    with pytest.raises(nnasim.NnasimError, match="exists already"):
        nnasim.train("tiny", out=tmp_path / "float", **settings)
    assert nnasim.train("tiny", out=tmp_path / "float", resume=True, **settings).folder == tmp_path / "float"


def test_what_a_training_would_not_use_is_refused(tmp_path: Path, manifest: Path) -> None:
    settings = {"train": manifest, "dev": manifest, "steps": 1, "out": tmp_path / "no"}
    for unused in ({"calibration": "max"}, {"gradient": "segment"}, {"workers": 2}, {"shuffle_shards": 2}):
        (name,) = unused
        with pytest.raises(nnasim.NnasimError, match=rf"^train: {name} = .*: is not used with"):
            nnasim.train("tiny", **settings, **unused)
    with pytest.warns(UserWarning, match="whatever the chip"), pytest.raises(nnasim.NnasimError):
        nnasim.train("tiny", chip="mcu128", **{**settings, "train": "nowhere.jsonl"})
    with pytest.raises(nnasim.NnasimError, match=r"^train: train = "):
        nnasim.train("tiny", **{**settings, "train": []})
    with pytest.raises(nnasim.NnasimError, match=r"^train: out = '\\ud800': must be a path"):
        nnasim.train("tiny", **{**settings, "out": "\ud800"})
    assert not (tmp_path / "no").exists()


def test_a_model_is_held_near_a_float_model_only(tmp_path: Path, manifest: Path) -> None:
    settings = {"train": manifest, "dev": manifest, "steps": 1, "evaluate_every": 1}
    base = nnasim.train("tiny", out=tmp_path / "float", **settings)
    near = nnasim.train("tiny", out=tmp_path / "aat", system="aat", init=base, distillation=1.0, **settings)
    for start in (None, near.folder):
        with pytest.raises(nnasim.NnasimError, match=r"distillation = 1.0: keeps a model near the float model"):
            nnasim.train("tiny", out=tmp_path / "no", init=start, distillation=1.0, **settings)


@pytest.fixture(scope="module")
def manifest() -> Path:
    from workloads.bundled import speech_manifest

    return speech_manifest()


def test_what_each_choice_of_the_arithmetic_costs_in_words(chip: NnaConfig) -> None:
    decoding = nnasim.recogniser().decode(system="naive", chip=chip, limit=2)
    result = nnasim.simulate(decoding.trace, chip)
    assert result.explain().words().empty
    words = result.explain_words(limit=2).words()
    assert words.index.name == "field"
    assert "numerics.cell_bits" in words.index
    assert (words["wrong_words"] + words["saved"]).nunique() == 1  # all are judged against the same decode
