"""Models of other people from Python: read, checked, imported, simulated, without a file where none is wanted."""

from pathlib import Path

import numpy as np
import pytest

import nnasim
from nnasim.errors import NnasimError
from tests.workloads.small_onnx import SIZE, refused, streaming, transducer_files
from tests.workloads.stepgraph.small import leaky_sum
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.standard import standard_form

ONCE_A_SECOND = {"period_ms": 1000, "seconds": 4}


def heard(count: int = 20, size: int = SIZE) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(0).normal(size=(count, 1, size)).astype(np.float32)}


def test_a_file_is_read_as_a_graph_that_becomes_a_trace(tmp_path: Path) -> None:
    graph = nnasim.read_onnx(streaming(tmp_path / "m.onnx"))
    assert isinstance(graph, StepGraph)
    assert repr(graph) == "m.onnx: 3 nodes; inputs: x (1, 4); states: state -> new_state"
    imported = graph.to_trace(**ONCE_A_SECOND)
    result = nnasim.simulate(imported.trace)
    assert result.record.imported == imported.trace.imported
    assert repr(result).startswith("m.onnx as naive on edge256: 1 utterance, 4.0 s of audio")


def test_an_import_shows_where_each_node_went_and_how_far_it_is_from_float(tmp_path: Path) -> None:
    imported = nnasim.import_model(streaming(tmp_path / "m.onnx"), calibrate=heard(), **ONCE_A_SECOND)
    ledger = imported.ledger()
    assert list(ledger.index.get_level_values("node")) == ["/layer/product", "/layer/sum", "/layer/relu"]
    assert ledger["macs"].sum() == SIZE * SIZE
    distances = imported.distances()
    assert distances["signal_db"].is_monotonic_increasing
    assert "claim: exact" in repr(imported)
    assert "calibrated on 16 steps of arrays, mse; 4 more between them held out" in repr(imported)
    imported.save(tmp_path / "t.json")
    assert nnasim.trace(tmp_path / "t.json").imported == imported.trace.imported
    with pytest.raises(NnasimError, match="exists already"):
        imported.save(tmp_path / "t.json")


def test_a_graph_that_python_holds_needs_no_file() -> None:
    imported = nnasim.import_model(standard_form(leaky_sum()), calibrate=heard(), **ONCE_A_SECOND)
    assert imported.trace.imported is not None
    assert imported.trace.imported.claim == "exact"
    assert imported.trace.recipe is None
    assert nnasim.check_model(standard_form(leaky_sum())).runs


def test_a_transducer_is_given_by_its_three_parts(tmp_path: Path) -> None:
    parts = transducer_files(tmp_path)
    graphs = {name: nnasim.read_onnx(path) for name, path in parts.items()}
    for models in (parts, graphs):
        imported = nnasim.import_model(models, period_ms=40, seconds=0.4, symbols_per_second=5)
        assert imported.trace.utterances[0].call_graphs.count("decoder") == 3
        assert nnasim.check_model(models).runs


def test_an_import_is_compared_where_it_could_run(tmp_path: Path) -> None:
    trace = nnasim.import_model(streaming(tmp_path / "m.onnx"), **ONCE_A_SECOND).trace
    comparison = nnasim.compare(trace=trace)
    assert list(comparison.results) == ["cpu_int8", "cpu_fallback", "naive"]
    assert comparison.frame()["wer_pct"].isna().all()
    assert "WER" not in repr(comparison)
    comparison.save(tmp_path / "compared")
    assert list(nnasim.read_comparison(tmp_path / "compared").results) == ["cpu_int8", "cpu_fallback", "naive"]
    with pytest.raises(NnasimError, match="limit = 3: is not used with a trace"):
        nnasim.compare(trace=trace, limit=3)


def test_a_check_shows_all_that_is_refused(tmp_path: Path) -> None:
    check = nnasim.check_model(refused(tmp_path / "m.onnx"))
    assert not check.runs
    assert "com.example" in repr(check)
    assert "<pre>" in check._repr_html_()
    assert nnasim.check_model(streaming(tmp_path / "n.onnx"), chip="nvdla_small").falls == {"add": 1, "table": 1}


@pytest.mark.parametrize(
    ("models", "wishes", "message"),
    [
        (3, {}, "import_model: models = 3: must be a model's path, a StepGraph"),
        ([], {}, "models"),
        (["m.onnx", "m.onnx"], {}, "must be models whose names differ"),
        ({"encoder": "m.onnx"}, {}, "all three are needed"),
        (
            "m.onnx",
            {"calibrate": 3},
            "calibrate = 3: must be a .npz or .safetensors file, arrays by input, or 'random'",
        ),
        ("m.onnx", {"period_ms": 0}, "period_ms = 0"),
        ("m.onnx", {"calibrate": {"y": np.zeros((3, 1, 4))}}, "y is no input of m.onnx"),
        ("m.onnx", {"states": "x:y"}, "states = 'x:y'"),
        ("m.onnx", {"chip": "edge257"}, "edge257"),
        (standard_form(leaky_sum()), {"shapes": {"x": (1, 4)}}, "is a setting for reading a file"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_argument(
    models: object, wishes: dict, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    streaming(tmp_path / "m.onnx")
    with pytest.raises(NnasimError) as caught:
        nnasim.import_model(models, **{**ONCE_A_SECOND, **wishes})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_chip_computes_an_imports_integers_and_says_how_many_were_compared(tmp_path: Path) -> None:
    imported = nnasim.import_model(streaming(tmp_path / "m.onnx"), calibrate=heard(), **ONCE_A_SECOND)
    result = imported.run_integers("edge256")
    assert result.record.extra.functional is not None
    assert result.record.extra.functional.mismatches == 0
    assert "differ from the reference" in repr(result)


def test_an_import_for_time_alone_has_no_integers_to_run(tmp_path: Path) -> None:
    imported = nnasim.import_model(streaming(tmp_path / "m.onnx"), **ONCE_A_SECOND)
    with pytest.raises(NnasimError, match="this import has no integers, only times"):
        imported.run_integers()
