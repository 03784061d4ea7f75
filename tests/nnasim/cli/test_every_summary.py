"""Every command of the tree, as it is read: short, narrow, without colour; silent with --quiet; JSON alone where asked.

What trains or measures for long (``ELSEWHERE``) runs in tests of its own; that nothing is printed past the one way of
telling holds it too.
"""

from __future__ import annotations

import ast
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

import nnasim.cli
from nnasim.cli import bench
from nnasim.cli.main import main
from nnasim.ir.io import write_record
from nnasim.markup import width_beside_paths
from tests.nnasim.cli.commands import functions, options
from tests.nnasim.cli.test_model_commands import steps
from tests.nnasim.conftest import TINY_SHAPE
from tests.workloads.small_onnx import SIZE, streaming
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import load_shape

SWEEP = """base: edge256
traces: [trace.json]
axes: {host.handoff_us: {list: [5, 50]}, dram.bytes_per_second: {list: [1.0e9, 4.0e9]}}
objectives: [engine_latency_ms.p90, energy_mj]
sampler: grid
"""
BUDGET = "limits: {frame_latency_ms.p99: 5, handoffs: 1000, rtf: 0.001}"
SPEECH = ["--recipe", "tiny", "--train", "digits.jsonl", "--dev", "digits.jsonl", "--steps", "1", "--out", "model"]
CASES: dict[str, list[str]] = {
    "trace": ["--shape", "tiny.yaml", "--frames", "5", "--symbols", "1", "--out", "trace.json"],
    "simulate": ["trace.json", "--out", "result.json"],
    "explain": ["result.json"],
    "report": ["result.json", "--out", "page.html"],
    "compare": ["--trace", "trace.json", "--systems", "cpu_fallback,naive", "--out", "compared"],
    "compare-chips": ["edge256", "edge512", "--trace", "trace.json", "--out", "chips"],
    "compare-results": ["result.json", "result.json"],
    "check-budget": ["result.json", "budget.yaml"],
    "rerun": ["result.json"],
    "presets": ["edge256"],
    "check": ["m.onnx"],
    "import": ["m.onnx", "--period-ms", "1000", "--seconds", "2", "--calibrate", "steps.npz", "--out", "exact.json"],
    "diff": ["exact.json", "exact.json"],
    "validate": ["--reference", "measured.csv", "--out", "validation"],
    "fit": ["board.csv", "--fields", "host.handoff_us", "--out", "board.yaml"],
    "sweep": ["sweep.yaml", "--store", "s.sqlite", "--jobs", "1"],
    "search": ["sweep.yaml", "--store", "t.sqlite", "--trials", "3", "--jobs", "1"],
    "sweep-report": ["s.sqlite", "--out", "sweep.html"],
    "sweep-export": ["s.sqlite", "--out", "sweep.csv"],
    "merge": ["s.sqlite", "--into", "all.sqlite"],
    "store check": ["s.sqlite"],
    "data fsdd": ["fsdd", "--utterances", "4", "--max-digits", "2", "--out", "digits.jsonl"],
    "data strings": ["words/index.tsv", "--utterances", "2", "--out", "strings.jsonl"],
    "data import": ["digits.jsonl", "--out", "again.jsonl"],
    "data shard": ["digits.jsonl", "--hours-per-shard", "0.001", "--out", "shards"],
    "train": SPEECH,
    "evaluate": ["--checkpoint", "model", "--manifest", "digits.jsonl", "--system", "float"],
}
ELSEWHERE = {
    "data an4", "data librispeech", "data recombine", "data synth",  # need corpora, or a synthesiser
    "study aat", "study delays", "study numerics", "bench",
}  # fmt: skip
TAKE_TURNS = [name for name in CASES if name in dict(functions())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with what the first commands need; what they make is there for the next ones."""
    place = tmp_path_factory.mktemp("tree")
    before = Path.cwd()
    os.chdir(place)
    Path("tiny.yaml").write_text(TINY_SHAPE)
    Path("sweep.yaml").write_text(SWEEP)
    Path("budget.yaml").write_text(BUDGET)
    Path("measured.csv").write_text("array_size,M,k_tiles,total_cycles\n8,1,1,34\n8,4,1,74\n")
    write_board()
    streaming(Path("m.onnx"))
    steps(Path("steps.npz"), x=(1, SIZE))
    write_speech()
    yield place
    os.chdir(before)


def write_board() -> None:
    from benchmarks.fit_boards import SHAPES, timed
    from nnasim.hardware import load_preset

    measured = timed(load_preset("edge256", ["host.handoff_us=31"]), SHAPES[:3])
    lines = [",".join(measured.columns), *(",".join(row.cells.values()) for row in measured.rows)]
    Path("board.csv").write_text("\n".join(lines) + "\n")


def write_speech() -> None:
    soundfile = pytest.importorskip("soundfile")
    Path("fsdd").mkdir()
    Path("words").mkdir()
    rng = np.random.default_rng(0)
    for digit in range(10):
        soundfile.write(f"fsdd/{digit}_anna_0.wav", 0.1 * rng.normal(size=3200), 8000)
    rows = ["path\ttext\tspeaker\tsplit"]
    for word in ("yes", "no"):
        soundfile.write(f"words/{word}.flac", np.pad(0.1 * np.sin(np.arange(2000)), 1000), 16_000)
        rows.append(f"{word}.flac\t{word}\t01\ttrain")
    Path("words/index.tsv").write_text("\n".join(rows))


def run(command: str, *more: str) -> tuple[int, str, str]:
    out, error = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = main([*command.split(), *CASES[command], *more])
    return code, out.getvalue(), error.getvalue()


def flags(command: str) -> set[str]:
    return {option.flag for option in options() if option.command == command}


def replacing(command: str) -> list[str]:
    """--force where a second run would meet the outputs of the first."""
    return ["--force"] if "--out" in CASES[command] and "--force" in flags(command) else []


@pytest.mark.parametrize("command", TAKE_TURNS)
def test_a_summary_is_short_narrow_and_plain(command: str, folder: Path) -> None:
    if command in ("train", "evaluate", "data fsdd", "data strings", "data shard"):
        pytest.importorskip("torch")
    code, text, error = run(command)
    assert code in (0, 1), error
    lines = text.splitlines()
    assert lines
    assert "\x1b" not in text + error
    assert len(lines) <= 15
    if command != "compare-results":  # rows for other programs: a line each where piped
        assert max(map(width_beside_paths, lines)) <= 80
    if "--quiet" in flags(command):
        assert run(command, "--quiet", *replacing(command))[:2] == (code, "")
    if "--json" in flags(command):
        _, alone, _ = run(command, "--json", "-", *replacing(command))
        assert isinstance(json.loads(alone), dict)
        assert main([*command.split(), *CASES[command], "--json", "-", "--quiet"]) == 2


def test_every_command_has_its_case() -> None:
    assert {name for name, _ in functions()} == set(CASES) | ELSEWHERE


@pytest.mark.parametrize("command", [name for name, _ in functions() if name not in ("presets", "check")])
def test_every_command_that_does_something_can_be_quiet(command: str) -> None:
    assert "--quiet" in flags(command)


PRINTS = {"told.py", "main.py", "chip_tables.py"}  # the one way of telling; the overview; a schema, which is JSON


def test_nothing_is_printed_past_the_one_way_of_telling() -> None:
    for path in sorted(Path(nnasim.cli.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                on_stderr = any(keyword.arg == "file" for keyword in node.keywords)
                assert on_stderr or path.name in PRINTS, f"{path}: print at line {node.lineno}"


@pytest.mark.parametrize("arguments", [["presets"], ["presets", "edge256"], ["simulate", "trace.json", "--out", "p"]])
def test_on_a_terminal_of_80_columns_no_line_is_wider_and_nothing_is_coloured(
    arguments: list[str], tmp_path: Path
) -> None:
    write_record(tmp_path / "trace.json", build_trace(load_shape("rnnt-paper"), 2, 1, system="cpu_fallback"))
    leader, follower = pty.openpty()
    program = [sys.executable, "-m", "nnasim", *arguments]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(Path(nnasim.cli.__path__[0]).parents[1])}
    with subprocess.Popen(program, stdout=follower, stderr=follower, cwd=tmp_path, env=environment) as process:
        os.close(follower)
        text = b"".join(_read(leader)).decode()
    os.close(leader)
    assert process.returncode == 0, text
    assert "\x1b" not in text
    assert max(map(width_beside_paths, text.splitlines())) <= 80


def _read(leader: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:  # how Linux says that nobody writes any more
            return
        if not part:
            return
        yield part


def test_figures_of_speed_are_told_by_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    bench._show({"simulator": {"value": 1.0, "unit": "s", "compared_with": "another", "ratio": 2.0}})
    assert capsys.readouterr().out.startswith("simulator")


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["presets"], "more of each: --all; its fields: nnasim presets NAME"),
        (["presets", "--limits"], "more of each: --all; its fields: nnasim presets NAME"),
        (["presets", "edge256"], " fields, each with its source: --all"),
        (["presets", "edge256", "--limits"], " more lines: --all"),
        (["presets", "--diff", "edge256", "mcu128"], " more lines: --all"),
    ],
)
def test_what_a_screen_does_not_hold_is_there_with_all(
    arguments: list[str], last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    short = capsys.readouterr().out.splitlines()
    assert len(short) <= 15
    assert short[-1].endswith(last)
    assert main([*arguments, "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 15
