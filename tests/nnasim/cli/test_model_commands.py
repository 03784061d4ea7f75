"""`nnasim check` and `nnasim import`: somebody's files become a trace, or one refusal that names everything at once."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnasim.cli.main import main
from nnasim.ir.io import read_trace
from tests.workloads.small_onnx import SIZE, refused, streaming, transducer_files

ONCE_A_SECOND = ["--period-ms", "1000", "--seconds", "4"]


def steps(path: Path, count: int = 20, **inputs: tuple[int, ...]) -> Path:
    rng = np.random.default_rng(0)
    np.savez(path, **{name: rng.normal(size=(count, *shape)).astype(np.float32) for name, shape in inputs.items()})
    return path


def output(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_check_prints_states_work_and_where_each_node_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(streaming(tmp_path / "m.onnx"))]) == 0
    text, _ = output(capsys)
    for line in (
        "3 nodes, 0 more folded; inputs: x (1, 4)",
        "state state -> new_state (1, 4), from zeros",
        "16 multiply-accumulates a call, 16 weights",
        "nodes on edge256: 3 on the chip, 0 on the CPU, 0 only seen in another shape, 0 folded",
    ):
        assert line in " ".join(text.split())
    assert list(tmp_path.iterdir()) == [tmp_path / "m.onnx"]


def test_check_says_what_falls_to_the_cpu_of_a_chip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(streaming(tmp_path / "m.onnx")), "--preset", "nvdla_small"]) == 0
    assert "nvdla_small has no unit for table: 1 operation falls to the CPU" in output(capsys)[0]


def test_check_exits_with_1_where_anything_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(refused(tmp_path / "m.onnx"))]) == 1
    lines = [line for line in output(capsys)[0].splitlines() if line.startswith("refused: ")]
    assert any("/swirl" in line and "com.example" in line for line in lines)
    (tmp_path / "cut.onnx").write_bytes(streaming(tmp_path / "m.onnx").read_bytes()[:100])
    assert main(["check", str(tmp_path / "cut.onnx")]) == 1
    assert "is no ONNX model, or one that is cut off" in output(capsys)[0]
    assert main(["check", str(tmp_path / "none.onnx")]) == 2


def test_check_says_what_no_memory_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "layers.csv").write_text("Layer,M,N,K\na,4096,64,4096\n")
    assert main(["check", str(tmp_path / "layers.csv")]) == 1
    assert "does not fit edge256: edge256: sram.bytes = 393216" in output(capsys)[0]


def test_import_writes_a_trace_for_time_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.json"
    assert main(["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--out", str(out)]) == 0
    text, _ = output(capsys)
    assert "claim: time only, since it was not calibrated, so there are no integers" in text
    trace = read_trace(out)
    assert trace.weights_file is None
    assert trace.imported is not None
    assert trace.imported.nodes == {
        "on the chip": 3, "on the CPU": 0, "only seen in another shape": 0, "folded": 0,
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx", "t.json"]
    assert main(["import", str(tmp_path / "m.onnx"), *ONCE_A_SECOND, "--out", str(out)]) == 2
    assert "exists already; use --force to replace it" in output(capsys)[1]


def test_import_of_noise_is_for_time_alone_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--calibrate", "random"]
    assert main([*arguments, "--out", str(tmp_path / "t.json")]) == 0
    assert "calibrated on noise, which says nothing of what its values will be" in " ".join(output(capsys)[0].split())
    assert not (tmp_path / "t.json.safetensors").exists()


def test_a_calibrated_import_is_exact_on_the_functional_chip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--out", str(tmp_path / "t.json")]
    assert main([*arguments, "--calibrate", str(steps(tmp_path / "steps.npz", x=(1, SIZE)))]) == 0
    text, _ = output(capsys)
    assert "claim: exact" in text
    assert "calibrated on 16 steps of steps.npz, mse; 4 more between them held out" in text
    assert "dB signal to error in /layer/relu (Relu)" in text
    trace = read_trace(tmp_path / "t.json")
    assert trace.weights_file == "t.json.safetensors"
    assert main(["simulate", str(tmp_path / "t.json"), "--functional", "--out", str(tmp_path / "r.json")]) == 0
    text, _ = output(capsys)
    assert "functional: 0 of 4 integers of last states differ from the reference" in text
    assert "naive: integers exact, chip against reference" in text


def test_names_from_a_file_reach_the_terminal_visibly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = streaming(tmp_path / "m.onnx"), tmp_path / "t.json"
    path.write_bytes(path.read_bytes().replace(b"/layer/relu", b"\x1b[2J\xe2\x80\xaerelu"))  # as long as it was
    told = [*ONCE_A_SECOND, "--calibrate", str(steps(tmp_path / "steps.npz", x=(1, SIZE))), "--out", str(out)]
    assert main(["import", str(path), *told]) == 0
    text, _ = output(capsys)
    assert "dB signal to error in [U+001B][2J[U+202E]relu (Relu)" in text


def test_the_ledger_has_a_row_for_each_node(tmp_path: Path) -> None:
    arguments = ["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--ledger", str(tmp_path / "l.csv")]
    assert main([*arguments, "--out", str(tmp_path / "t.json"), "--on-cpu", "Relu"]) == 0
    header, *rows = (tmp_path / "l.csv").read_text().splitlines()
    assert header == "graph,node,operator,fate,macs,operations,why"
    assert [row.split(",")[1:5] for row in rows] == [
        ["/layer/product", "MatMul", "chip", "16"], ["/layer/sum", "Add", "chip", "0"],
        ["/layer/relu", "Relu", "cpu", "0"],
    ]  # fmt: skip


def test_a_transducer_enters_by_its_three_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = transducer_files(tmp_path)
    roles = [word for role, path in parts.items() for word in (f"--{role}", str(path))]
    arguments = ["import", *roles, "--period-ms", "40", "--seconds", "0.4", "--out", str(tmp_path / "t.json")]
    assert main(arguments) == 2
    assert "say how many with --symbols-per-second" in output(capsys)[1]
    assert main([*arguments, "--symbols-per-second", "10"]) == 0
    (utterance,) = read_trace(tmp_path / "t.json").utterances
    counts = {graph: utterance.call_graphs.count(graph) for graph in set(utterance.call_graphs)}
    assert counts == {"encoder": 10, "row.0": 10, "row.1": 10, "decoder": 5, "joiner": 24}
    assert main(["check", *roles]) == 0


def test_a_list_of_layers_enters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "layers.csv").write_text("Layer, M, N, K,\nff, 1, 64, 32,\n")
    arguments = ["import", str(tmp_path / "layers.csv"), *ONCE_A_SECOND, "--out", str(tmp_path / "t.json")]
    assert main(arguments) == 0
    assert main(["simulate", str(tmp_path / "t.json"), "--out", str(tmp_path / "r.json")]) == 0
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["totals"]["macs"] == 4 * 64 * 32
    assert "times only: a list of layers has no weights" in output(capsys)[0]
    assert main(["check", str(tmp_path / "layers.csv")]) == 0
    assert "2,048 multiply-accumulates a call" in output(capsys)[0]


def test_measured_calls_run_the_graphs_that_they_name(tmp_path: Path) -> None:
    streaming(tmp_path / "a.onnx"), streaming(tmp_path / "b.onnx", "heard")
    (tmp_path / "calls.csv").write_text("time_s,graph\n0.1,a\n0.2,a\n0.2,b\n")
    models = [str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")]
    out = tmp_path / "t.json"
    assert main(["import", *models, "--calls", str(tmp_path / "calls.csv"), "--out", str(out)]) == 0
    assert read_trace(out).utterances[0].call_graphs == ("a", "a", "b")
    assert read_trace(out).imported.calls == "measured, calls.csv: 2 a, 1 b"  # type: ignore[union-attr]


@pytest.mark.parametrize(("period_ms", "calls"), [(10, 100), (3000, 1)])
def test_a_period_alone_is_heard_for_a_second(period_ms: int, calls: int, tmp_path: Path) -> None:
    layers, out = tmp_path / "layers.csv", tmp_path / "t.json"
    layers.write_text("Layer,M,N,K\nfc,1,16,8\n")
    assert main(["import", str(layers), "--period-ms", str(period_ms), "--out", str(out)]) == 0
    assert len(read_trace(out).utterances[0].call_graphs) == calls


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "import: model: give a model's file, or encoder, decoder, joiner"),
        (["--encoder", "e.onnx"], "import: decoder: a transducer has encoder, decoder, joiner: all three are needed"),
        (["m.onnx", "--encoder", "e.onnx"], "import: model = 'm.onnx': must be left out beside a transducer's three"),
        (["m.onnx"], "import: calls: say when the model runs: --period-ms and --seconds; --calls, a table;"),
        (["m.onnx", "--shape", "x"], "--shape = 'x': must be INPUT=SIZES, as input=1x576"),
        (["m.onnx", "--shape", "x=1x"], "--shape = 'x=1x': must be INPUT=SIZES"),
        (["m.onnx", "--bind", "sr=fast"], "--bind = 'sr=fast': must be NAME=NUMBER, as sr=16000"),
        (["m.onnx", "--state", "a:b", "--no-states"], "--no-states = True: cannot be combined with --state"),
        (["m.onnx", *ONCE_A_SECOND, "--symbols-per-second", "4"], "symbols_per_second = 4.0: is not used without"),
        (["m.onnx", "--calls", "c.csv", "--seconds", "4"], "seconds = 4.0: is not used with measured --calls"),
        (["m.onnx", *ONCE_A_SECOND, "--calibrate", "m.wav"], "m.wav: must be a .npz or .safetensors file"),
        (["m.txt", *ONCE_A_SECOND], "m.txt: must be a file of .onnx, .tflite"),
        (["m.onnx", *ONCE_A_SECOND, "--on-cpu", "TopK"], "on_cpu = 'TopK'"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    streaming(tmp_path / "m.onnx")
    (tmp_path / "m.txt").write_text("hello")
    before = sorted(tmp_path.iterdir())
    assert main(["import", *arguments, "--out", "t.json"]) == 2
    _, complaint = output(capsys)
    assert message in complaint
    assert complaint.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_steps_of_other_shapes_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = steps(tmp_path / "steps.npz", x=(2, SIZE), y=(1,))
    arguments = ["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--calibrate", str(wrong)]
    assert main([*arguments, "--out", str(tmp_path / "t.json")]) == 2
    _, complaint = output(capsys)
    assert "input x has the shape (20, 2, 4), must have (N, 1, 4)" in complaint
    assert "y is no input of m.onnx, which are x" in complaint
    assert not (tmp_path / "t.json").exists()


def test_an_import_is_compared_where_it_could_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace, out = tmp_path / "t.json", tmp_path / "compared"
    assert main(["import", str(streaming(tmp_path / "m.onnx")), *ONCE_A_SECOND, "--out", str(trace)]) == 0
    assert main(["compare", "--trace", str(trace), "--out", str(out)]) == 0
    text, _ = output(capsys)
    assert "WER" not in text
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary["systems"]) == ["cpu_fallback", "cpu_int8", "naive"]
    assert summary["corpus"] == {
        "manifest": None, "words": None, "text_normalisation": None, "utterances": 1, "audio_seconds": 4.0,
    }  # fmt: skip
    assert summary["systems"]["naive"]["wer"] is None
    assert (
        "1 utterance, 4.000 s of audio. Where should it run, and how late is it?" in (out / "report.html").read_text()
    )
    assert main(["compare", "--trace", str(trace), "--systems", "aat", "--out", str(tmp_path / "c")]) == 2
    assert "system = 'aat': an imported model can be cpu_int8, cpu_fallback, naive" in output(capsys)[1]
    assert main(["compare", "--trace", str(trace), "--limit", "3", "--out", str(tmp_path / "c")]) == 2
    assert "--limit = 3: is not used with --trace" in output(capsys)[1]
    assert main(["report", str(out), "--out", str(tmp_path / "again.html")]) == 0


def test_a_trace_of_our_own_recogniser_is_compared_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "t.json"
    assert main(["trace", "--shape", "rnnt-paper", "--frames", "2", "--symbols", "1", "--out", str(trace)]) == 0
    arguments = ["compare", "--trace", str(trace), "--systems", "cpu_fallback,aat", "--out", str(tmp_path / "c")]
    assert main(arguments) == 0
    summary = json.loads((tmp_path / "c" / "summary.json").read_text())
    assert summary["gain"]["engine_latency_pct"] > 0
    assert "WER" not in output(capsys)[0]  # nothing was decoded: no column of dashes


def test_an_import_is_made_again_for_another_chip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, again = tmp_path / "t.json", tmp_path / "again.json"
    model = streaming(tmp_path / "m.onnx")
    assert main(["import", str(model), *ONCE_A_SECOND, "--out", str(first)]) == 0
    wider = ["--set", "numerics.weight_bits=4"]
    assert main(["trace", "--from", str(first), *wider, "--out", str(again)]) == 0
    widths = {spec.bits for spec in read_trace(again).tensors.values() if spec.role == "weight"}
    assert widths == {4}
    assert read_trace(again).utterances == read_trace(first).utterances
    assert read_trace(again).imported.claim == "time only"  # type: ignore[union-attr]
    streaming(model, "other")
    assert main(["trace", "--from", str(first), *wider, "--out", str(tmp_path / "third.json")]) == 2
    assert "is another file than the one that was imported; import it again" in output(capsys)[1]
