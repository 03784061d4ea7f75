"""An option is used or refused; never taken and left aside."""

import ast
import inspect
import textwrap

import pytest

from nnasim.cli.main import main
from tests.nnasim.cli.commands import functions
from tests.workloads.small_onnx import streaming

TRAIN = ["train", "--recipe", "tiny", "--train", "t.jsonl", "--dev", "d.jsonl", "--out", "o"]
EVALUATE = ["evaluate", "--checkpoint", "c", "--manifest", "m.jsonl"]
SHAPE = ["--shape", "rnnt-paper", "--frames", "2", "--symbols", "1"]


OUT = ["--out", "t.json"]
IMPORT = ["import", "m.onnx", "--period-ms", "10", *OUT]
SIMULATE = ["simulate", "t.json", "--out", "r.json"]
RESULTS = ["compare-results", "a.json", "b.json"]
# Commands whose every file may be left out, and those files: what --force could replace.
IDLE_FORCE = (
    (["explain", "t.json"], "--out, --markdown, --figures or --json FILE"),
    (["check-budget", "r.json", "b.yaml"], "--junit, --markdown or --json FILE"),
    (["search", "s.yaml", "--store", "s"], "--out or --json FILE"),
    *((command, "--json FILE") for command in (
        RESULTS, ["rerun", "r.json"], ["diff", "a.json", "b.json"], ["store", "check", "s.sqlite"],
        ["sweep", "s.yaml", "--store", "s"], [*EVALUATE, "--system", "naive"],
    )),
)  # fmt: skip
# Options that only choose what is printed to be read.
PRINTED = (
    (["explain", "t.json"], "--all", [], "True"),
    (["compare-chips", "edge256", "mcu128", "--out", "c"], "--all", [], "True"),
    (RESULTS, "--all", [], "True"),
    (RESULTS, "--operations", ["3"], "3"),
)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["trace", *SHAPE, "--manifest", "m.jsonl", *OUT], "--manifest = 'm.jsonl': is not used with --shape"),
        (["trace", *SHAPE, "--limit", "3", "--out", "t.json"], "--limit = 3: is not used with --shape"),
        (["trace", *SHAPE, "--beam", "4", "--out", "t.json"], "--beam = 4: is not used with --shape"),
        (["trace", "--from", "t.json", "--frames", "9", "--out", "u.json"], "--frames = 9: is not used with --from"),
        (["trace", "--checkpoint", "c", "--symbols", "9", *OUT], "--symbols = 9: is not used with --checkpoint"),
        (["trace", *SHAPE, "--from", "t.json", "--out", "u.json"], "give one of --shape, --from"),
        (["trace", *SHAPE, "--place", "argmax=gpu", "--out", "u.json"], "must be GROUP=cpu or GROUP=nna"),
        ([*TRAIN, "--gradient", "output"], "--gradient = 'output': is not used with --system float"),
        ([*TRAIN, "--calibration", "mse"], "--calibration = 'mse': is not used with --system float"),
        ([*TRAIN, "--resume", "--force"], "--force = True: is not used with --resume"),
        ([*EVALUATE, "--system", "cpu_int8", "--calibration", "max"], "is not used with --system cpu_int8"),
        ([*EVALUATE, "--system", "naive", "--force"], "--force = True: is not used without --json"),
        ([*EVALUATE, "--system", "naive", "--batch", "2", "--beam", "4"], "--batch: beam = 4: must be 1"),
        (["search", "s.yaml", "--store", "s", "--force"], "--force = True: is not used without --out"),
        (["data", "synth", "--voices", "train", "--kind", "commands", "--min-digits", "2", "--out", "m.jsonl"],
         "--min-digits = 2: is not used with --kind commands"),
        ([*TRAIN, "--gradient", "segment"], "--gradient = 'segment': is not used with --system float"),
        ([*TRAIN, "--system", "qat", "--gradient", "segment"], "is not used with --system qat"),
        ([*TRAIN, "--calibration", "max"], "--calibration = 'max': is not used with --system float"),
        ([*EVALUATE, "--system", "float", "--calibration", "max"], "is not used with --system float"),
        ([*IMPORT, "--limit", "2"], "limit = 2: is not used without a --manifest"),
        ([*IMPORT, "--mels", "80"], "mels = 80: is not used but by a transducer that decodes a --manifest"),
        ([*IMPORT, "--features", "logmel"], "features = 'logmel': is not used but by a transducer"),
        ([*IMPORT, "--sample-rate", "8000"], "sample_rate = 8000: is not used but by a transducer"),
        ([*IMPORT, "--method", "max"], "method = 'max': is not used without steps for --calibrate"),
        ([*IMPORT, "--blank", "2"], "blank = 2: is not used without encoder, decoder and joiner"),
        (["check", "m.onnx", "--blank", "2"], "blank = 2: is not used without encoder, decoder and joiner"),
        ([*IMPORT, "--weight-bits", "4", "--set", "numerics.weight_bits=8"], "cannot be combined with --set numerics"),
        ([*IMPORT, "--shape", "x=1x4", "--shape", "x=1x5"], "--shape = 'x=1x5': gives x a second time"),
        ([*IMPORT, "--shape", "x=1x\u0664"], "must be INPUT=SIZES"),
        ([*IMPORT, "--bind", "x=1", "--bind", "x=2"], "--bind = 'x=2': gives x a second time"),
        *(([*IMPORT, "--bind", f"x={number}"], "must be NAME=NUMBER")
          for number in ("nan", "inf", "1e400", "1_0", "\u0664", "0x1", "")),
        (["trace", *SHAPE, "--place", "argmax=cpu", "--place", "argmax=nna", *OUT], "must name each group once"),
        *((["check", "layers.csv", option, value], "is not used with a list of layers")
          for option, value in (("--shape", "x=1"), ("--bind", "x=1"), ("--state", "a:b"), ("--keep-state", "a"),
                                ("--on-cpu", "Relu"))),
        (["import", "layers.csv", "--no-states", "--period-ms", "10", *OUT], "is not used with a list of layers"),
        (["import", "layers.csv", "--calibrate", "random", "--period-ms", "10", *OUT],
         "calibrate = 'random': is not used with a list of layers"),
        ([*IMPORT, "--calibrate", "random", "--method", "max"], "method = 'max': is not used with random steps"),
        *(([*command, "--force"], f"--force = True: is not used without {files}") for command, files in IDLE_FORCE),
        *(([*command, "--json", "-", "--force"], f"--force = True: is not used without {files}")
          for command, files in IDLE_FORCE),
        (["bench", "--json", "-", "--force"], "--force = True: is not used without --json FILE"),
        *(([*command, option, *value, *silent], f"{option} = {shown}: is not used with {' '.join(silent)}")
          for command, option, value, shown in PRINTED for silent in (["--quiet"], ["--json", "-"])),
        (["data", "strings", "i.tsv", "--words", "1", "--pause", "30", "--out", "m.jsonl"],
         "--pause = '30': is not used with --words 1"),
        ([*SIMULATE, "--policy", "priority"], "--policy = 'priority': is not used for one stream"),
        ([*SIMULATE, "--streams", "1", "--policy", "round_robin"], "is not used for one stream, whose call is always"),
        ([*SIMULATE, "--streams", "2", "--policy", "priority"], "is not used for one trace, whose streams have one"),
        ([*SIMULATE, "--starts", "random"], "--starts = 'random': is not used for one stream of a trace: say how many "
         "with --streams"),
        ([*SIMULATE, "u.json", "--starts", "together"], "--starts = 'together': is not used for one stream"),
        ([*SIMULATE, "--residents", "in_turn"], "--residents = 'in_turn': is not used for one trace"),
        (["presets", "--set", "clock_hz=1e9"], "is not used without a preset's name"),
        (["presets", "edge256", "--schema"], "is not used with --schema"),
        (["bench", "--json", "b.json", "--no-peers", "--peer-python", "python"], "is not used with --no-peers"),
        (
            ["compare", "--out", "c", "--systems", "float", "--placement", "ane"],
            "--placement = 'ane': is not used without one of naive, aat in --systems",
        ),
    ],
)  # fmt: skip
def test_an_option_that_the_run_would_not_use_is_refused_in_one_line(
    arguments: list[str], named: str, tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    streaming(tmp_path / "m.onnx")
    (tmp_path / "layers.csv").write_text("Layer,M,N,K\na,1,64,64\n")
    before = sorted(tmp_path.iterdir())
    assert main(arguments) == 2
    complaint = capsys.readouterr().err
    assert named in complaint
    assert complaint.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_every_option_of_every_command_is_read() -> None:
    for command, function in functions():
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert set(inspect.signature(function).parameters) <= read, command


def test_a_dry_run_on_a_cluster_is_refused(write_plain_study, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", write_plain_study, "--dry-run", "--dask-local", "2"]) == 2
    assert "--dask-local = 2: is not used with --dry-run" in capsys.readouterr().err


@pytest.fixture
def write_plain_study(tmp_path) -> str:
    path = tmp_path / "study.yaml"
    path.write_text(
        "base: edge256\ntraces: [{shape: rnnt-mlperf, frames: 2, symbols: 1}]\n"
        "axes: {host.handoff_us: {list: [5, 20]}}\nobjectives: [rtf]\n"
    )
    return str(path)


def test_a_chip_chosen_for_float_is_said_to_change_nothing(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    arguments = ["evaluate", "--checkpoint", str(tmp_path / "c"), "--manifest", str(tmp_path / "m.jsonl")]
    main([*arguments, "--system", "float", "--set", "numerics.weight_bits=4"])
    assert "float computes in float32 whatever the chip" in capsys.readouterr().err


def test_a_comparison_without_the_chips_arithmetic_says_which_of_it_changes_nothing(
    tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    given = ["--set", "numerics.rounding=double", "--set", "host.handoff_us=3"]
    words = ["compare", "--limit", "1", *given, "--out", str(tmp_path / "c"), "--quiet"]
    assert main([*words, "--systems", "float,cpu_int8"]) == 0
    said = "compute without the chip's arithmetic: --set numerics.rounding changes nothing"
    assert f"float and cpu_int8 {said}" in capsys.readouterr().err
    assert main([*words, "--systems", "float,naive", "--force"]) == 0
    assert said not in capsys.readouterr().err


def test_a_calibration_is_not_used_by_an_aat_model_on_its_own_chip(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from workloads.bundled import checkpoints_folder, speech_manifest

    arguments = ["evaluate", "--checkpoint", str(checkpoints_folder() / "aat"), "--manifest", str(speech_manifest())]
    arguments += ["--system", "aat", "--limit", "1", "--calibration", "max"]
    assert main(arguments) == 2
    assert "--calibration = 'max': is not used on the chip that aat was trained for" in (capsys.readouterr().err)
    assert main([*arguments, "--set", "numerics.cell_bits=16"]) == 0


def test_a_dry_run_says_what_the_store_has(write_plain_study, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "s.sqlite")
    assert main(["sweep", write_plain_study, "--store", store, "--jobs", "1"]) == 0
    assert main(["sweep", write_plain_study, "--store", store, "--dry-run"]) == 0
    assert "2 of them are in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "dram.bytes_per_second=1e9"], "only the chip's numerics are used here: --set dram.bytes_per_second"),
        (["--set", "numerics.weight_bits=4"], ""),
        (["--preset", "nvdla_small", "--system", "cpu_int8"], "cpu_int8 computes on the CPU"),
    ],
)
def test_a_trace_says_which_of_its_chip_changes_nothing(
    options: list[str], message: str, tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = ["--shape", "rnnt-mlperf", "--frames", "2", "--symbols", "1"]
    assert main(["trace", *shape, *options, "--out", str(tmp_path / "t.json")]) == 0
    errors = capsys.readouterr().err
    assert message in errors if message else errors == ""


def test_an_import_says_which_of_its_chip_changes_nothing(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    streaming(tmp_path / "m.onnx")
    assert main([*IMPORT, "--set", "host.handoff_us=9", "--set", "numerics.weight_bits=4"]) == 0
    assert "only the chip's numerics are used here: --set host.handoff_us changes nothing" in capsys.readouterr().err


def test_a_dry_run_says_whether_constraints_or_the_shard_drop_points(
    write_plain_study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", write_plain_study, "--dry-run", "--shard", "2/2"]) == 0
    assert "1 points of 2 (in shard 2/2)" in capsys.readouterr().out
