"""When an imported model runs: periods, symbols, measured calls, or real speech that a transducer decodes in float."""

from pathlib import Path

import pytest

from nnasim.errors import ConfigError, InputError
from nnasim.hardware import load_preset
from nnasim.ir.imported import Recipe
from nnasim.ir.trace import OpTrace
from nnasim.studies.importing import When, import_files
from tests.workloads.small_onnx import streaming, transducer_files
from workloads.bundled import speech_manifest

NUMERICS = load_preset("edge256").numerics


def decoded(folder: Path, **when: object) -> OpTrace:
    """The bundled speech, decoded by a transducer that hears four filters and knows nothing."""
    recipe = Recipe(models={name: str(path) for name, path in transducer_files(folder, 4).items()})
    return import_files(recipe, When(manifest=speech_manifest(), limit=2, **when), NUMERICS).trace  # type: ignore[arg-type]


class TestRealSpeech:
    """Needs torch, which makes the features."""

    @pytest.fixture(autouse=True)
    def torch(self) -> None:
        pytest.importorskip("torch", reason="torch is not installed")

    @pytest.mark.parametrize("features", ["fbank", "logmel"])
    def test_a_transducer_decodes_it_and_the_calls_are_what_decoding_made(self, tmp_path: Path, features: str) -> None:
        trace = decoded(tmp_path, features=features, period_ms=40)
        assert len(trace.utterances) == 2
        for utterance in trace.utterances:
            calls = utterance.call_graphs
            frames = len(utterance.arrivals)
            assert frames == round(utterance.arrivals[-1] / 0.04)
            assert calls.count("encoder") == calls.count("row.0") == calls.count("row.1") == frames
            assert calls.count("decoder") == 1 + len(utterance.emissions)
            # The joiner says one more than the symbols, but for an output that ends at the most symbols.
            assert calls.count("joiner") <= 2 * frames + len(utterance.emissions)
        assert trace.imported is not None
        assert "greedy decoding with float kernels: 2 utterances of " in trace.imported.calls
        assert f"4 {features} features" in trace.imported.calls

    def test_decoding_twice_makes_the_same_calls(self, tmp_path: Path) -> None:
        assert decoded(tmp_path) == decoded(tmp_path)

    def test_windows_may_overlap(self, tmp_path: Path) -> None:
        apart, overlapping = decoded(tmp_path), decoded(tmp_path, period_ms=20)
        counts = [len(trace.utterances[0].arrivals) for trace in (apart, overlapping)]
        assert counts[1] in (2 * counts[0] - 1, 2 * counts[0], 2 * counts[0] + 1)

    def test_features_that_do_not_fit_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="must divide the input of one call of the encoder"):
            decoded(tmp_path, mels=7)
        with pytest.raises(ConfigError, match="must be a multiple of 10 ms, a frame's time"):
            decoded(tmp_path, period_ms=25)
        with pytest.raises(ConfigError, match="seconds = 3: is not used with real speech"):
            decoded(tmp_path, seconds=3)

    def test_a_model_that_decodes_nothing_runs_for_as_long_as_speech_lasts(self, tmp_path: Path) -> None:
        recipe = Recipe(models={"m": str(streaming(tmp_path / "m.onnx"))})
        when = When(manifest=speech_manifest(), limit=2, period_ms=100)
        trace = import_files(recipe, when, NUMERICS).trace
        for utterance in trace.utterances:
            assert len(utterance.arrivals) == int(utterance.audio_seconds / 0.1 + 1e-9)
        assert trace.imported is not None
        assert trace.imported.calls.startswith("every 100 ms through 2 utterances of ")
        with pytest.raises(ConfigError, match="period_ms: must be given for a model that decodes no words"):
            import_files(recipe, When(manifest=speech_manifest()), NUMERICS)


def test_the_recipe_stays_with_the_trace(tmp_path: Path) -> None:
    recipe = Recipe(models={"m": str(streaming(tmp_path / "m.onnx"))}, on_cpu=("Relu",))
    trace = import_files(recipe, When(period_ms=10, seconds=0.1), NUMERICS).trace
    assert trace.recipe == recipe
    assert OpTrace.model_validate(trace.model_dump(mode="json")) == trace
    assert trace.imported is not None
    assert trace.imported.sources[0].format.startswith("ONNX opset 17")
    assert len(trace.imported.sources[0].digest or "") == 64
